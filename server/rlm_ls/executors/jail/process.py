"""A child process with an end: by itself, at a limit, or with whoever waits for it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MOST_ERRORS = 1 << 20
"""Bytes of standard error that are kept."""


@dataclass(frozen=True, slots=True)
class Ended:
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
) -> Ended:
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
    stopped: Literal["", "time", "output"] = ""
    written, errors = bytearray(), bytearray()
    try:
        async with asyncio.timeout(seconds):
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(_read(process.stdout, written, output))
                group.create_task(_read(process.stderr, errors, MOST_ERRORS, endless=True))
                if await reading:
                    stopped = "output"
                    _kill(process)
            await process.wait()
    except TimeoutError:
        stopped = "time"
    finally:
        # Its children too, and also after a good end: nothing of it stays behind.
        _kill(process)
        # A pipe that was not read to its end would keep its transport.
        for stream in (process.stdout, process.stderr):
            while await stream.read(1 << 16):
                pass
        await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, bytes(written), bytes(errors), time.monotonic() - started, stopped)


async def _read(stream: asyncio.StreamReader, into: bytearray, most: int, *, endless: bool = False) -> bool:
    """Read to the end, or until more than `most` bytes came (True); `endless` goes on, but keeps no more."""
    while piece := await stream.read(1 << 16):
        into += piece[: max(0, most - len(into))] if endless else piece
        if not endless and len(into) > most:
            return True
    return False


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
