"""A deadline that code deep inside an operation can ask about."""

from __future__ import annotations

import time


class Deadline:
    """`late()` becomes True once `seconds` have passed and stays so; `stopped` is whether `late()` has returned True.
    `armed` is for code that also sets an alarm for the deadline."""

    __slots__ = ("_end", "armed", "stopped")

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.stopped = False
        self.armed = False

    def left(self) -> float:
        """Seconds left, not below 0."""
        return max(0.0, self._end - time.monotonic())

    def late(self) -> bool:
        if not self.stopped and time.monotonic() >= self._end:
            self.stopped = True
        return self.stopped
