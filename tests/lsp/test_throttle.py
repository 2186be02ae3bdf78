"""Bursts become few messages, none is stale, the last one is always sent."""

from __future__ import annotations

import asyncio

from rlm_ls.lsp.jobs.throttle import Throttle


class Gathered:
    """Counts touches, and notes how many had gathered at each flush."""

    def __init__(self, interval: float) -> None:
        self.count = 0
        self.sent: list[int] = []
        self.pace = Throttle(lambda: self.sent.append(self.count), interval)

    def touch(self) -> None:
        self.count += 1
        self.pace.touch()


async def test_the_first_is_sent_at_once() -> None:
    gathered = Gathered(60)
    gathered.touch()
    assert gathered.sent == [1]


async def test_a_burst_becomes_the_first_and_the_last() -> None:
    gathered = Gathered(60)
    for _ in range(1000):
        gathered.touch()
    assert gathered.sent == [1]
    gathered.pace.close()
    assert gathered.sent == [1, 1000]


async def test_what_gathers_is_sent_when_the_interval_is_over() -> None:
    gathered = Gathered(0.01)
    gathered.touch()
    gathered.touch()
    await asyncio.sleep(0.2)
    assert gathered.sent == [1, 2]


async def test_nothing_is_sent_after_the_close() -> None:
    gathered = Gathered(0.001)
    gathered.touch()
    gathered.pace.close()
    gathered.touch()
    await asyncio.sleep(0.01)
    assert gathered.sent == [1]
