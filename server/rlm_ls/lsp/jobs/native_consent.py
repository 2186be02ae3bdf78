"""Asking for consent to native programs in the editor: `window/showMessageRequest`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine
    from rlm_ls.engine.request import AskRequest
    from rlm_ls.lsp.services import Services


def native_consent(services: Services, engine: Engine) -> Callable[[AskRequest], Awaitable[None]]:
    """The function that the engine calls as `native_consent`. Folders and trust are those of the moment at which it
    asks."""
    from rlm_ls.executors.compiled.native_consent import NativeConsent

    consent = NativeConsent(engine.store.folder, services.client.choose)

    async def allowed(request: AskRequest) -> None:
        await consent.allow(str(request.run_id), services.folders.paths(), trusted=services.configuration.trusted)

    return allowed
