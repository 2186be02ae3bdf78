"""`rlm/runs`: the history, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer
    from rlm_ls.store.rows import RunRow


def register(server: RlmServer) -> None:
    @server.feature(wire.RUNS)
    async def request(params: wire.RunsParams) -> dict[str, Any]:
        return await runs(server, params)


async def runs(server: RlmServer, params: wire.RunsParams) -> dict[str, Any]:
    return await server.jobs.shared(params, lambda: _runs(server, params))


async def _runs(server: RlmServer, params: wire.RunsParams) -> dict[str, Any]:
    engine = await server.door.engine()
    return {"runs": [wire_run(row) for row in await engine.store.runs(limit=params.limit)]}


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
