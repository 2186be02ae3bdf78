"""Asking for consent to native programs in the editor: `window/showMessageRequest`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine
    from rlm_ls.engine.request import AskRequest
    from rlm_ls.lsp.server import RlmServer


def native_consent(server: RlmServer, engine: Engine) -> Callable[[AskRequest], Awaitable[None]]:
    """The engine's `consent`. The workspace's folders, and whether it is trusted, are those of the moment it asks."""
    from rlm_ls.executors.compiled.native_consent import NativeConsent

    consent = NativeConsent(engine.store.folder, server.client.choose)

    async def allowed(request: AskRequest) -> None:
        await consent.allow(str(request.run_id), server.folders.paths(), trusted=server.configuration.trusted)

    return allowed
