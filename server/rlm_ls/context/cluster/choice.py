"""Which pool a question's searches go to: this machine's, or that of the cluster its settings name."""

from __future__ import annotations

from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.protocol import Pool


class Pools:
    """This machine's pool, and one for each cluster that was named. Nothing is attached before it is needed."""

    def __init__(self) -> None:
        self.here = SearchPool()
        self._clusters: dict[str, ClusterPool] = {}

    def chosen(self, address: str | None) -> Pool:
        if not address:
            return self.here
        if address not in self._clusters:
            self._clusters[address] = ClusterPool(address, self.here)
        return self._clusters[address]

    async def close(self) -> None:
        for cluster in self._clusters.values():
            await cluster.close()
        await self.here.close()
