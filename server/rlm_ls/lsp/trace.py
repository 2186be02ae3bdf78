"""`rlm/trace`: one run of the history with all its events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.runs import wire_run

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


def register(server: RlmServer) -> None:
    @server.feature(wire.TRACE)
    async def request(params: wire.TraceParams) -> dict[str, Any]:
        return await trace(server, params)


async def trace(server: RlmServer, params: wire.TraceParams) -> dict[str, Any]:
    """Events are as they were stored: positions within an answer are the engine's (UTF-16). Raises UnknownRun."""
    return await server.jobs.shared(params, lambda: _trace(server, params))


async def _trace(server: RlmServer, params: wire.TraceParams) -> dict[str, Any]:
    engine = await server.door.engine()
    row = await engine.store.run(params.run_id)
    events = await engine.store.events(row.run_id)
    if params.format == "html":
        from rlm_ls.engine.trace_page import trace_html

        page = await asyncio.get_running_loop().run_in_executor(None, trace_html, row, events)
        return {"run": wire_run(row), "html": page}
    return {"run": wire_run(row), "events": events}
