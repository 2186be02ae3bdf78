"""Many calls of one operation side by side, their results in order."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from rlm_ls.context.document import ANYWHERE
from rlm_ls.context.workers.protocol import Arrived, Payload
from rlm_ls.errors import SearchTimeout

HELD = 20_000
"""Payloads that may wait for processes of their own while others are drawn past them."""


def _any(_: Payload) -> str:
    return ""


async def in_order(
    call: Callable[[str, Payload, float], Awaitable[Any]],
    width: Callable[[str], int],
    operation: str,
    payloads: Iterable[Payload],
    deadline_seconds: float,
    place: Callable[[Payload], str] = _any,
    arrived: Arrived | None = None,
) -> AsyncGenerator[Any | SearchTimeout, None]:
    """`Pool.map` by `call`: `width("")` at once in all, and `width(host)` of the payloads whose `place` is a host."""
    end = time.monotonic() + deadline_seconds
    source = iter(payloads)
    running: dict[asyncio.Future[Any], tuple[int, str]] = {}
    busy: Counter[str] = Counter()
    waiting: dict[str, deque[tuple[int, Payload]]] = {}
    ready: dict[int, Any] = {}
    drawn = wanted = 0

    def has_room(where: str) -> bool:
        return len(running) < width("") if where in ("", ANYWHERE) else busy[where] < width(where)

    def start(number: int, payload: Payload, where: str) -> None:
        # Not a TaskGroup: a generator may not yield inside one. `finally` is the owner of these tasks.
        one = call(operation, payload, max(0.0, end - time.monotonic()))
        running[asyncio.ensure_future(one)] = number, where
        busy[where] += 1

    try:
        while True:
            for where, those in waiting.items():
                while those and has_room(where):
                    start(*those.popleft(), where)
            while (
                has_room("") and sum(map(len, waiting.values())) < HELD and (payload := next(source, None)) is not None
            ):
                where = place(payload)
                if has_room(where):
                    start(drawn, payload, where)
                else:
                    waiting.setdefault(where, deque()).append((drawn, payload))
                drawn += 1
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                number, where = running.pop(task)
                busy[where] -= 1
                ready[number] = result = _result(task)
                if arrived is not None and not isinstance(result, SearchTimeout):
                    arrived(result)
            while wanted in ready:
                yield ready.pop(wanted)
                wanted += 1
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _result(task: asyncio.Future[Any]) -> Any | SearchTimeout:
    try:
        return task.result()
    except SearchTimeout as late:
        return late
