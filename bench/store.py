"""One event made durable: `Store.append` beside a bare sqlite3 insert and commit (WAL) of the same rows.

Then the replies of sub-models: many kept, and many found, beside bare sqlite3 reading the same rows one by one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from bench.tables import table
from rlm_ls.engine.trace.events import ModelReplied, VerbCalled
from rlm_ls.store.calls import CachedReply
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME

EVENTS = 1000
CONCURRENT = 16
CALLS = 50_000
LOOKED_UP = 10_000
CALLS_AT_ONCE = 64

SMALL = VerbCalled(run_id="r", turn=1, index=1, verb="find", detail="find('timeout', limit=50) → 50", seconds=0.01)
LARGE = ModelReplied(
    run_id="r",
    turn=1,
    text="A plan, and a script of some lines.\n" * 300,
    finish="stop",
    prompt_tokens=1000,
    completion_tokens=3000,
    cached_tokens=0,
    usd=0.01,
    seconds=2.0,
)


def measure(repeats: int) -> str:
    times: dict[str, list[float]] = {}
    for _ in range(repeats):
        for name, event in (("0.2 KB", SMALL.wire()), ("11 KB", LARGE.wire())):
            times.setdefault(f"sqlite3, {name}", []).extend(_bare(event))
            times.setdefault(f"append, {name}", []).extend(asyncio.run(_store(event, 1)))
            times.setdefault(f"append, {name}, {CONCURRENT} runs at once", []).extend(
                asyncio.run(_store(event, CONCURRENT))
            )
    rows = []
    for name, values in times.items():
        anchor = times[f"sqlite3, {name.split(', ')[1]}"]
        p99 = quantiles(values, n=100)[98]
        rows.append(
            [
                name,
                f"{median(values) * 1000:.2f}",
                f"{p99 * 1000:.2f}",
                f"{median(values) / median(anchor):.1f}",
                f"{len(values) / sum(values) * (CONCURRENT if 'runs' in name else 1):,.0f}",
            ]
        )
    events = table(["event", "ms median", "ms p99", "x sqlite3", "events/s"], rows)
    return f"{events}\n\n{_measure_calls(repeats)}"


def _bare(event: dict[str, object]) -> list[float]:
    took = []
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE events (run_id TEXT, seq INTEGER, type TEXT, event TEXT, UNIQUE (run_id, seq))"
        )
        for number in range(EVENTS):
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", ("r", number, "t", json.dumps(event)))
            connection.execute("COMMIT")
            took.append(time.perf_counter() - started)
        connection.close()
    return took


async def _store(event: dict[str, object], runs: int) -> list[float]:
    """Seconds of each append, of `runs` that write one event after the other."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder:
        store = await Store.open(Path(folder))

        async def write(run_id: str) -> None:
            await store.begin_run(run_id, "q", 0.0, {})
            for number in range(1, EVENTS // runs + 1):
                started = time.perf_counter()
                await store.append(run_id, number, "t", event)
                took.append(time.perf_counter() - started)

        try:
            await asyncio.gather(*(write(f"run-{number}") for number in range(runs)))
        finally:
            await store.close()
    return took


def _measure_calls(repeats: int) -> str:
    rows = []
    for size in (30, 1000):
        kept, found, bare = asyncio.run(_calls(size, repeats))
        name = f"replies of {size} characters, {CALLS:,} there"
        rows.append(
            [
                name,
                f"{kept:,.0f}",
                f"{median(found) * 1000:.0f}",
                f"{median(bare) * 1000:.0f}",
                f"{median(found) / median(bare):.1f}",
            ]
        )
    looked_up = f"{LOOKED_UP:,} found, ms"
    return table(["sub-calls", f"kept/s, {CALLS_AT_ONCE} at once", looked_up, "sqlite3, ms", "x sqlite3"], rows)


async def _calls(size: int, repeats: int) -> tuple[float, list[float], list[float]]:
    """Replies kept in a second; seconds that finding them takes, and takes bare sqlite3."""
    keys = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(CALLS)]
    asked = keys[:: CALLS // LOOKED_UP]
    reply = CachedReply("x" * size, "openai/m", 100, 10, 0.001)
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder:
        store = await Store.open(Path(folder))
        try:
            gate = asyncio.Semaphore(CALLS_AT_ONCE)

            async def keep(key: str) -> None:
                async with gate:
                    await store.cache_reply(key, reply)

            started = time.perf_counter()
            await asyncio.gather(*map(keep, keys))
            kept = CALLS / (time.perf_counter() - started)
            found, bare = [], []
            for _ in range(repeats):
                started = time.perf_counter()
                assert len(await store.cached_replies(asked)) == LOOKED_UP
                found.append(time.perf_counter() - started)
                bare.append(await asyncio.to_thread(_one_by_one, Path(folder), asked))
        finally:
            await store.close()
    return kept, found, bare


def _one_by_one(folder: Path, keys: list[str]) -> float:
    connection = sqlite3.connect(folder / FILE_NAME)
    started = time.perf_counter()
    for key in keys:
        connection.execute("SELECT * FROM calls WHERE key = ?", (key,)).fetchone()
    took = time.perf_counter() - started
    connection.close()
    return took
