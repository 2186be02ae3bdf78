"""The processes that a test started: those of this worker, without what earlier tests and fixtures left running."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil


def descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def alive(process: psutil.Process) -> bool:
    """Whether it runs still: one that ended and that nobody has waited for does not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def works(process: psutil.Process) -> bool:
    """Whether it takes processor time at this moment, as an endless loop does."""
    with suppress(psutil.Error):
        before = process.cpu_times().user
        time.sleep(0.05)
        return process.cpu_times().user > before
    return False
