"""llm_map in whole runs, against a model server with 200 ms latency: throughput, memory, faults, a second ask."""

from __future__ import annotations

import asyncio
import json
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from bench.subcalls import LATENCY, WIDTH, model_server
from bench.tables import spread, table
from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.events import AnyEvent, SubCallFinished, SubCallsStarted
from rlm_ls.models.base import Message, Reply, Usage
from rlm_ls.settings.sections import Settings

MANY, ALL = 1_000, 10_000
ROWS = 80
FAULTS = ("--fault", "429=0.1", "--fault", "500=0.05", "--fault", "hang=0.02", "--fault", "cut=0.02")
SCRIPT = f"""```python
r = llm_map("Label each row.", chunks({ROWS}))
submit(str(sum(1 for x in r if isinstance(x, Failed))), cite=[])
```"""


class Root:
    """The root model: one script, at once and for nothing. Sub-calls go to the server."""

    kind: Literal["live"] = "live"
    name, endpoint, window, local = "root", "here", 1_000_000, True

    async def prepare(self) -> None:
        pass

    def price(self, prompt_tokens: int, completion_tokens: int) -> float:
        return 0.0

    async def complete(self, messages: Sequence[Message], **_: Any) -> Reply:
        return Reply(SCRIPT, Usage(1000, 100, 0, 0.0), self.name)


@dataclass
class SubCallReply:
    """One run: seconds from the announcement of its batch to its last reply, and what came of it."""

    seconds: float
    failed: int
    answer: Answer


def measure(repeats: int) -> str:
    ideal = -(-MANY // WIDTH) * LATENCY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with model_server() as base:
            runs = [asyncio.run(runs(base, folder / f"{n}", MANY))[0] for n in range(repeats)]
            first, again = asyncio.run(_edited(base, folder / "edited", MANY))
            before = psutil.Process().memory_info().rss
            whole = asyncio.run(runs(base, folder / "all", ALL))[0]
            growth = (psutil.Process().memory_info().rss - before) / 1e6
        with model_server(*FAULTS, "--seed", "7") as base:
            faulty = asyncio.run(runs(base, folder / "faults", MANY, silence=2.0))[0]
            billed = _billed(base)
    used = faulty.answer.usage
    ledger = (used.prompt_tokens - 1000, used.completion_tokens - 100)
    hits = again.answer.usage.cached_calls / (again.answer.usage.cached_calls + again.answer.usage.sub_calls)
    rows = [
        [f"{MANY:,} pieces at width {WIDTH}, seconds", f"{ideal * 1.15:.2f}", spread([r.seconds for r in runs], 2)],
        ["the same, of the ideal", "1.15", spread([r.seconds / ideal for r in runs], 2)],
        [f"{ALL:,} pieces, seconds", f"{-(-ALL // WIDTH) * LATENCY * 1.15:.1f}", f"{whole.seconds:.1f}"],
        [f"memory growth over {ALL:,}, MB", "200", f"{growth:.0f}"],
        ["faults: answered + failed as values", f"{MANY:,}", f"{used.sub_calls:,} + {faulty.failed}"],
        ["faults: seconds", "", f"{faulty.seconds:.1f}"],
        ["faults: the Ledger's tokens − the server's count", "0", f"{ledger[0] - billed[0]}, {ledger[1] - billed[1]}"],
        ["re-ask after a change in 1 % of the pieces: from cache", "95 %", f"{hits:.1%}"],
        ["the same, seconds (first ask)", "", f"{again.seconds:.2f} ({first.seconds:.2f})"],
    ]
    return table(["llm_map, from the announcement to the last reply", "goal", "measured"], rows)


async def runs(base: str, folder: Path, pieces: int, *, silence: float = 120.0) -> list[SubCallReply]:
    folder.mkdir()
    engine = await _engine(base, folder, silence)
    try:
        warm = await _run(engine, _text(folder / "warm.log", 60))  # loads LiteLLM and opens connections
        assert warm.failed == 0 or silence < 100
        return [await _run(engine, _text(folder / "rows.log", pieces))]
    finally:
        await engine.close()


async def _edited(base: str, folder: Path, pieces: int) -> tuple[SubCallReply, SubCallReply]:
    """The same question before and after one line in each of 1 % of the pieces was changed."""
    folder.mkdir()
    engine = await _engine(base, folder, 120.0)
    try:
        path = _text(folder / "rows.log", pieces)
        first = await _run(engine, path)
        lines = path.read_text().splitlines()
        for piece in range(0, pieces, 100):
            lines[piece * ROWS + 5] = lines[piece * ROWS + 5][::-1]
        path.write_text("\n".join(lines) + "\n")
        return first, await _run(engine, path)
    finally:
        await engine.close()


async def _engine(base: str, folder: Path, silence: float) -> Engine:
    models = {"sub": "openai/scripted", "api_base": base, "concurrency": WIDTH, "silence_seconds": silence}
    settings = Settings.model_validate({"models": models, "verb_seconds": 600})
    return await Engine.open(settings=settings, state_dir=folder / "state")


async def _run(engine: Engine, path: Path) -> SubCallReply:
    times: list[float] = []

    def listen(event: AnyEvent) -> None:
        if isinstance(event, SubCallsStarted | SubCallFinished):
            times.append(event.at)

    budget = Budget(tokens=10**9, sub_calls=10**6, seconds=3600)
    request = AskRequest(question="Label all.", scope=Scope(kind="document", files=(str(path),)), budget=budget)
    answer = await engine.ask(request, listen, model=lambda *_: Root())
    assert answer.status == "answered", answer.reason
    return SubCallReply(times[-1] - times[0], int(answer.answer), answer)


def _text(path: Path, pieces: int) -> Path:
    with path.open("w") as file:
        for row in range(pieces * ROWS):
            file.write(f"{row:07} the text of a row that somebody has to label, {path.stem} {row * 7919 % 9973}\n")
    return path


def _billed(base: str) -> tuple[int, int]:
    """Tokens that the server reported to those who got a whole reply, without the warm-up's."""
    with urllib.request.urlopen(base.removesuffix("/v1") + "/state") as answer:
        billed = [call for call in json.load(answer)["billed"] if call["reported"]][60:]
    return sum(call["prompt_tokens"] for call in billed), sum(call["completion_tokens"] for call in billed)
