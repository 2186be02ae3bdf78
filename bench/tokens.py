"""Tokens a turn on the recorded questions (goal: median 900), where they go, and the system prompt's (goal: 500)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.tables import table
from rlm_ls.engine.loop.observation import LEAST_ROOM
from rlm_ls.engine.setup.prompt import PromptOptions, system_prompt
from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.models.providers import library
from rlm_ls.store.recording import read_recording

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "server/rlm_ls/cli/demo/recordings", ROOT / "tests/recorded")

ENCODING = "gpt-4"
"""Whose tokens are counted (cl100k, which LiteLLM brings along): what recorded a run may only have estimated."""

KINDS = ("system prompt", "first message", "observations", "replies")

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that the calls of one recording cost in all: a message counts once for every call that it was sent with.

    `told` is what the recording says, `parts` what they are by KINDS as counted here (nothing if texts were not kept),
    `new` those of them that no earlier call was sent: providers' caches hold the others.
    """

    name: str
    turns: int
    told: int
    parts: Counter[str]
    new: int

    @property
    def tokens(self) -> int:
        return self.parts.total() or self.told


def measure(repeats: int) -> str:
    """Nothing here varies, so nothing is repeated."""
    del repeats
    litellm = asyncio.run(library.load())

    def count(text: str) -> int:
        return len(litellm.encode(model=ENCODING, text=text))

    paths = [path for folder in FOLDERS for path in sorted(folder.glob("*.jsonl"))]
    runs = [run for path in paths if (run := _run(path, count)) is not None]
    prompt = system_prompt(PromptOptions(LEAST_ROOM))
    size = f"System prompt: {count(prompt):,} tokens ({ENCODING}'s) in {len(prompt):,} characters."
    return "\n\n".join([_runs(runs) if runs else "There are no recordings.", size])


def _run(path: Path, count: Count) -> Run | None:
    events = read_recording(path).events
    calls = [event for event in events if event["type"] == "modelCalled"]
    replies = [event for event in events if event["type"] == "modelReplied"]
    if not replies:
        return None
    parts: Counter[str] = Counter()
    new = 0
    for number, call in enumerate(calls):
        for message in call["messages"]:
            if isinstance(message["content"], str):
                tokens = count(message["content"])
                parts[_kind(number, message)] += tokens * (len(calls) - number)
                new += tokens if message["role"] != "assistant" else 0
    if parts:
        written = sum(count(event["text"]) for event in replies)
        parts["replies"] += written
        new += written
    told = sum(event["promptTokens"] + event["completionTokens"] for event in replies)
    return Run(path.stem, len(replies), told, parts, new)


def _kind(number: int, message: dict[str, Any]) -> str:
    if message["role"] != "user":
        return "system prompt" if message["role"] == "system" else "replies"
    return "observations" if number else "first message"


def _runs(runs: list[Run]) -> str:
    every = Run(
        "all",
        sum(run.turns for run in runs),
        sum(run.told for run in runs),
        sum((run.parts for run in runs), Counter()),
        sum(run.new for run in runs),
    )
    rows = [_row(run) for run in [*runs, every]]
    turns = median(run.turns for run in runs)
    medians = [median(value) for value in zip(*map(_a_turn, runs), strict=True)]
    rows.append(["median of runs", f"{turns:g}", *[""] * (len(KINDS) + 2), *(f"{value:,.0f}" for value in medians)])
    return table(["recording", "turns", "told", "counted", *KINDS, "told/turn", "counted/turn", "new/turn"], rows)


def _row(run: Run) -> list[str]:
    shares = [f"{run.parts[kind] / run.tokens:.0%}" for kind in KINDS]
    counts = [f"{run.told:,}", f"{run.tokens:,}"]
    return [run.name, str(run.turns), *counts, *shares, *(f"{value:,.0f}" for value in _a_turn(run))]


def _a_turn(run: Run) -> tuple[float, float, float]:
    return run.told / run.turns, run.tokens / run.turns, run.new / run.turns
