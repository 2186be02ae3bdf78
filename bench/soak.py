"""Chaos for as long as you like: what was lost, leaked and frozen (0, 0, 0). See tests/chaos.

With other numbers: `python -m bench.soak --messages 100000 --kills 50 --seed 7 --only kills,messages`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.chaos.cancels import cancels
from tests.chaos.kills import kills
from tests.chaos.messages import frames, messages
from tests.chaos.providers import ALL, providers
from tests.chaos.scripts import scripts
from tests.chaos.tally import Tally
from tests.chaos.texts import texts

from bench.tables import table

PING_SECONDS = 0.1
NUMBERS = {"messages": 10_000, "texts": 40, "cancels": 50, "kills": 20, "scripts": 1000, "seed": 1}

Scenario = Callable[[dict[str, int], Path], Awaitable[Tally]]

SCENARIOS: dict[str, Scenario] = {
    "messages": lambda n, folder: messages(n["messages"], n["seed"], folder, PING_SECONDS),
    "frames": lambda n, folder: frames(folder, PING_SECONDS),
    "texts": lambda n, folder: texts(n["texts"], n["seed"], folder, PING_SECONDS),
    "cancels": lambda n, folder: cancels(n["cancels"], n["seed"], folder, PING_SECONDS),
    "providers": lambda n, folder: providers(ALL, folder, PING_SECONDS),
    "kills": lambda n, folder: kills(n["kills"], n["seed"], folder, PING_SECONDS),
    "scripts": lambda n, folder: scripts(n["scripts"], n["seed"], folder, PING_SECONDS),
}


def measure(repeats: int) -> str:
    """`repeats` times, each with the next seed."""
    return soak(NUMBERS, list(SCENARIOS), repeats)


def soak(wanted: dict[str, int], only: list[str], repeats: int) -> str:
    tallies: dict[str, Tally] = {}
    seconds: dict[str, float] = {}
    for repeat in range(repeats):
        for name in only:
            started = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="rlm-ls-soak-") as folder:
                found = asyncio.run(_run(SCENARIOS[name], {**wanted, "seed": wanted["seed"] + repeat}, Path(folder)))
            tallies.setdefault(name, Tally(PING_SECONDS)).add(found)
            seconds[name] = seconds.get(name, 0.0) + time.monotonic() - started
    total = Tally(PING_SECONDS)
    for tally in tallies.values():
        total.add(tally)
    head = [
        "scenario",
        "messages",
        "runs",
        "kills",
        "scripts",
        "lost",
        "leaked",
        "frozen",
        "worst-ping",
        "grown",
        "took",
    ]
    rows = [_row(name, tally, seconds[name]) for name, tally in tallies.items()]
    rows.append(_row("all", total, sum(seconds.values())))
    return "\n".join([table(head, rows), *(f"  ! {problem[:400]}" for problem in dict.fromkeys(total.problems))])


async def _run(scenario: Scenario, wanted: dict[str, int], folder: Path) -> Tally:
    return await scenario(wanted, folder)


def _row(name: str, tally: Tally, seconds: float) -> list[str]:
    counts = (
        tally.messages,
        tally.runs,
        tally.kills,
        tally.scripts,
        len(tally.lost),
        len(tally.leaked),
        len(tally.frozen),
    )
    return [
        name,
        *(f"{count:,}" for count in counts),
        f"{tally.worst * 1000:.0f} ms",
        f"{tally.grown:.0f} MB",
        f"{seconds:.0f} s",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.soak", description=(__doc__ or "").splitlines()[0])
    for name, number in NUMBERS.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, by commas (default: all)")
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]
    if unknown := sorted(set(only) - SCENARIOS.keys()):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    print(soak({name: getattr(arguments, name) for name in NUMBERS}, only, arguments.repeats))
    return 0


if __name__ == "__main__":
    sys.exit(main())
