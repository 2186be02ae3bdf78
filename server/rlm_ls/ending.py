"""The end of the process, also when the event loop is stuck: a watchdog that needs neither loop nor interpreter."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Iterable

SECONDS = 1.9
"""From being told to end until the process has ended, whatever it is doing."""

_armed: list[int] = []
"""The descriptor that keeps the watchdog's last words from the terminal."""


def end_soon() -> None:
    """The process ends itself in SECONDS, unless it has ended by then. The first call counts.

    faulthandler's thread is plain C: it ends the process while Python code, or a regular expression, goes on for ever.
    """
    if not _armed:
        _armed.append(os.open(os.devnull, os.O_WRONLY))
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=_armed[0])


def on_signals(numbers: Iterable[int], tell: Callable[[], object]) -> None:
    """At one of these signals `tell` is called, in the main thread between two steps of whatever runs there, and the
    process ends soon. (asyncio's own handlers run on the loop only, and a stuck loop never comes to them.)"""

    def told(_number: int, _frame: object) -> None:
        end_soon()
        tell()

    for number in numbers:
        signal.signal(number, told)
