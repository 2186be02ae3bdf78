"""`map_reduce` by the nodes of a cluster: the module goes there once, by its digest, and shards' outputs come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rlm_ls.context.workers.mapping import in_order
from rlm_ls.context.workers.piece import Pieces
from rlm_ls.context.workers.protocol import Payload, Pool
from rlm_ls.errors import NodeGone, ProgramCrashed, ProgramLimit, SearchFailed, SearchTimeout

MOST_OUTPUTS = 256 << 20
"""Characters of all shards' outputs together."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The outputs of all shards in order, and the bytes of text they are of."""

    outputs: list[str]
    size: int


async def spread(
    pool: Pool, module: Path, batches: Sequence[Pieces], shard: int, heap: int, most_output: int, seconds: float
) -> Spread | None:
    """The module at `module` over each batch, by the processes of `pool`; None where the file is not there.

    Raises ProgramCrashed, ProgramLimit, ClusterFailed, NodeGone.
    """
    try:
        raw = await asyncio.to_thread(module.read_bytes)
    except OSError:
        return None
    digest = sha256(raw).hexdigest()

    async def call(operation: str, payload: Payload, left: float) -> Any:
        told = await pool.call(operation, payload, left)
        return told if told is not None else await pool.call(operation, {**payload, "module": raw}, left)

    fixed = {"digest": digest, "module": b"", "shard": shard, "heap": heap, "most_output": most_output}
    payloads = ({**fixed, "pieces": batch} for batch in batches)
    found: list[str] = []
    size = length = 0
    try:
        async with aclosing(in_order(call, pool.width, "by_digest.outputs", payloads, seconds, pool.place)) as results:
            async for told in results:
                if isinstance(told, SearchTimeout):
                    raise told
                outputs, read = _checked(told)
                found += outputs
                size += read
                length += sum(map(len, outputs))
                if length > MOST_OUTPUTS:
                    raise ProgramLimit("The shards gave back too much.", "Return less: counts rather than lines.")
    except NodeGone:
        raise
    except SearchTimeout:
        raise ProgramLimit(
            f"The program was not done after {seconds:g} seconds.", "Do less per line, or narrow the text."
        ) from None
    except SearchFailed as failed:
        raise ProgramCrashed(f"The program's process on a node ended: {failed.message}") from None
    return Spread(found, size)


def _checked(told: Any) -> tuple[list[str], int]:
    match told:
        case (list() as outputs, int() as size) if size >= 0 and all(isinstance(one, str) for one in outputs):
            return outputs, size
    raise ProgramCrashed("A node of the cluster sent what is no output of a program.")
