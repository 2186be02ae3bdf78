"""Memory of the server and its workers, beyond mapped files, while they answer over 200 MB and over 1 GB."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.tables import spread, table
from bench.texts import LINES_OF_200_MB, large_log
from bench.turns import SIX_TURNS, recording
from bench.wire import INITIALIZE, Wire

COMMAND = [sys.executable, "-P", "-m", "rlm_ls", "--stdio"]
SIZES = {"200 MB": LINES_OF_200_MB, "1 GB": 5 * LINES_OF_200_MB}
SETTLE_SECONDS = 1.0
EVERY_SECONDS = 0.02


@dataclass
class Memory:
    """In MB. `children` are all of them together: the search workers and the scripts' sandbox."""

    idle: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    children: list[float] = field(default_factory=list)
    mapped: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)


def measure(repeats: int) -> str:
    found = {name: Memory() for name in SIZES}
    for name, lines in SIZES.items():
        path = large_log(lines)
        for _ in range(repeats):
            _once(path, found[name])
    small, large = found["200 MB"], found["1 GB"]
    columns = (
        ("server, before the first question", "idle"),
        ("server, most while answering", "server"),
        ("its children, most", "children"),
        ("mapped pages of them all, most", "mapped"),
        ("server, after the first question", "after"),
        ("server, after five more", "again"),
    )
    rows = []
    for name, attribute in columns:
        one, other = getattr(small, attribute), getattr(large, attribute)
        rows.append([name, spread(one), spread(other), f"{sum(other) / max(sum(one), 1):.2f}"])
    return table(["MB, without pages of files", *SIZES, "ratio"], rows)


def _once(path: Path, found: Memory) -> None:
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder, Wire(COMMAND) as wire:
        wire.request("initialize", {**INITIALIZE, "initializationOptions": {"verbSeconds": 600}})
        wire.notify("initialized", {})
        time.sleep(SETTLE_SECONDS)
        scope = {"kind": "document", "textDocument": {"uri": path.as_uri()}}
        model = recording(Path(folder) / "six.jsonl", SIX_TURNS)
        params = {"question": "What failed?", "scope": scope, "model": model}
        found.idle.append(_own(wire.process.pid))
        watch = Watch(wire.process.pid)
        with watch:
            _ask(wire, params)
        found.server.append(watch.server)
        found.children.append(watch.children)
        found.mapped.append(watch.mapped)
        found.after.append(_own(wire.process.pid))
        for _ in range(5):
            _ask(wire, params)
        found.again.append(_own(wire.process.pid))


def _ask(wire: Wire, params: dict[str, Any]) -> None:
    answer = wire.request("rlm/ask", params)
    if answer["status"] != "answered":
        raise RuntimeError(f"{answer['status']}: {answer['reason']}")


class Watch(threading.Thread):
    """The most that the server, and its children together, held at any time. Use as a context manager."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._server = psutil.Process(process)
        self._ended = threading.Event()
        self.server = self.children = self.mapped = 0.0

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            children = [child.pid for child in self._server.children(recursive=True)]
            self.server = max(self.server, _own(self._server.pid))
            self.children = max(self.children, sum(map(_own, children)))
            self.mapped = max(self.mapped, sum(map(_mapped, [self._server.pid, *children])))


def _own(pid: int) -> float:
    """MB that are the process's own: not the pages of files, which the system can take back. 0 once it is gone."""
    try:
        process = psutil.Process(pid)
        memory = process.memory_info()
        # Only Linux counts the pages of files; elsewhere what no other process shares comes nearest.
        own = memory.rss - memory.shared if hasattr(memory, "shared") else process.memory_full_info().uss
    except psutil.NoSuchProcess:
        return 0.0
    return float(own) / 1e6


def _mapped(pid: int) -> float:
    """MB of files' pages in the process (Linux)."""
    try:
        return float(getattr(psutil.Process(pid).memory_info(), "shared", 0)) / 1e6
    except psutil.NoSuchProcess:
        return 0.0
