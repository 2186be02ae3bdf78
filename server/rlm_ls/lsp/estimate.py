"""`rlm/estimate`: what a question may cost, before it is asked. No model is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.ask import request_of
from rlm_ls.lsp.jobs import Job
from rlm_ls.lsp.scopes import take_scope
from rlm_ls.lsp.surroundings import Seen

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


def register(server: RlmServer) -> None:
    @server.feature(wire.ESTIMATE)
    async def request(params: wire.AskParams) -> dict[str, Any]:
        async def body(_: Job) -> dict[str, Any]:
            return await estimate(server, params)

        sent: dict[str, Any] = await server.jobs.run(
            server.client, "rlm: estimating", body, token=params.work_done_token
        )
        return sent


async def estimate(server: RlmServer, params: wire.AskParams) -> dict[str, Any]:
    """Raises what `rlm/ask` would raise before the first turn."""
    seen = Seen(server, params.editor)
    scope = await take_scope(server, params.scope)
    surroundings = await seen.surroundings()
    engine = await server.door.engine()
    async with server.jobs.few:
        return (await engine.estimate(request_of(params, scope, surroundings))).wire()
