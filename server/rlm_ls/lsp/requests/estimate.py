"""`rlm/estimate`: what a question may cost, before it is asked. No model is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.jobs.jobs import Job
from rlm_ls.lsp.requests.ask import request_of
from rlm_ls.lsp.workspace.scopes import take_scope
from rlm_ls.lsp.workspace.surroundings import CapturedSurroundings

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.ESTIMATE)
    async def request(params: wire.AskParams) -> dict[str, Any]:
        async def body(_: Job) -> dict[str, Any]:
            return await estimate(services, params)

        sent: dict[str, Any] = await services.jobs.run(
            services.client, "rlm: estimating", body, token=params.work_done_token
        )
        return sent


async def estimate(services: Services, params: wire.AskParams) -> dict[str, Any]:
    """Raises what `rlm/ask` would raise before the first turn."""
    seen = CapturedSurroundings(services, params.editor)
    scope = await take_scope(services, params.scope)
    surroundings = await seen.surroundings()
    engine = await services.engine_loader.engine()
    async with services.jobs.few:
        return (await engine.estimate(request_of(params, scope, surroundings))).wire()
