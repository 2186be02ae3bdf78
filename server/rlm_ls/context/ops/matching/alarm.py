"""An alarm for Python's own regular expression engine, which nothing else can stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rlm_ls.context.workers.deadline import Deadline


class _TimeIsUp(Exception):
    pass


_inside = False


def _ring(*_: object) -> None:
    if _inside:
        raise _TimeIsUp


@contextmanager
def interruptible(deadline: Deadline) -> Iterator[None]:
    """Stops Python's backtracking engine at the deadline, by an alarm: the engine checks for signals while it runs.
    Where there are no such signals (Windows) the parent kills the worker instead. Not for code that yields."""
    global _inside
    if not deadline.armed and hasattr(signal, "setitimer"):
        deadline.armed = True
        signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, max(deadline.left(), 0.001))
    _inside = True
    try:
        yield
    except _TimeIsUp:
        deadline.late()
    finally:
        _inside = False
