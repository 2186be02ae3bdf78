"""Asking at the terminal before a run spends more than `budget.askAboveUsd`."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from rlm_ls.cli.screen import Screen
from rlm_ls.cli.session import err
from rlm_ls.engine.consent import Ask


def consent(screen: Screen, *, yes: bool) -> Ask | None:
    """The engine's `consent`: `yes` agrees beforehand; None where nobody sits at a terminal."""
    if yes:
        return _agree
    if not (sys.stdin.isatty() and err.is_terminal):
        return None

    async def ask(question: str) -> bool:
        with screen.paused():
            err.print(f"{question} [y/N] ", end="", markup=False)
            return (await _line()).strip().lower() in {"y", "yes"}

    return ask


async def _agree(_: str) -> bool:
    return True


async def _line() -> str:
    """A line typed at the terminal. A daemon thread waits for it: Ctrl-C ends the run and not the reading."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def told(line: str) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        # Not through sys.stdin: Python cannot end while a thread holds that one's lock.
        line = os.read(sys.stdin.fileno(), 1024)
        try:
            loop.call_soon_threadsafe(told, line.decode("utf-8", "replace"))
        except RuntimeError:
            return  # the command has ended meanwhile

    threading.Thread(target=read, name="rlm-consent", daemon=True).start()
    return await typed
