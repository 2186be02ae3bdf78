"""The user at a terminal: whether there is one, and reading what they type."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from rlm_ls.cli.terminal.console import err


def is_interactive() -> bool:
    return sys.stdin.isatty() and err.is_terminal


async def typed_line() -> str:
    """Reads one line from the terminal. A daemon thread waits for it, so that Ctrl-C can end the run without waiting
    for the line."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def show_result(line: str) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        # Not through sys.stdin: Python cannot end while a thread holds that one's lock.
        line = os.read(sys.stdin.fileno(), 1024)
        try:
            loop.call_soon_threadsafe(show_result, line.decode("utf-8", "replace"))
        except RuntimeError:
            return  # the command has ended meanwhile

    threading.Thread(target=read, name="rlm-typing", daemon=True).start()
    return await typed
