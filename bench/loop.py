"""The loop's own time a turn on 200 MB (goal: 10 ms), beside the same turns on 2 MB; time until the first turn."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.tables import spread, table
from bench.texts import LINES_OF_200_MB, large_log
from bench.turns import SIX_TURNS, model
from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent, ModelCalled, ProgramFinished, TurnFinished
from rlm_ls.settings.sections import Settings

SIZES = {"2 MB": LINES_OF_200_MB // 100, "200 MB": LINES_OF_200_MB}
GOAL_MS = 10


@dataclass
class Times:
    """In ms. `loop[k]` and `programs[k]` hold each repeat's turn k."""

    cold: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    loop: list[list[float]] = field(default_factory=lambda: [[] for _ in SIX_TURNS])
    programs: list[list[float]] = field(default_factory=lambda: [[] for _ in SIX_TURNS])


def measure(repeats: int) -> str:
    paths = {name: large_log(lines) for name, lines in SIZES.items()}
    times = {name: Times() for name in SIZES}
    for path in paths.values():
        path.read_bytes()  # the disk's cache
    for _ in range(repeats):
        for name, path in paths.items():
            asyncio.run(_once(path, times[name]))
    small, large = times["2 MB"], times["200 MB"]
    return "\n\n".join([_opening(small, large), _turns(small, large)])


async def _once(path: Path, times: Times) -> None:
    """A fresh engine (as in a server that was just started), and two questions one after the other."""
    started = time.perf_counter()
    with path.open("rb") as text:
        while text.read(1 << 20):
            pass
    times.read.append((time.perf_counter() - started) * 1000)
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder:
        engine = await Engine.open(settings=Settings(), state_dir=Path(folder))
        try:
            times.cold.append(await _ask(engine, path, times))
            times.second.append(await _ask(engine, path, times))
        finally:
            await engine.close()


async def _ask(engine: Engine, path: Path, times: Times) -> float:
    """Ask, keep what each turn took, and return the ms until the model was called first."""
    called: list[float] = []
    started = time.perf_counter()

    def listen(event: AnyEvent) -> None:
        if isinstance(event, ModelCalled):
            called.append((time.perf_counter() - started) * 1000)
        elif isinstance(event, ProgramFinished):
            if event.error:
                raise RuntimeError(f"turn {event.turn} of the script failed: {event.error}")
            times.programs[event.turn - 1].append(event.seconds * 1000)
        elif isinstance(event, TurnFinished):
            times.loop[event.turn - 1].append(event.loop_seconds * 1000)

    request = AskRequest(question="What went wrong?", scope=Scope(kind="document", files=(path.as_uri(),)))
    answer = await engine.ask(request, listen, model=lambda *_: model(SIX_TURNS))
    if answer.status != "answered":
        raise RuntimeError(f"{answer.status}: {answer.reason}")
    return called[0]


def _opening(small: Times, large: Times) -> str:
    rows = [
        [name, spread(one), spread(other), f"{median(other) / median(large.read):.1f}"]
        for name, one, other in (
            ("reading the file once (anchor)", small.read, large.read),
            ("first question, workers start", small.cold, large.cold),
            ("second question", small.second, large.second),
        )
    ]
    return table(["ms until the model is called", "2 MB", "200 MB", "x reading"], rows)


def _turns(small: Times, large: Times) -> str:
    rows = [
        [f"turn {turn}", spread(large.programs[turn - 1]), *_pair(small.loop[turn - 1], large.loop[turn - 1])]
        for turn in range(1, len(SIX_TURNS) + 1)
    ]
    every = _pair(_flat(small.loop), _flat(large.loop))
    rows.append([f"median turn (goal {GOAL_MS})", spread(_flat(large.programs)), *every])
    return table(["ms", "programs, 200 MB", "loop, 2 MB", "loop, 200 MB", "ratio"], rows)


def _pair(small: Sequence[float], large: Sequence[float]) -> tuple[str, str, str]:
    return spread(small, 1), spread(large, 1), f"{median(large) / median(small):.2f}"


def _flat(turns: Sequence[Sequence[float]]) -> list[float]:
    return [value for turn in turns for value in turn]
