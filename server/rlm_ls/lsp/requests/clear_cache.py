"""`rlm.server.clearCache`: kept replies of sub-models and compiled programs go; what is asked next is paid again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlm_ls.lsp.services import Services


async def clear_cache(services: Services) -> dict[str, Any]:
    return await services.jobs.shared("clear cache", lambda: _clear_cache(services))


async def _clear_cache(services: Services) -> dict[str, Any]:
    engine = await services.engine_loader.engine()
    entries, size = await engine.store.clear_cache()
    programs, more = await asyncio.to_thread(engine.program_runner.programs.clear)
    return {"entries": entries, "programs": programs, "bytes": size + more}
