"""Persistent worker processes for everything that touches a document's bytes.

One request is in flight per worker; whoever asked owns the worker until it has answered. A worker
that is late, or whose request was cancelled, is killed and a new one is started when needed: no engine can be
interrupted inside a call, a process can.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import subprocess
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any, ClassVar

from rlm_ls import errors
from rlm_ls.context.workers.mapping import in_order
from rlm_ls.context.workers.piece import File
from rlm_ls.context.workers.protocol import PIECE, Arrived, Payload
from rlm_ls.context.workers.worker import HEADER, Reply, frame
from rlm_ls.errors import RemoteFailed, RlmError, SearchFailed, SearchTimeout
from rlm_ls.isolation import PLACE, python

START_SECONDS = 30.0
"""For a worker to be there. It does not count for the deadline: on a busy machine that would be over before it."""

ALLOCATING = {"MALLOC_MMAP_THRESHOLD_": str(8 << 20), "MALLOC_TRIM_THRESHOLD_": str(16 << 20)}
"""For glibc: a worker keeps what it let go of a window for the next one. As it is, memory for each block that was
measured was asked of the system anew, which took a third of the time."""

GRACE_SECONDS = 0.5
"""How long after its deadline a worker may take to hand in a partial result before it is killed."""


class Worker:
    """One child process. Not to be asked twice at once."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._reading = asyncio.Lock()

    @classmethod
    async def start(cls, module: str) -> Worker:
        # A file named like one of our imports, in the folder the server was started in, must not be imported.
        process = await asyncio.create_subprocess_exec(
            *python("-m", module),
            cwd=PLACE,
            env={**ALLOCATING, **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Away from the terminal: Ctrl-C is told to those who have something to end, not to every process.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, request: bytes) -> bytes:
        """The reply to a request, both pickled; the request in its frame."""
        async with self._reading:
            self._stdin.write(request)
            await self._stdin.drain()
            (length,) = HEADER.unpack(await self._stdout.readexactly(HEADER.size))
            return await self._stdout.readexactly(length)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._stdin.close()

    async def ended(self) -> None:
        # A reply that nobody took may stand in the pipe, and `wait` returns only when the pipe has come to its end.
        async with self._reading:
            while await self._stdout.read(1 << 16):
                pass
        await self._process.wait()


class SearchPool:
    """`size` workers shared by every run of one event loop; started when first needed.

    Operations are named `module.function` of `rlm_ls.context.ops`. Errors they raise arrive as the same RlmError.
    `worker` is the module that a child process runs: a subclass may have other operations.
    """

    in_place: ClassVar[int | None] = None
    cluster: ClassVar[str] = ""
    programs: ClassVar[None] = None
    worker: ClassVar[str] = "rlm_ls.context.workers.worker"

    def __init__(self, size: int | None = None) -> None:
        self.size = size or os.cpu_count() or 2
        self._slots = asyncio.Semaphore(self.size)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def ready(self) -> None:
        """Processes of this machine need no preparation."""

    async def hosts(self, name: str) -> tuple[str, ...]:
        raise RemoteFailed(
            "Addresses that begin with node:// are of files on a cluster's nodes, and no cluster is named.",
            "Name it: --cluster tls://…, or cluster.address in your own settings.",
        )

    def piece_bytes(self, file: File) -> int:
        return PIECE

    def place(self, payload: Payload) -> str:
        return ""

    def width(self, place: str) -> int:
        return self.size

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        """The operation's result.

        Raises SearchTimeout when it is not there in time, SearchFailed when its worker died, and whatever RlmError
        the operation raised. Cancelling kills the worker at once.
        """
        end = time.monotonic() + deadline_seconds
        try:
            async with asyncio.timeout(deadline_seconds + GRACE_SECONDS) as limit, self._slots:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                limit.reschedule(asyncio.get_running_loop().time() + START_SECONDS)
                worker = await self._worker()
                limit.reschedule(asyncio.get_running_loop().time() + left + GRACE_SECONDS)
                return result(pickle.loads(await self._ask(worker, frame((operation, payload, left)))))
        except TimeoutError:
            raise late(deadline_seconds) from None

    async def forward(self, request: bytes, seconds: float) -> bytes:
        """The reply to a request that another machine sent, both pickled, the request in its frame; neither is read
        here.

        Raises TimeoutError, SearchFailed when its worker died. Cancelling kills the worker at once.
        """
        async with asyncio.timeout(seconds + GRACE_SECONDS), self._slots:
            return await self._ask(await self._worker(), request)

    def map(
        self, operation: str, payloads: Iterable[Payload], deadline_seconds: float, arrived: Arrived | None = None
    ) -> AsyncGenerator[Any | SearchTimeout, None]:
        return in_order(self.call, self.width, operation, payloads, deadline_seconds, arrived=arrived)

    async def close(self) -> None:
        """Kills every worker and waits until they have ended."""
        self._closed = True
        for worker in list(self._all):
            self._drop(worker)
        await asyncio.gather(*self._ending)

    async def __aenter__(self) -> SearchPool:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, worker: Worker, request: bytes) -> bytes:
        reply = await self._exchange(worker, request)
        if not self._closed:
            self._idle.append(worker)
        return reply

    async def _exchange(self, worker: Worker, request: bytes) -> bytes:
        """A worker that does not reply is killed."""
        try:
            return await worker.ask(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._drop(worker)
            raise SearchFailed(
                "A search worker ended unexpectedly (out of memory, or killed).",
                "Try again with a smaller region.",
            ) from None
        except BaseException:
            self._drop(worker)
            raise

    async def _worker(self) -> Worker:
        """One that is idle, or a new one."""
        if self._closed:
            raise SearchFailed("The server is shutting down.")
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._drop(worker)
        worker = await Worker.start(self.worker)
        self._all.add(worker)
        if self._closed:
            await self._drop(worker)
            raise SearchFailed("The server is shutting down.")
        return worker

    def _drop(self, worker: Worker) -> asyncio.Task[None]:
        """Kills it. The task is done when it has ended and its pipes are closed."""
        self._all.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        worker.kill()
        ending = asyncio.create_task(worker.ended())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return ending


def result(reply: Reply) -> Any:
    """What a worker's reply says. Raises the RlmError that its operation raised, or SearchFailed."""
    status, value = reply
    if status == "done":
        return value
    if status == "error":
        name, message, remedy = value
        kind = getattr(errors, name, None)
        if not (isinstance(kind, type) and issubclass(kind, RlmError) and kind.__init__ is RlmError.__init__):
            kind = RlmError
        raise kind(message, remedy)
    raise SearchFailed(f"A search failed inside ({value}).", "Try a different search; please report this one.")


def late(seconds: float) -> SearchTimeout:
    return SearchTimeout(
        f"The search was not done after {seconds:g} seconds.",
        "Narrow it: a smaller region, a more selective or simpler pattern.",
    )
