"""Charges that wait for their moment, and those that were given up."""

import heapq
import itertools
import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ChargeTask:
    """`due` is when to try; `attempts` is how often it was tried already."""

    order_id: str
    cents: int
    key: str
    due: float
    attempts: int = 0
    last_error: str = ""

    def again(self, due: float, error: str) -> "ChargeTask":
        return replace(self, due=due, attempts=self.attempts + 1, last_error=error)


class ChargeQueue:
    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, ChargeTask]] = []
        self._count = itertools.count()
        self._dead: list[ChargeTask] = []
        self._lock = threading.Lock()

    def put(self, task: ChargeTask) -> None:
        with self._lock:
            heapq.heappush(self._waiting, (task.due, next(self._count), task))

    def take(self, now: float) -> ChargeTask | None:
        """The task that is due the longest, or None."""
        with self._lock:
            if self._waiting and self._waiting[0][0] <= now:
                return heapq.heappop(self._waiting)[2]
            return None

    def bury(self, task: ChargeTask) -> None:
        """Give up. Buried tasks are shown in the back office and never come back by themselves."""
        with self._lock:
            self._dead.append(task)

    @property
    def dead(self) -> tuple[ChargeTask, ...]:
        with self._lock:
            return tuple(self._dead)

    def __len__(self) -> int:
        return len(self._waiting)
