"""Start to `initialize` answered, and idle memory, against a bare pygls server (goals: ≤ 1.2 and ≤ 1.5 times)."""

from __future__ import annotations

import sys
import time
from statistics import median

import psutil

from bench.tables import spread, table
from bench.wire import INITIALIZE, Wire

BARE = """
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "1").start_io()
"""
SERVERS = {
    "bare pygls": [sys.executable, "-P", "-c", BARE],
    "rlm-ls": [sys.executable, "-P", "-m", "rlm_ls", "--stdio"],
}

SETTLE_SECONDS = 1.0
"""Whatever a server does after `initialized` is part of its idle memory."""


def measure(repeats: int) -> str:
    seconds: dict[str, list[float]] = {name: [] for name in SERVERS}
    megabytes: dict[str, list[float]] = {name: [] for name in SERVERS}
    for command in SERVERS.values():  # once without counting: byte code and the disk's cache
        once(command)
    # Interleaved, so that a busy moment of the machine falls on both.
    for _ in range(repeats):
        for name, command in SERVERS.items():
            took, memory = once(command)
            seconds[name].append(took * 1000)
            megabytes[name].append(memory / 1e6)
    rows = [[name, spread(seconds[name]), spread(megabytes[name], 1)] for name in SERVERS]
    ratios = [
        "ratio of medians",
        *(f"{median(values['rlm-ls']) / median(values['bare pygls']):.2f}" for values in (seconds, megabytes)),
    ]
    return table(["server", "ms to initialize", "MB resident, idle"], [*rows, ratios])


def once(command: list[str]) -> tuple[float, int]:
    """Seconds from spawning to the answer, and bytes resident of the process and its children."""
    started = time.perf_counter()
    with Wire(command) as wire:
        wire.request("initialize", INITIALIZE)
        took = time.perf_counter() - started
        wire.notify("initialized", {})
        time.sleep(SETTLE_SECONDS)
        process = psutil.Process(wire.process.pid)
        memory = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    return took, memory
