from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Gates:
    def __init__(self, width: int = 16) -> None:
        self._gate = asyncio.Semaphore(width)

    @asynccontextmanager
    async def slot(self, model: Any) -> AsyncIterator[None]:
        async with self._gate:
            yield
