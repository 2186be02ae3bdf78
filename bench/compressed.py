"""A compressed log until it is ready to search, beside its decoder writing to a file; the second question; memory.

Twice: by a server that has answered before, and by one that has to start its workers first.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bench.tables import spread, table
from bench.texts import OUT, large_log
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.workers.pool import SearchPool

SIZE_MB = int(os.environ.get("RLM_BENCH_MB", "1000"))

MAKERS = {
    ".gz": [sys.executable, "-I", "-m", "isal.igzip", "-c"],
    ".zst": ["zstd", "-q", "-c"],
}
DECODERS = {
    ".gz": [sys.executable, "-I", "-m", "isal.igzip", "-d", "-c"],
    ".zst": ["zstd", "-q", "-d", "-c"],
}
"""What a user would run: ISA-L's igzip, zstd."""


def measure(repeats: int) -> str:
    plain = large_log(SIZE_MB * 8_000)
    rows = []
    for ending, decoder in DECODERS.items():
        packed = plain.with_name(f"{plain.name}{ending}")
        if not packed.exists():
            with packed.open("wb") as out:
                subprocess.run([*MAKERS[ending], str(plain)], stdout=out, check=True)
        decoded, cold, ready, again, grown = [], [], [], [], []
        for _ in range(repeats):
            decoded.append(_to_a_file(decoder, packed))
            cold.append(asyncio.run(_taken(packed, started=False))[0])
            first, second, memory = asyncio.run(_taken(packed))
            ready.append(first)
            again.append(second)
            grown.append(memory)
        took = [spread(decoded, 2)]
        for some in (ready, cold):
            took += [spread(some, 2), spread([mine / theirs for mine, theirs in zip(some, decoded, strict=True)], 2)]
        rows.append([ending, *took, spread(again, 3), f"{max(grown):.0f}"])
    again, grown = [], []
    for _ in range(repeats):
        _, second, memory = asyncio.run(_taken(plain))
        again.append(second)
        grown.append(memory)
    rows.append(["as it is", "", "", "", "", "", spread(again, 3), f"{max(grown):.0f}"])
    heads = [
        f"{SIZE_MB:,} MB",
        "decoded to a file, s",
        "ready, s",
        "ratio",
        "with its workers' start, s",
        "ratio",
        "second question, s",
        "server grows by, MB",
    ]
    return table(heads, rows)


def _to_a_file(decoder: list[str], packed: Path) -> float:
    target = OUT / "decoded"
    start = time.perf_counter()
    with target.open("wb") as out:
        subprocess.run([*decoder, str(packed)], stdout=out, check=True)
    seconds = time.perf_counter() - start
    target.unlink()
    return seconds


async def _taken(path: Path, started: bool = True) -> tuple[float, float, float]:
    """Seconds of a first and of a second question's snapshot, and by how many MB this process grew. `started`: the
    workers are there, as they are from a server's first question on."""
    cache = SnapshotCache()
    seconds = []
    async with SearchPool() as pool:
        if started:
            nothing = {"incoming": [], "option": ContextOptions().encoding}
            await asyncio.gather(*(pool.call("files.inspect.heads", nothing, 60.0) for _ in range(pool.size)))
        before = psutil.Process().memory_info().rss
        counts = set()
        for _ in range(2):
            start = time.perf_counter()
            async with await Context.take(Scope("files", files=(str(path),)), pool, ContextOptions(), cache) as context:
                seconds.append(time.perf_counter() - start)
                counts.add(await Search(context, pool, 300.0).count("PoolTimeoutError", context.limit))
        assert len(counts) == 1
        grown = (psutil.Process().memory_info().rss - before) / 1e6
    cache.close()
    return seconds[0], seconds[1], grown
