"""`rlm.server.clearCache`: kept replies of sub-models and compiled programs go; what is asked next is paid again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


async def clear_cache(server: RlmServer) -> dict[str, Any]:
    return await server.jobs.shared("clear cache", lambda: _clear_cache(server))


async def _clear_cache(server: RlmServer) -> dict[str, Any]:
    engine = await server.door.engine()
    entries, size = await engine.store.clear_cache()
    programs, more = await asyncio.to_thread(engine.workshop.programs.clear)
    return {"entries": entries, "programs": programs, "bytes": size + more}
