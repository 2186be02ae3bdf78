"""Watches whether the editor's process lives. A crashed editor sends no `exit`, and its end of the pipe may have been
inherited."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

from rlm_ls.processes import is_alive

POLL = 2.0
"""Seconds between two looks where the system cannot tell by itself."""


async def watch(process: int, on_death: Callable[[], None]) -> None:
    """Call `on_death` when the process has ended. Returns at once when there is no such process to be seen.

    (A client in another container has a process id that means nothing here: that must not end the server.)
    """
    if sys.platform == "linux":
        await _watch_descriptor(process, on_death)
        return
    if not is_alive(process):
        return
    while is_alive(process):  # noqa: ASYNC110 - nobody sets an event for us here
        await asyncio.sleep(POLL)
    on_death()


async def _watch_descriptor(process: int, on_death: Callable[[], None]) -> None:
    if sys.platform != "linux":
        return
    try:
        descriptor = os.pidfd_open(process)
    except (OSError, OverflowError):
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
