"""At most so many requests a minute for each client: a token bucket that refills evenly."""

from larder.clock import Clock
from larder.errors import TooManyRequests


class RateLimit:
    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, client: str) -> None:
        """Take one token. Raises TooManyRequests."""
        now = self._clock.now()
        tokens, last = self._buckets.get(client, (float(self._per_minute), now))
        tokens = min(self._per_minute, tokens + (now - last) * self._per_minute / 60)
        if tokens < 1:
            raise TooManyRequests(f"more than {self._per_minute} requests a minute from {client}")
        self._buckets[client] = (tokens - 1, now)
