"""`rlm.server.clearCache`: the kept replies of sub-models are deleted; what is asked next is paid for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


async def clear_cache(server: RlmServer) -> dict[str, Any]:
    engine = await server.door.engine()
    entries, size = await engine.store.clear_cache()
    return {"entries": entries, "bytes": size}
