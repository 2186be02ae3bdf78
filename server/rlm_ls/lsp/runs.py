"""`rlm/runs`, `rlm/deleteRuns`: the history, newest first; and doing away with it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rlm_ls.errors import BadRequest
from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer
    from rlm_ls.store.rows import RunRow


def register(server: RlmServer) -> None:
    @server.feature(wire.RUNS)
    async def request(params: wire.RunsParams) -> dict[str, Any]:
        return await runs(server, params)

    @server.feature(wire.DELETE_RUNS)
    async def delete(params: wire.DeleteRunsParams) -> dict[str, Any]:
        return await delete_runs(server, params)


async def runs(server: RlmServer, params: wire.RunsParams) -> dict[str, Any]:
    return await server.jobs.shared(params, lambda: _runs(server, params))


async def _runs(server: RlmServer, params: wire.RunsParams) -> dict[str, Any]:
    engine = await server.door.engine()
    return {"runs": [wire_run(row) for row in await engine.store.runs(limit=params.limit, search=params.search or "")]}


async def delete_runs(server: RlmServer, params: wire.DeleteRunsParams) -> dict[str, Any]:
    """Raises BadRequest for a run that is under way and for parameters that name nothing or two things; UnknownRun."""
    days = params.older_than_days
    if [bool(params.run_ids), days is not None, bool(params.all)].count(True) != 1:
        raise BadRequest("One of runIds, olderThanDays and all is expected.")
    if days is not None and not days >= 0:
        raise BadRequest("olderThanDays is a number of days, not below 0.")
    engine = await server.door.engine()
    before = None if days is None else time.time() - days * 86_400
    return {"deleted": await engine.forget(params.run_ids or (), older_than=before, all_=bool(params.all))}


def wire_run(row: RunRow) -> dict[str, Any]:
    """One run of the history. `status` is an Answer's, or "running", or "interrupted" for one whose server died."""
    return {
        "runId": row.run_id,
        "question": row.question,
        "status": row.status,
        "created": datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds"),
        "seconds": row.seconds,
        "usd": row.usd,
        "model": row.model,
        "answerUri": f"rlm:/answer/{row.run_id}.md",
        "traceUri": f"rlm:/trace/{row.run_id}.md",
    }
