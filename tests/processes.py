"""The processes that a test started: those of this worker, without what earlier tests and fixtures left running."""

from __future__ import annotations

from contextlib import suppress

import psutil


def descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def alive(process: psutil.Process) -> bool:
    """Whether it runs still: one that ended and that nobody has waited for does not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
