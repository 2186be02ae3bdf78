"""The recorded questions. `about` is "log" (the demo's log, of `lines` lines), "project" or "tale"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rlm_ls.cli.demo.generate import demo_log
from rlm_ls.cli.demo.questions import PROJECT

HERE = Path(__file__).parent
LOG_LINES = 5_000
TALE_CHAPTERS = 60


DSL: tuple[str, ...] = ("dsl",)
PROGRAMS: tuple[str, ...] = ("dsl", "wasm")


@dataclass(frozen=True, slots=True)
class Recorded:
    """`levels` are part of the recording: the prompt speaks of compiled programs where they are on."""

    id: str
    about: Literal["log", "project", "tale"]
    question: str
    lines: int = LOG_LINES
    levels: tuple[str, ...] = DSL

    @property
    def recording(self) -> Path:
        return HERE / f"{self.id}.jsonl"

    def target(self, folder: Path) -> Path:
        """The file or folder asked about, made in `folder` if it must be made."""
        if self.about == "project":
            return PROJECT
        if self.about == "log":
            return demo_log(folder, lines=self.lines)
        path = folder / "tale.txt"
        path.write_text(tale(), encoding="utf-8")
        return path


def tale() -> str:
    """A long, dull tale in which a locket passes through several hands, in accented words."""
    hands = {7: ("Zoë", "Bálint"), 23: ("Bálint", "Ségolène"), 41: ("Ségolène", "Håkon")}
    chapters = []
    for number in range(1, TALE_CHAPTERS + 1):
        lines = [f"CHAPTER {number}", ""]
        for day in range(1, 31):
            lines.append(
                f"On day {day} of that month the rain fell on the mill, and the miller counted {day * number} sacks."
            )
            if day == 17 and number in hands:
                giver, taker = hands[number]
                lines.append(f"That evening {giver} gave the silver locket to {taker}, and told no one.")
        chapters.append("\n".join(lines))
    return "\n\n".join(chapters) + "\n"


QUESTIONS = (
    Recorded("levels", "log", "How many lines of each level are there? End with one line: ANSWER: level=count; …"),
    Recorded(
        "slowest",
        "log",
        "Which request took longest, on which service and host? End with: ANSWER: <milliseconds> <host>",
    ),
    Recorded(
        "percentile", "log", "What is the 95th percentile of `took` of the orders service? End with: ANSWER: <number>"
    ),
    Recorded(
        "users",
        "log",
        "How many different users are there, and which has the most lines? End with: ANSWER: <number> <user>",
    ),
    Recorded("first", "log", "When was the first ERROR line, and which service and host wrote it?"),
    Recorded(
        "endpoints",
        "log",
        "Which three request paths are most frequent? End with: ANSWER: path=count; path=count; path=count",
    ),
    Recorded("locket", "tale", "Who holds the silver locket at the end, and through whose hands did it go?"),
    Recorded(
        "sacks",
        "tale",
        "How many sacks did the miller count on day 9 of chapter 33's month? End with: ANSWER: <number>",
    ),
    Recorded("policy", "project", "Which error codes of a payment are worth a retry, and where is that decided?"),
)

RANKING = (
    "Write and run a Rust program that ranks the services by their number of ERROR lines. End with one line: "
    "ANSWER: service=count; service=count; … (most first, ties by name)"
)
ADDRESSES = (
    "Write and run a Rust program: how many different IP addresses (ip=…) are there, and which has the most lines (of "
    "several, the first by name)? End with one line: ANSWER: <number> <address> <lines>"
)
LATENCIES = (
    "Write and run a Rust program for p50, p95 and p99 (nearest rank) of all `took` values in milliseconds. End with "
    "one line: ANSWER: p50=<number>; p95=<number>; p99=<number>"
)
MILLION, LARGE = 1_000_000, 1_600_000

COMPILED = (
    Recorded("ranking", "log", RANKING, LOG_LINES, PROGRAMS),
    Recorded("ranking-million", "log", RANKING, MILLION, PROGRAMS),
    Recorded("addresses", "log", ADDRESSES, LOG_LINES, PROGRAMS),
    Recorded("latencies", "log", LATENCIES, LOG_LINES, PROGRAMS),
    Recorded("ranking-large", "log", RANKING, LARGE, PROGRAMS),
    Recorded("addresses-large", "log", ADDRESSES, LARGE, PROGRAMS),
    Recorded("latencies-large", "log", LATENCIES, LARGE, PROGRAMS),
)
"""Questions for compiled programs; the large ones are over 200 MB."""
