"""A small persistent retry queue for outgoing webhooks.

Deliveries that fail are put back with a growing delay until they either
succeed or run out of attempts, after which they land in the dead-letter list.
"""

from __future__ import annotations

import heapq
import json
import logging
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Optional

log = logging.getLogger(__name__)

DEFAULT_MAX_ATTEMPTS = 7
BASE_DELAY = 1.5
MAX_DELAY = 900.0
JITTER = 0.2


class QueueError(Exception):
    """Base class of everything this module raises on its own."""


class QueueFull(QueueError):
    pass


class UnknownDelivery(QueueError, KeyError):
    pass


@dataclass(order=True)
class Delivery:
    due: float
    id: str = field(compare=False)
    url: str = field(compare=False)
    body: dict = field(compare=False, default_factory=dict)
    attempts: int = field(compare=False, default=0)
    last_error: Optional[str] = field(compare=False, default=None)

    def to_json(self) -> str:
        return json.dumps(self.__dict__, sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> "Delivery":
        return cls(**json.loads(line))


def backoff(attempt: int, base: float = BASE_DELAY, cap: float = MAX_DELAY) -> float:
    """Seconds to wait before the given attempt (1 is the first retry)."""
    if attempt < 1:
        raise ValueError("attempt counts from 1")
    delay = min(cap, base * 2 ** (attempt - 1))
    return delay * (1 + random.uniform(-JITTER, JITTER))


def parse_retry_after(value: str) -> float:
    # only the seconds form; HTTP dates are not worth the trouble here
    seconds = float(value)
    if seconds < 0:
        raise ValueError("negative Retry-After")
    return seconds


class RetryQueue:
    def __init__(
        self,
        send: Callable[[Delivery], int],
        path: Optional[Path] = None,
        capacity: int = 2500,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._send = send
        self._path = path
        self._capacity = capacity
        self._max_attempts = max_attempts
        self._clock = clock
        self._heap: list[Delivery] = []
        self._dead: list[Delivery] = []

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(sorted(self._heap))

    @property
    def dead(self) -> tuple[Delivery, ...]:
        return tuple(self._dead)

    def push(self, id: str, url: str, body: dict, delay: float = 0.0) -> Delivery:
        if len(self._heap) >= self._capacity:
            raise QueueFull(f"{self._capacity} deliveries are waiting already")
        if not url.startswith("https://"):
            raise ValueError(f"refusing to send to {url!r}")
        item = Delivery(self._clock() + delay, id, url, body)
        heapq.heappush(self._heap, item)
        return item

    def cancel(self, id: str) -> Delivery:
        for i, item in enumerate(self._heap):
            if item.id == id:
                self._heap.pop(i)
                heapq.heapify(self._heap)
                return item
        raise UnknownDelivery(id)

    def run_due(self, limit: int = 50) -> int:
        """Send what is due, at most `limit`; returns how many succeeded."""
        done = 0
        now = self._clock()
        while self._heap and limit > 0 and self._heap[0].due <= now:
            item = heapq.heappop(self._heap)
            limit -= 1
            try:
                status = self._send(item)
            except OSError as exc:
                self._retry(item, str(exc))
                continue
            if status < 300:
                done += 1
            elif status == 410:
                log.info("endpoint of %s is gone, dropping", item.id)
                self._bury(item, "gone")
            else:
                self._retry(item, f"HTTP {status}")
        return done

    def _retry(self, item: Delivery, error: str) -> None:
        item.attempts += 1
        item.last_error = error
        if item.attempts >= self._max_attempts:
            log.warning("giving up on %s after %d attempts", item.id, item.attempts)
            self._bury(item, error)
            return
        item.due = self._clock() + backoff(item.attempts)
        heapq.heappush(self._heap, item)

    def _bury(self, item: Delivery, reason: str) -> None:
        item.last_error = reason
        self._dead.append(item)

    def save(self) -> None:
        if self._path is None:
            raise QueueError("this queue has no file")
        tmp = self._path.with_suffix(".tmp")
        with tmp.open("w", encoding="utf-8") as fh:
            for item in self:
                fh.write(item.to_json() + "\n")
        tmp.replace(self._path)

    def load(self) -> int:
        if self._path is None or not self._path.exists():
            return 0
        with self._path.open(encoding="utf-8") as fh:
            self._heap = [Delivery.from_json(line) for line in fh if line.strip()]
        heapq.heapify(self._heap)
        return len(self._heap)
