"""Saves what a worker has covered every so often: workers end by being killed, and then nothing can be saved.

`./dev test --coverage` has each Python of its environment run this at its start. By a timer's signal, since that is
heard by the thread that is measured: to save from another one crashes.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress

EVERY_SECONDS = 0.3
WORTH_SECONDS = 0.01
"""Of processor time since it was saved last: an idle worker has nothing new, and there may be dozens."""

_saved = 0.0


def _save(*_: object) -> None:
    import coverage

    global _saved
    if time.process_time() - _saved < WORTH_SECONDS:
        return
    if (current := coverage.Coverage.current()) is not None:
        with suppress(Exception):  # the process may be ending
            current.save()
    _saved = time.process_time()


if any(argument.endswith("worker") for argument in sys.orig_argv):
    signal.signal(signal.SIGALRM, _save)
    signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)
