"""Watches whether the editor's process lives. A crashed editor sends no `exit`, and its end of the pipe may have been
inherited."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

POLL = 2.0
"""Seconds between two looks where the system cannot tell by itself."""


async def watch(process: int, on_death: Callable[[], None]) -> None:
    """Call `on_death` when the process has ended. Returns at once when there is no such process to be seen.

    (A client in another container has a process id that means nothing here: that must not end the server.)
    """
    if sys.platform == "linux":
        await _watch_descriptor(process, on_death)
        return
    if not _alive(process):
        return
    while _alive(process):  # noqa: ASYNC110 - nobody sets an event for us here
        await asyncio.sleep(POLL)
    on_death()


async def _watch_descriptor(process: int, on_death: Callable[[], None]) -> None:
    if sys.platform != "linux":
        return
    try:
        descriptor = os.pidfd_open(process)
    except OSError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    on_death()


def _alive(process: int) -> bool:
    if sys.platform == "win32":
        # os.kill(pid, 0) would send Ctrl-C there.
        import ctypes

        synchronize, timed_out = 0x00100000, 0x102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        state = ctypes.windll.kernel32.WaitForSingleObject(handle, 0)
        ctypes.windll.kernel32.CloseHandle(handle)
        return bool(state == timed_out)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
