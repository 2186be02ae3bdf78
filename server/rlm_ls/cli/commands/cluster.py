"""What `rlm-ls doctor --cluster` finds: the nodes, their versions, how fast they search, and what is wrong."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from rlm_ls.context.cluster.address import parse
from rlm_ls.context.cluster.connection import Connection
from rlm_ls.errors import RlmError

SECONDS = 60.0


async def cluster_lines(address: str | None) -> AsyncIterator[tuple[str, bool]]:
    """A line each, and whether something is broken."""
    if not address:
        yield "cluster: none is named; set cluster.address, or RLM_CLUSTER_ADDRESS=local:4 to try one", True
        return
    began = time.monotonic()
    try:
        attached = await Connection.open(parse(address))
    except RlmError as error:
        yield f"cluster: error {error.code}: {error}", True
        return
    try:
        taken = time.monotonic() - began
        yield (
            f"cluster: {address}: {len(attached.about)} nodes, {attached.size} searches at once ({taken:.1f} s)",
            False,
        )
        try:
            speeds = await attached.speeds(SECONDS)
        except Exception as error:  # whatever is broken there is what the doctor is for
            yield f"cluster: the nodes did not search a sample ({type(error).__name__})", True
            speeds = {}
        for place, node in attached.about.items():
            speed = speeds.get(place, "it said nothing")
            reads = f"reads {', '.join(node.reads)}" if node.reads else "reads no buckets: pip install 'rlm-ls[s3]'"
            if node.serves:
                reads += f", serves {', '.join(node.serves)}"
            said = f"node {place} on {node.host}: Python {node.python}, {node.threads} of {node.cores} cores"
            if isinstance(speed, str):
                yield f"{said}: a sample could not be searched ({speed[:200]})", True
            else:
                yield f"{said}, {speed:,.0f} MB/s a search, {reads}", False
    finally:
        await attached.close()
