"""100,000 small files: the offline rules' first and second answer beside `rg -c`, how long the loop is held, memory."""

from __future__ import annotations

import asyncio
import random
import subprocess
import tempfile
import time
from pathlib import Path

from bench.tables import table
from bench.workspace import resident
from rlm_ls.context.scope import Scope
from rlm_ls.context.sources.stamp import SETTLED_NS
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings.sections import Settings

FILES = 100_000
A_FOLDER = 100
LINES = 4
SEED = 11
QUESTION = "How many ERROR lines are there?"


def make_tree(root: Path, files: int = FILES, seed: int = SEED) -> int:
    """Logs of a few lines each; how many lines in all have the level ERROR."""
    chance = random.Random(seed)
    errors = 0
    for number in range(0, files, A_FOLDER):
        folder = root / f"d{number // (10 * A_FOLDER):03}" / f"s{number // A_FOLDER % 10}"
        folder.mkdir(parents=True)
        for name in range(A_FOLDER):
            levels = chance.choices(("INFO", "WARN", "ERROR"), k=LINES)
            errors += levels.count("ERROR")
            lines = (
                f"2024-01-01T00:{at:02}:00Z {level} svc done {chance.random()}\n" for at, level in enumerate(levels)
            )
            (folder / f"f{name:03}.log").write_text("".join(lines))
    return errors


def measure(repeats: int) -> str:
    """One run is enough: the ratio is taken within it."""
    del repeats
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        root = Path(folder) / "logs"
        errors = make_tree(root)
        time.sleep(SETTLED_NS / 1e9)
        return asyncio.run(_measure(root, Path(folder) / "state", errors))


async def _measure(root: Path, state: Path, errors: int) -> str:
    rg = min([_rg(root) for _ in range(3)])
    engine = await Engine.open(settings=Settings(), state_dir=state)
    try:
        before = resident()[0]
        rows = [await _answered(engine, root, errors, rg, "first question")]
        grown = resident()[0] - before
        rows.append(await _answered(engine, root, errors, rg, "second question"))
    finally:
        await engine.close()
    each = f"A document takes {grown / FILES / 1000:.1f} kB of the server's memory."
    allowed = f"Allowed: 3 x rg's {rg:.2f} s + 2 s = {3 * rg + 2:.2f} s, and 100 ms."
    return table(["", "s", "loop held, ms at most"], rows) + f"\n\n{allowed}\n{each}"


def _rg(root: Path) -> float:
    started = time.perf_counter()
    subprocess.run(["rg", "-c", "ERROR", str(root)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


async def _answered(engine: Engine, root: Path, errors: int, rg: float, which: str) -> list[str]:
    held = [0.0]

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            held[0] = max(held[0], time.perf_counter() - before - 0.002)

    watching = asyncio.create_task(watch())
    try:
        started = time.perf_counter()
        answer = await engine.ask(AskRequest(QUESTION, Scope("files", files=(str(root),))), lambda _event: None)
        seconds = time.perf_counter() - started
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    if f"{errors:,} lines" not in answer.answer:
        raise AssertionError(f"{errors:,} lines were expected: {answer.answer[:200]}")
    return [which, f"{seconds:.2f}", f"{1000 * held[0]:.0f}"]
