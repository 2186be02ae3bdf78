"""The end of the process, also when the event loop is stuck: a watchdog that needs neither loop nor interpreter."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

SECONDS = 1.9
"""Seconds from the signal to end until the process has ended, whatever it is doing."""

_armed: list[int] = []
"""The descriptor that the watchdog's last message goes to, in place of the terminal."""


BEFORE = 0.2
"""Seconds before the watchdog's end in which an end with another exit code than its own is tried."""


def end_soon(code: int = 1) -> None:
    """End the process in SECONDS, unless it has ended by then. Only the first call counts.

    faulthandler's watchdog thread is plain C: it ends the process even while Python code, or a regular expression, runs
    forever; its exit code is 1. Another `code` is an alarm's work, which all but the worst of that lets through; only
    the main thread may ask for it.
    """
    if _armed:
        return
    _armed.append(os.open(os.devnull, os.O_WRONLY))
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=_armed[0])
    if code != 1 and sys.platform != "win32":
        signal.signal(signal.SIGALRM, lambda *_: os._exit(code))
        signal.setitimer(signal.ITIMER_REAL, SECONDS - BEFORE)


def on_signals(numbers: Iterable[int], tell: Callable[[], object], code: int = 1) -> None:
    """Call `tell` at one of these signals, in the main thread between two steps of whatever runs there; the process
    ends soon after, with `code` if it does not end by itself.

    (asyncio's own handlers run on the event loop only, which may be stuck.)
    """

    def told(_number: int, _frame: object) -> None:
        end_soon(code)
        tell()

    for number in numbers:
        signal.signal(number, told)


def end_process(code: int) -> NoReturn:
    """Not sys.exit: that waits for threads, and a library's thread may be in the middle of a long call.

    All that is ours has been closed, and what is left ends with the process.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # its reader has gone, it is closed, there is none
            stream.flush()
    os._exit(code)
