"""Sub-calls to a model server with 200 ms latency: throughput at width 64, and memory growth over 10,000 of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.tables import spread, table
from rlm_ls.models.base import Message
from rlm_ls.models.choose import choose
from rlm_ls.models.providers import library
from rlm_ls.models.providers.concurrency import ConcurrencyLimits
from rlm_ls.settings.sections import Settings

MODEL_SERVER = Path(__file__).parent.parent / "tests/fakes/model_server.py"
LATENCY = 0.2
WIDTH = 64
MANY, ALL = 1_000, 10_000
MESSAGES = [Message("system", "Read exactly. " * 30), Message("user", "0123456789 the text of a row\n" * 350)]
"""About 10,000 characters: a batch of rows."""


def measure(repeats: int) -> str:
    ideal = -(-MANY // WIDTH) * LATENCY
    seconds, processor, growth = [], [], []
    with model_server() as base:
        for _ in range(repeats):
            wall, used = asyncio.run(_measure(base, MANY))
            seconds.append(wall)
            processor.append(used / MANY * 1e3)
        before = psutil.Process().memory_info().rss
        asyncio.run(_measure(base, ALL))
        growth.append((psutil.Process().memory_info().rss - before) / 1e6)
    rows = [
        [f"{MANY:,} at width {WIDTH}, seconds", f"{ideal * 1.15:.2f}", spread(seconds, 2)],
        ["the same, of the ideal", "1.15", spread([wall / ideal for wall in seconds], 2)],
        ["processor, ms a call", "", spread(processor, 2)],
        [f"memory growth over {ALL:,}, MB", "200", spread(growth)],
    ]
    return table(["sub-calls, complete() of a model", "goal", "measured"], rows)


@contextlib.contextmanager
def model_server(*options: str) -> Iterator[str]:
    """The base URL of a model server in a process of its own."""
    command = [sys.executable, str(MODEL_SERVER), "--reply", "1 yes\n2 no\n3 yes", "--keep", "1", *options]
    process = subprocess.Popen([*command, "--latency", str(LATENCY)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


async def _measure(base: str, calls: int) -> tuple[float, float]:
    """Seconds, and seconds of processor, of so many calls; all of them wait at the gate from the beginning."""
    settings = Settings.model_validate({"models": {"api_base": base, "concurrency": WIDTH}})
    model = choose("sub", "openai/scripted", settings, os.environ)
    assert model is not None
    concurrency = ConcurrencyLimits(settings)
    await model.prepare()

    async def call() -> None:
        async with concurrency.slot(model):
            await model.complete(MESSAGES)

    await call()
    used, before = time.process_time(), time.perf_counter()
    await asyncio.gather(*(call() for _ in range(calls)))
    outcome = time.perf_counter() - before, time.process_time() - used
    await library.close()
    return outcome
