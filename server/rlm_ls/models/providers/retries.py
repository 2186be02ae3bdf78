"""How long a call is waited for, how often it is tried, and the pause that one endpoint's refusals impose on all."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a call is waited for, in seconds, and how often it is tried.

    `silence` is between two pieces of a reply (and before the first); waits between tries double from `backoff`, with
    jitter. `busy_tries` are for a provider that limits calls (429): it did not fail, it only wants them later. One that
    asks for more than `longest_wait` gets no further try.
    """

    connect: float = 10.0
    silence: float = 120.0
    tries: int = 4
    busy_tries: int = 8
    backoff: float = 0.5
    longest_wait: float = 60.0

    def wait(self, attempt: int) -> float:
        """Seconds after the failed try number `attempt`, from 1."""
        return min(self.backoff * (1 << (attempt - 1)) * random.uniform(0.5, 1.5), self.longest_wait)


class Pause:
    """The pause after an endpoint answered 429: all callers of the endpoint wait, not only the one that got the answer.

    Each refusal of a request sent after the last pause began doubles the next one; refusals of requests that were
    already under way then count as the same one. An answer ends the doubling.
    """

    __slots__ = ("_began", "_seconds", "_until", "streak")

    def __init__(self) -> None:
        self._began = self._until = self._seconds = 0.0
        self.streak = 0

    async def over(self) -> None:
        """Wait until calls are welcome again; not all at the same moment."""
        while (left := self._until - time.monotonic()) > 0:  # noqa: ASYNC110, another refusal may prolong it
            await asyncio.sleep(left + random.uniform(0, 0.2) * self._seconds)

    def refused(self, sent: float, asked: float | None, retry_policy: RetryPolicy) -> None:
        """A request sent at `sent` (monotonic) was refused; `asked` is its Retry-After in seconds, if it had one."""
        now = time.monotonic()
        if sent >= self._began:
            self.streak += 1
            self._began = now
        backoff = retry_policy.wait(min(self.streak, 8)) if asked is None else asked
        self._seconds = min(backoff, retry_policy.longest_wait)
        self._until = max(self._until, now + self._seconds)

    def answered(self) -> None:
        self.streak = 0


_pauses: dict[str, Pause] = {}


def pause(endpoint: str) -> Pause:
    """The one Pause of an endpoint in this process, whichever run or model asks there."""
    return _pauses.setdefault(endpoint, Pause())
