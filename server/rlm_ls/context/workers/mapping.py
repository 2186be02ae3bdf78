"""Many calls of one operation side by side, their results in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from rlm_ls.context.workers.protocol import Payload
from rlm_ls.errors import SearchTimeout


async def in_order(
    call: Callable[[str, Payload, float], Awaitable[Any]],
    width: Callable[[], int],
    operation: str,
    payloads: Iterable[Payload],
    deadline_seconds: float,
) -> AsyncGenerator[Any | SearchTimeout, None]:
    """`Pool.map` by `call`, `width()` at once."""
    end = time.monotonic() + deadline_seconds
    source = iter(payloads)
    running: dict[asyncio.Future[Any], int] = {}
    ready: dict[int, Any] = {}
    started = wanted = 0
    try:
        while True:
            while len(running) < width() and (payload := next(source, None)) is not None:
                # Not a TaskGroup: a generator may not yield inside one. `finally` is the owner of these tasks.
                one = call(operation, payload, max(0.0, end - time.monotonic()))
                running[asyncio.ensure_future(one)] = started
                started += 1
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                ready[running.pop(task)] = _result(task)
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
