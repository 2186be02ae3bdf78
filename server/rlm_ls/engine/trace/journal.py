"""The run's event stream: every event is made durable first, then passed to the listener."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rlm_ls.engine.trace.events import PASSING, AnyEvent

log = logging.getLogger(__name__)

Listener = Callable[[AnyEvent], None]
"""Called on the event loop with each event, in order. Must return at once and must not raise."""


class EventStore(Protocol):
    """The part of the store that the journal uses. `append` returns once the event is durable, or as safe as it can
    be."""

    async def append(self, run_id: str, seq: int, type: str, event: dict[str, object]) -> None: ...


Redact = Callable[[dict[str, object]], dict[str, Any]]


@dataclass(slots=True)
class Journal:
    """`child` says whose events these are: "" for the run itself, "1", "1.2" for its descendants, in one stream."""

    run_id: str
    store: EventStore
    listener: Listener
    redact: Redact
    started: float = field(default_factory=time.monotonic)
    child: str = ""
    parent: Journal | None = None
    seq: int = 0
    children: int = 0
    _writing: list[asyncio.Task[None]] = field(default_factory=list)
    _queue: deque[_QueuedEvent] = field(default_factory=deque)

    def of_child(self) -> Journal:
        """The journal of a new child run: the same stream, the same store, the same numbers."""
        self.children += 1
        name = f"{self.child}.{self.children}" if self.child else str(self.children)
        return Journal(self.run_id, self.store, self.listener, self.redact, self.started, name, self._top)

    async def emit(self, event: AnyEvent) -> None:
        """Store the event, then pass it to the listener. Returns when both are done, so that the caller may act upon
        it."""
        top = self._top
        told = top._stamp(event, self.child)
        top._writing.append(asyncio.create_task(top._store(told.event)))
        try:
            await top.flush()
        except BaseException:
            top._queue.remove(told)  # what comes after is told all the same
            raise
        told.ready = True
        top._tell()

    def emit_nowait(self, event: AnyEvent) -> None:
        """Pass the event to the listener at once; the next `emit` waits for the write. For events that nothing depends
        on."""
        top = self._top
        if event.type in PASSING:
            told = {"run_id": self.run_id, "at": top._at(), "seq": top.seq, "child": self.child}
            self.listener(event.model_copy(update=told))
            return
        stamped = top._stamp(event, self.child)
        stamped.ready = True
        top._writing.append(asyncio.create_task(top._store(stamped.event)))
        top._tell()

    async def flush(self) -> None:
        """Wait until every event passed to the listener is stored."""
        top = self._top
        writing, top._writing = top._writing, []
        await asyncio.gather(*writing)

    @property
    def _top(self) -> Journal:
        return self if self.parent is None else self.parent

    def _stamp(self, event: AnyEvent, child: str) -> _QueuedEvent:
        self.seq += 1
        values = {"run_id": self.run_id, "seq": self.seq, "at": self._at(), "child": child}
        told = _QueuedEvent(event.model_copy(update=values))
        self._queue.append(told)
        return told

    def _tell(self) -> None:
        """Pass the queued events to the listener in the order of `seq`, whichever is stored first."""
        while self._queue and self._queue[0].ready:
            try:
                self.listener(self._queue.popleft().event)
            except Exception:  # whoever listens is no reason to lose a run
                log.exception("a listener failed")

    def _at(self) -> float:
        return round(time.monotonic() - self.started, 4)

    async def _store(self, event: AnyEvent) -> None:
        await self.store.append(self.run_id, event.seq, event.type, self.redact(event.wire()))


@dataclass(slots=True)
class _QueuedEvent:
    """An event on its way to the listener; not `ready` while it must be durable first and is not."""

    event: AnyEvent
    ready: bool = False
