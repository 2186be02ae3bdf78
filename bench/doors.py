"""`rlm-ls mcp`: start, beside a bare server of the same SDK (goal: ≤ 1.3 times); a verb over 200 MB (goal: ≤ 1.2)."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.tables import spread, table
from bench.texts import large_log
from bench.wire import Wire
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

BARE = """
from mcp.server.mcpserver import MCPServer
MCPServer("bare").run()
"""
INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}

Verb = Callable[[Search], Awaitable[object]]
VERBS: dict[str, tuple[str, Verb]] = {
    "count, literal": ('print(count("ERROR", by="line"))', lambda search: search.count("ERROR", search.context.limit)),
    "count, ERROR.*timeout": (
        'print(count(r"ERROR.*timeout", by="line"))',
        lambda search: search.count("ERROR.*timeout", search.context.limit),
    ),
    "top 10 of a dense capture": (
        r'print(top(r"status=(\d+)", 10))',
        lambda search: search.top(r"status=(\d+)", search.context.limit, 10),
    ),
    "stats, percentiles": (
        r'print(stats(r"took=(\d+)ms"))',
        lambda search: search.stats(r"took=(\d+)ms", search.context.limit),
    ),
}
"""By name: the script that an agent sends, and the same in process."""


class Lines(Wire):
    """The same client where a message is a line."""

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with {self.process.wait()}")
        message = json.loads(line)
        assert isinstance(message, dict)
        return message

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        data = result["structuredContent"]
        assert isinstance(data, dict)
        return data


def server(root: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "rlm_ls", "mcp", "--root", str(root)]


def measure(repeats: int) -> str:
    return f"{_starts(repeats)}\n\n{asyncio.run(_verbs(large_log(), repeats))}"


def _starts(repeats: int) -> str:
    servers = {"bare, same SDK": [sys.executable, "-P", "-c", BARE], "rlm-ls mcp": server(Path.cwd())}
    took: dict[str, list[float]] = {name: [] for name in servers}
    for command in servers.values():  # once without counting: byte code and the disk's cache
        _start(command)
    # Interleaved, so that a busy moment of the machine falls on both.
    for _ in range(repeats):
        for name, command in servers.items():
            took[name].append(_start(command) * 1000)
    ratio = median(took["rlm-ls mcp"]) / median(took["bare, same SDK"])
    rows = [[name, spread(values)] for name, values in took.items()]
    return table(["server", "ms to initialize"], [*rows, ["ratio of medians", f"{ratio:.2f}"]])


def _start(command: list[str]) -> float:
    """Seconds from spawning to the answer."""
    started = time.perf_counter()
    with Lines(command) as wire:
        wire.request("initialize", INITIALIZE)
        return time.perf_counter() - started


async def _verbs(path: Path, repeats: int) -> str:
    rows = []
    with Lines(server(path.parent), RLM_LEVELS="dsl") as wire:
        wire.request("initialize", INITIALIZE)
        wire.notify("notifications/initialized")
        session = wire.call("open", paths=[str(path)])["session"]
        async with SearchPool() as pool:
            scope = Scope(kind="document", files=(path.as_uri(),))
            async with await Context.take(scope, pool) as context:
                search = Search(context, pool, deadline_seconds=120)
                for name, (script, verb) in VERBS.items():
                    inside, by_tool = [], []
                    # Interleaved, as above. The first of each is not counted: the workers' first steps.
                    for number in range(repeats + 1):
                        started = time.perf_counter()
                        await verb(search)
                        between = time.perf_counter()
                        # A session ends that three times does the same.
                        wire.call("run", session=session, script=f"{script}  # {number}")
                        inside.append((between - started) * 1000)
                        by_tool.append((time.perf_counter() - between) * 1000)
                    del inside[0], by_tool[0]
                    ratio = f"{median(by_tool) / median(inside):.2f}"
                    rows.append([name, spread(inside), spread(by_tool), ratio])
    size = path.stat().st_size / 1e6
    return table(["verb", "ms in process", "ms by the tool `run`", "ratio"], rows) + f"\n\nOver {size:.0f} MB."
