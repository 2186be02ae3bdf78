"""At most so many messages a second, none of them stale and the last one always sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Throttle:
    """Calls `flush` soon after `touch`, at once when the last call is `interval` seconds ago, and never more often.

    `flush` sends what has gathered since; so a burst costs one message and nothing is lost.
    """

    def __init__(self, flush: Callable[[], None], interval: float) -> None:
        self._flush = flush
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def touch(self) -> None:
        if self._timer is not None or self._closed:
            return
        wait = self._next - self._loop.time()
        if wait <= 0:
            self._fire()
        else:
            self._timer = self._loop.call_later(wait, self._fire)

    def close(self) -> None:
        """Send what is still gathered; later touches do nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._fire()
        self._closed = True

    def _fire(self) -> None:
        self._timer = None
        self._next = self._loop.time() + self._interval
        self._flush()
