"""A child process with an end: by itself, at a limit, or with whoever waits for it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

MOST_ERRORS = 1 << 20
"""Bytes of standard error that are kept."""


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """`status` is the exit status, or minus a signal's number. `stopped` says at which limit we ended it."""

    status: int
    output: bytes
    errors: bytes
    seconds: float
    stopped: Literal["", "time", "output"] = ""


async def run_to_end(
    argv: Sequence[str],
    *,
    seconds: float,
    output: int,
    stdin: int | None = None,
    pass_fds: Sequence[int] = (),
    environment: dict[str, str] | None = None,
) -> ProcessResult:
    """Run a program in a process group of its own, which does not outlive this call, whatever ends it.

    It is killed after so many wall seconds, or when it writes more than `output` bytes. Raises OSError when it cannot
    be started.
    """
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment or {},
        cwd="/",
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    written, errors = _Kept(output, lambda: _kill(process)), _Kept(MOST_ERRORS)
    late = False
    try:
        async with asyncio.timeout(seconds):
            async with asyncio.TaskGroup() as group:
                group.create_task(written.read(process.stdout))
                group.create_task(errors.read(process.stderr))
            await process.wait()
    except TimeoutError:
        late = True
    finally:
        # Its children too, and also after a good end: nothing of it stays behind.
        _kill(process)
        # `wait` returns only when both pipes have come to their end, which nobody looks for unless they are read.
        await _Kept(0).read(process.stdout)
        await _Kept(0).read(process.stderr)
        await process.wait()
    assert process.returncode is not None
    stopped: Literal["", "time", "output"] = "output" if written.over else "time" if late else ""
    return ProcessResult(
        process.returncode, bytes(written.data), bytes(errors.data), time.monotonic() - started, stopped
    )


class _Kept:
    """The first `most` bytes of a stream that is read to its end. `on_over` is called once, when more come."""

    def __init__(self, most: int, on_over: Callable[[], None] | None = None) -> None:
        self.data = bytearray()
        self.over = False
        self._most = most
        self._on_over = on_over

    async def read(self, stream: asyncio.StreamReader) -> None:
        while piece := await stream.read(1 << 16):
            room = self._most - len(self.data)
            self.data += piece[:room]
            if len(piece) > room and not self.over:
                self.over = True
                if self._on_over is not None:
                    self._on_over()


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        # The group is there as long as any of its members is, and its number is not used again before.
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # No permission: the only ones left are dead (macOS), or run as another user and die with their parent.
        if process.returncode is None:
            try:
                process.kill()
            except ProcessLookupError:
                pass
