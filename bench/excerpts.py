"""The lines around line 1,700,000 of 200 MB: of a file not yet read, of one whose lines are known (goal: ≤ 100 ms)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench.tables import spread, table
from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.line_index import WORTH
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.setup.preparation import options
from rlm_ls.engine.trace.excerpt import Place, excerpt_of
from rlm_ls.settings.sections import Settings

LINE = "2026-03-14T03:07:04.318Z INFO payments pay-03 request served in 12 ms, nothing to see here at all, no {}\n"
AT = 1_700_000
LINES = 1_900_000


def measure(repeats: int) -> str:
    return asyncio.run(_measure(repeats))


async def _measure(repeats: int) -> str:
    taken: dict[str, list[float]] = {"not yet read": [], "read in an earlier start": [], "read before": [], "grown": []}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "huge.log"
        log.write_text("".join(LINE.format(n) for n in range(LINES)))
        assert log.stat().st_size > WORTH
        await asyncio.sleep(2.1)  # what changed just now is not kept as it is
        for number in range(repeats):
            state = Path(folder) / f"state-{number}"
            await _once(log, state, [taken["not yet read"]])
            await _once(log, state, [taken["read in an earlier start"], taken["read before"]])
            await _asked_about(log, state)
            with log.open("a") as file:
                file.write(LINE.format("more"))
            await _once(log, state, [taken["grown"]])
            await asyncio.sleep(2.1)
    return table(["the file", "ms"], [[name, spread(seconds)] for name, seconds in taken.items()])


async def _asked_about(log: Path, state: Path) -> None:
    """As a question reads it: then what comes later is told from a file that was written anew."""
    engine = await Engine.open(settings=Settings(), state_dir=state)
    try:
        scope = Scope("files", files=(str(log),))
        async with await Context.take(scope, engine.pool, options(engine.settings), engine.snapshot_cache):
            pass
    finally:
        await engine.close()


async def _once(log: Path, state: Path, taken: list[list[float]]) -> None:
    """An engine of its own, its workers started."""
    engine = await Engine.open(settings=Settings(), state_dir=state)
    try:
        small = log.with_name("small.log")
        small.write_text("one\n")
        await asyncio.gather(*(excerpt_of(engine, Place(small.as_uri(), 1, 1), "around") for _ in range(2)))
        for times in taken:
            began = time.perf_counter()
            found = await excerpt_of(engine, Place(log.as_uri(), AT, AT), "around")
            times.append((time.perf_counter() - began) * 1000)
            assert f"no {AT - 1}" in "\n".join(found.lines)
    finally:
        await engine.close()
