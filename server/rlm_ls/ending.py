"""The end of the process, also when the event loop is stuck: a watchdog that needs neither loop nor interpreter."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Iterable

SECONDS = 1.9
"""Seconds from the signal to end until the process has ended, whatever it is doing."""

_armed: list[int] = []
"""The descriptor that the watchdog's last message goes to, in place of the terminal."""


def end_soon() -> None:
    """End the process in SECONDS, unless it has ended by then. Only the first call counts.

    faulthandler's watchdog thread is plain C: it ends the process even while Python code, or a regular expression, runs
    forever.
    """
    if not _armed:
        _armed.append(os.open(os.devnull, os.O_WRONLY))
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=_armed[0])


def on_signals(numbers: Iterable[int], tell: Callable[[], object]) -> None:
    """Call `tell` at one of these signals, in the main thread between two steps of whatever runs there; the process
    ends soon after.

    (asyncio's own handlers run on the event loop only, which may be stuck.)
    """

    def told(_number: int, _frame: object) -> None:
        end_soon()
        tell()

    for number in numbers:
        signal.signal(number, told)
