"""A cache in front of the stock service: fresh for `ttl`, usable when stale for `max_stale` if a refresh fails."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from larder.clock import Clock

log = logging.getLogger(__name__)
K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Slot(Generic[V]):
    value: V
    stored: float


class StaleCache(Generic[K, V]):
    """Least recently used items go first when there are more than `max_items`."""

    def __init__(
        self, load: Callable[[K], V], clock: Clock, ttl: float = 30.0, max_stale: float = 300.0, max_items: int = 20_000
    ) -> None:
        self._load = load
        self._clock = clock
        self._ttl = ttl
        self._max_stale = max_stale
        self._max_items = max_items
        self._slots: OrderedDict[K, Slot[V]] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key: K) -> V:
        slot = self._slots.get(key)
        age = self._clock.now() - slot.stored if slot else 0.0
        if slot and age < self._ttl:
            self.hits += 1
            self._slots.move_to_end(key)
            return slot.value
        self.misses += 1
        try:
            value = self._load(key)
        except Exception:
            if slot and age < self._max_stale:
                log.warning("refresh of %r failed; serving a value %.0f s old", key, age)
                return slot.value
            raise
        self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        self._slots[key] = Slot(value, self._clock.now())
        self._slots.move_to_end(key)
        while len(self._slots) > self._max_items:
            self._slots.popitem(last=False)

    def forget(self, key: K) -> None:
        self._slots.pop(key, None)
