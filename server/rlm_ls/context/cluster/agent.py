"""What runs on a node, inside the engine's own worker: search processes, which unlike its tasks can be killed.

A node is sent the name of an operation and its arguments, and hands on what its processes reply; it reads neither. It
stops a search when told to, and when nothing is heard any more of whoever asked for it.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar

from rlm_ls import __version__
from rlm_ls.context.cluster.replies import read
from rlm_ls.context.document import Source
from rlm_ls.context.remote.served import roots
from rlm_ls.context.workers.piece import File, Piece
from rlm_ls.context.workers.pool import SearchPool, result
from rlm_ls.context.workers.worker import frame
from rlm_ls.errors import SearchFailed

READERS = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
"""By scheme, the library that reads from such buckets."""

SAMPLE = 32 << 20
SAMPLE_SECONDS = 20.0

LEASE = 3.0
"""Seconds for which a search goes on without a word from its driver."""

MOST_STOPPED = 10_000
"""Searches that were stopped before they had come, and are not to begin."""

Outcome = tuple[str, bytes]
"""("reply", a pickled reply), ("late", b""), ("died", why), ("stopped", b"") or ("version", ours)."""


class ProgramProcesses(SearchPool):
    """Those that run compiled programs. Named and not imported: what they are is of another part of the package."""

    worker: ClassVar[str] = "rlm_ls.executors.compiled.wasm.worker"


@dataclass(slots=True)
class Agent:
    """One node's searches, and its programs. Jobs are named by their drivers, uniquely."""

    pool: SearchPool
    programs: SearchPool
    _running: dict[str, tuple[str, asyncio.Task[bytes]]] = field(default_factory=dict)
    _stopped: dict[str, None] = field(default_factory=dict)
    _heard: dict[str, float] = field(default_factory=dict)
    _watch: asyncio.Task[None] | None = None

    async def run(self, driver: str, job: str, request: bytes, seconds: float, program: bool) -> Outcome:
        self.hear(driver)
        if self._stopped.pop(job, job) is None:
            return "stopped", b""
        # A task of its own: the engine's cannot be cancelled.
        pool = self.programs if program else self.pool
        task = asyncio.create_task(pool.forward(request, seconds))
        self._running[job] = driver, task
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._expire())
        try:
            await asyncio.wait([task])
        finally:
            del self._running[job]
            task.cancel()
        if task.cancelled():
            return "stopped", b""
        error = task.exception()
        if error is None:
            return "reply", task.result()
        if isinstance(error, TimeoutError):
            return "late", b""
        return "died", (error.message if isinstance(error, SearchFailed) else type(error).__name__).encode()

    def stop(self, jobs: list[str]) -> None:
        """Ends these searches, and those of them that have yet to come."""
        for job in jobs:
            if (running := self._running.get(job)) is not None:
                running[1].cancel()
            else:
                self._stopped[job] = None
        while len(self._stopped) > MOST_STOPPED:
            del self._stopped[next(iter(self._stopped))]

    def hear(self, driver: str) -> None:
        self._heard[driver] = time.monotonic()

    async def _expire(self) -> None:
        while self._running:
            await asyncio.sleep(LEASE / 10)
            now = time.monotonic()
            for driver, task in list(self._running.values()):
                if now - self._heard.get(driver, 0.0) > LEASE:
                    task.cancel()
        self._heard.clear()


_agents: dict[str, Agent] = {}


def _agent(worker: Any) -> Agent:
    threads = worker.state.nthreads
    return _agents.setdefault(worker.address, Agent(SearchPool(threads), ProgramProcesses(threads)))


async def run(version: str, driver: str, job: str, request: bytes, seconds: float, program: bool) -> Outcome:
    """The task that a driver submits."""
    from distributed import get_worker

    if version != __version__:
        return "version", __version__.encode()
    return await _agent(get_worker()).run(driver, job, request, seconds, program)


def stop(jobs: list[str], dask_worker: Any) -> None:
    _agent(dask_worker).stop(jobs)


def hear(driver: str, dask_worker: Any) -> None:
    _agent(dask_worker).hear(driver)


async def speed(dask_worker: Any) -> float:
    """MB of text a second that one of this node's processes counts through: a text that the node makes itself."""
    line = b"2026-11-01T00:00:00 INFO nothing happened\n"
    with tempfile.NamedTemporaryFile() as file:
        size = await asyncio.to_thread(file.write, line * (SAMPLE // len(line)))
        file.flush()
        piece = Piece(0, File("sample", Source(file.name, 0, size)), 0, size, 0, size, (0, 0))
        asked = {"pieces": [piece], "pattern": "ERROR", "ignore_case": False, "multiline": False, "lines": False}
        request = frame(("matching.match.count", asked, SAMPLE_SECONDS))
        for _ in range(2):  # the first one starts the process
            began = time.monotonic()
            reply = await _agent(dask_worker).pool.forward(request, SAMPLE_SECONDS)
        if result(read(reply))[1] != size:
            raise RuntimeError("the sample was not searched to its end")
        return size / 1e6 / max(time.monotonic() - began, 1e-6)


def about(dask_worker: Any) -> dict[str, Any]:
    """What a node is, for whoever attaches: plain data."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "threads": dask_worker.state.nthreads,
        "cores": os.cpu_count() or 1,
        "host": platform.node(),
        "serves": roots(),
        "reads": [scheme for scheme, module in READERS.items() if find_spec(module) is not None],
    }
