"""`rlm/stop`: end a run; its own request is answered with what was found so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.STOP)
    async def request(params: wire.RunParams) -> dict[str, Any]:
        return stop(services, params)


def stop(services: Services, params: wire.RunParams) -> dict[str, Any]:
    """`{"stopped": false}` when no such run is under way: it may just have ended, which is no error."""
    return {"stopped": services.jobs.stop_by_run(params.run_id)}
