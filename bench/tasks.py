"""The three recorded tasks for compiled programs, up to 200 MB: replayed with no model, and whether they are right."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.recorded.questions import COMPILED, LARGE_TASKS, Recorded
from tests.recorded.test_recorded_runs import expected, replayed

from bench.tables import table


def measure(repeats: int) -> str:
    """Each is replayed once: it takes up to a minute."""
    del repeats
    with tempfile.TemporaryDirectory() as name:
        rows = [asyncio.run(_row(question, Path(name))) for question in (*COMPILED, *LARGE_TASKS)]
    return table(["task", "text, MB", "turns (goal 3)", "right", "seconds"], rows)


async def _row(question: Recorded, folder: Path) -> list[str]:
    question.target(folder)  # made before the clock starts
    before = time.perf_counter()
    answer, target = await replayed(question, folder, folder / "state")
    seconds = time.perf_counter() - before
    right = all(words in answer.answer for words in expected(question, target))
    size = target.stat().st_size / 1e6
    return [question.id, f"{size:.1f}", str(answer.usage.turns), "yes" if right else "NO", f"{seconds:.1f}"]
