"""The run's event stream: every event is durable first, then told to whoever listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rlm_ls.engine.events import AnyEvent, TextStreamed

Listener = Callable[[AnyEvent], None]
"""Called on the event loop with each event, in order. Must return at once and must not raise."""


class EventStore(Protocol):
    """What the journal needs of the store: `append` returns once the event is durable."""

    async def append(self, run_id: str, seq: int, type: str, event: dict[str, object]) -> None: ...


Redact = Callable[[dict[str, object]], dict[str, object]]


@dataclass(slots=True)
class Journal:
    run_id: str
    store: EventStore
    listener: Listener
    redact: Redact
    started: float = field(default_factory=time.monotonic)
    seq: int = 0
    _writing: list[asyncio.Task[None]] = field(default_factory=list)

    async def emit(self, event: AnyEvent) -> None:
        """Store, then tell. Returns when both are done, so that what follows may act upon it."""
        stamped = self._stamp(event)
        await self.settle()
        await self._store(stamped)
        self.listener(stamped)

    def tell(self, event: AnyEvent) -> None:
        """Tell at once; the write is awaited by the next `emit`. For events that nothing depends on."""
        if isinstance(event, TextStreamed):
            self.listener(event.model_copy(update={"run_id": self.run_id, "at": self._at(), "seq": self.seq}))
            return
        stamped = self._stamp(event)
        self._writing.append(asyncio.create_task(self._store(stamped)))
        self.listener(stamped)

    async def settle(self) -> None:
        """Wait until everything told is stored."""
        writing, self._writing = self._writing, []
        for task in writing:
            await task

    def _stamp(self, event: AnyEvent) -> AnyEvent:
        self.seq += 1
        return event.model_copy(update={"run_id": self.run_id, "seq": self.seq, "at": self._at()})

    def _at(self) -> float:
        return round(time.monotonic() - self.started, 4)

    async def _store(self, event: AnyEvent) -> None:
        await self.store.append(self.run_id, event.seq, event.type, self.redact(event.wire()))
