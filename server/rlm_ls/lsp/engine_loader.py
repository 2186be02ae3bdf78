"""Opens the engine at the first question: importing it takes longer than everything else in the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from rlm_ls.lsp.configuration import Configuration

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine


class EngineLoader:
    """Opens the engine once, for all who ask at the same time; tries again after a failure."""

    def __init__(self, configuration: Configuration, prepare: Callable[[Engine], None]) -> None:
        self._configuration = configuration
        self._prepare = prepare
        self._opening: asyncio.Task[Engine] | None = None

    async def engine(self) -> Engine:
        """Raises what opening the settings or the store raises (StoreFailed)."""
        if self._opening is None or _failed(self._opening):
            self._opening = asyncio.ensure_future(self._open())
        # One asker who gives up must not take the engine from the others.
        engine = await asyncio.shield(self._opening)
        await self._configuration.settled()
        return engine

    def opened(self) -> Engine | None:
        """The engine if it is there already."""
        opening = self._opening
        return None if opening is None or not opening.done() or _failed(opening) else opening.result()

    async def close(self) -> None:
        if self._opening is None:
            return
        if not self._opening.done():
            self._opening.cancel()
        await asyncio.wait([self._opening])
        if not _failed(self._opening):
            await self._opening.result().close()

    async def _open(self) -> Engine:
        # In a thread: the loop stays live while a second's worth of modules is imported.
        await asyncio.get_running_loop().run_in_executor(None, import_module, "rlm_ls.engine.engine")
        from rlm_ls.engine.engine import Engine

        engine = await Engine.open(settings=await self._configuration.load())
        self._prepare(engine)
        self._configuration.on_change = self._apply
        if engine.store.warning:
            self._configuration.warn(engine.store.warning)
        return engine

    async def _apply(self) -> None:
        settings = await self._configuration.load()
        engine = self.opened()
        if engine is not None:
            engine.settings = settings


def _failed(opening: asyncio.Task[Engine]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)
