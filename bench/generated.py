"""Memory of the server's own process for as many documents elsewhere as one likes: their listing is generated."""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from typing import Any

import psutil

from bench.tables import table
from rlm_ls.context.ops.files.served import ServedText, ServedTexts
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.measure import RangeMeasure
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.protocol import Payload

DOCUMENTS = int(os.environ.get("RLM_BENCH_DOCUMENTS", "200000"))
SIZE = 1_000


def version(number: int) -> str:
    """As nodes tell them (`remote/served`): two digests in it are of each file alone."""
    digest = sha256(number.to_bytes(8, "big")).hexdigest()
    return f"{digest[:16]}.{SIZE}.{1_764_000_000_000_000_000 + 77_777_777_777 * number}.{number}.2049.{digest[-16:]}"


class GeneratedNode(SearchPool):
    """A node with `count` files of SIZE bytes, of which none is there: what it says of them is made up."""

    def __init__(self, count: int) -> None:
        super().__init__(1)
        self._count = count

    async def hosts(self, name: str) -> tuple[str, ...]:
        return (name,)

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        if operation == "files.served.listing":
            return ServedTexts.of(
                ServedText(f"/logs/2026-11-{day:02}/app-{number:07}.log", SIZE, version(number), 0)
                for day in range(30)
                for number in range(day, self._count, 30)
            )
        if operation == "files.inspect.measures":
            return [_measure() for _ in payload["ranges"]]
        return await super().call(operation, payload, deadline_seconds)


def _measure() -> RangeMeasure:
    return RangeMeasure(0, SIZE, SIZE, (10,), 99, 0, 99, True, False, -1, 0, b"\n", os.urandom(16))


def measure(repeats: int) -> str:
    """Once is enough: memory does not vary."""
    del repeats
    return _measured(DOCUMENTS)


def quick() -> str:
    return _measured(2_000)


def _measured(count: int) -> str:
    held, most = asyncio.run(_taken(count))
    rows = [
        ["held by a question about them", f"{held / 1e6:,.0f}", f"{held / count:,.0f}"],
        ["most meanwhile", f"{most / 1e6:,.0f}", f"{most / count:,.0f}"],
    ]
    return table([f"{count:,} documents in scope", "MB", "bytes a document"], rows)


async def _taken(count: int) -> tuple[int, int]:
    """Bytes that a snapshot takes of this process, and the most that it took."""
    process = psutil.Process()
    before = process.memory_info().rss
    most = before

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.01)

    async with GeneratedNode(count) as node:
        watching = asyncio.create_task(watch())
        scope = Scope("files", files=("node://host/logs",))
        async with await Context.take(scope, node, ContextOptions(remote_files=count)) as context:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if len(context.documents) != count:
                raise AssertionError(f"{len(context.documents):,} documents")
            held = process.memory_info().rss - before
    return held, max(most - before, held)
