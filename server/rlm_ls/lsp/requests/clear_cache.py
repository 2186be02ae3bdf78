"""`rlm.server.clearCache`: what is kept for the next question goes; it is paid, compiled and copied again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlm_ls.lsp.services import Services


async def clear_cache(services: Services) -> dict[str, Any]:
    return await services.jobs.shared("clear cache", lambda: _clear_cache(services))


async def _clear_cache(services: Services) -> dict[str, Any]:
    from rlm_ls.engine.kept import clear

    engine = await services.engine_loader.engine()
    gone = await clear(engine.store)
    return {"entries": gone.replies, "programs": gone.programs, "copies": gone.copies, "bytes": gone.bytes}
