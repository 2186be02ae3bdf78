"""`rlm/runs`, `rlm/deleteRuns`: the history, newest first; and doing away with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rlm_ls.errors import BadRequest
from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services
    from rlm_ls.store.rows import RunRow


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.RUNS)
    async def request(params: wire.RunsParams) -> dict[str, Any]:
        return await runs(services, params)

    @server.feature(wire.DELETE_RUNS)
    async def delete(params: wire.DeleteRunsParams) -> dict[str, Any]:
        return await delete_runs(services, params)


async def runs(services: Services, params: wire.RunsParams) -> dict[str, Any]:
    return await services.jobs.shared(params, lambda: _runs(services, params))


async def _runs(services: Services, params: wire.RunsParams) -> dict[str, Any]:
    engine = await services.engine_loader.engine()
    return {"runs": [wire_run(row) for row in await engine.store.runs(limit=params.limit, search=params.search or "")]}


async def delete_runs(services: Services, params: wire.DeleteRunsParams) -> dict[str, Any]:
    """Raises BadRequest for a run that is under way and for parameters that name nothing or two things; UnknownRun."""
    days = params.older_than_days
    if [bool(params.run_ids), days is not None, bool(params.all)].count(True) != 1:
        raise BadRequest("One of runIds, olderThanDays and all is expected.")
    if days is not None and not days >= 0:
        raise BadRequest("olderThanDays is a number of days, not below 0.")
    engine = await services.engine_loader.engine()
    before = None if days is None else time.time() - days * 86_400
    return {"deleted": await engine.forget(params.run_ids or (), older_than=before, all_=bool(params.all))}


def wire_run(row: RunRow) -> dict[str, Any]:
    """One run of the history. `status` is an Answer's, or "running", or "interrupted" for one whose server died."""
    from datetime import UTC, datetime  # not on the way to `initialize`

    return {
        **row.described(),
        "created": datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds"),
        "answerUri": f"rlm:/answer/{row.run_id}.md",
        "traceUri": f"rlm:/trace/{row.run_id}.md",
    }
