"""A figure: what we take, what others take for the same in the same run, and how much is allowed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Call = Callable[[], Awaitable[object]]

REPEATS = 3
SECONDS = 4.0
"""What one figure may take in all, its anchors too; each is run at least once."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours`, `anchors` and `allowed` are in `unit`; `note` says what makes the figure doubtful."""

    work: str
    name: str
    ours: float
    reach: str
    allowed: float
    anchors: Mapping[str, float] = field(default_factory=dict)
    unit: str = "s"
    note: str = ""

    @property
    def used(self) -> float:
        """The part of what is allowed that we take: 1 is just met."""
        return self.ours / self.allowed if self.allowed else float("inf")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: `quick` shows that all of it still works, `full` goes as far as the growth is claimed."""

    quick: bool = False
    full: bool = False

    def of(self, size: int, small: int) -> int:
        return small if self.quick else size

    @property
    def repeats(self) -> int:
        return 1 if self.quick else REPEATS


async def side_by_side(calls: Mapping[str, Call], scale: Scale) -> tuple[dict[str, float], dict[str, object]]:
    """The best seconds of each, in turns, so that a busy moment falls on all; and what each came to last.

    The best, since what else goes on in a machine only adds.
    """
    took: dict[str, float] = {}
    results: dict[str, object] = {}
    begun = time.perf_counter()
    for _ in range(scale.repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            results[name] = await call()
            seconds = time.perf_counter() - started
            took[name] = min(seconds, took.get(name, seconds))
        if time.perf_counter() - begun > SECONDS:
            break
    return took, results


def shell(line: str, folder: Path) -> Call:
    """A line for sh, run in `folder`; comes to what it prints."""

    async def run() -> str:
        return await asyncio.to_thread(_run, line, folder)

    return run


def _run(line: str, folder: Path) -> str:
    environment = {**os.environ, "LC_ALL": "C", "RIPGREP_CONFIG_PATH": ""}
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, env=environment)
    return done.stdout.strip() or "0"


def compared(work: str, name: str, took: Mapping[str, float], times: float, *against: str, note: str = "") -> Figure:
    """A figure of `ours` among `took` that may take so many times what `against` takes: its quickest, or all's."""
    anchors = {anchor: seconds for anchor, seconds in took.items() if anchor != "ours"}
    judged = [anchors[anchor] for anchor in against or anchors if anchor in anchors]
    reach = f"≤ {times:g} × {' or '.join(against)}" if against else "ahead of all"
    if not judged:
        return Figure(work, name, took["ours"], reach, 0.0, anchors, note="its anchor is not installed")
    return Figure(work, name, took["ours"], reach, times * min(judged), anchors, note=note)
