"""How many calls are under way at once: one limit for each endpoint, or for what the user named in models.limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rlm_ls.models.base import Model
from rlm_ls.models.providers.fallback import FallbackModel
from rlm_ls.settings.sections import Settings

PACE_SECONDS = 0.002
"""Seconds between two calls that are let through. Calls that are sent in one moment are also answered in one moment,
again and again, and each time sender and server wait for each other: 1,000 calls at width 64 and 200 ms then take 4 to
12 % longer."""


@dataclass(slots=True)
class EndpointLimit:
    places: asyncio.Semaphore
    opens: float = 0.0

    async def turn(self) -> None:
        """Wait until this call may go: a moment, where many come at once."""
        now = time.monotonic()
        mine = max(now, self.opens)
        self.opens = mine + PACE_SECONDS
        if mine > now:
            await asyncio.sleep(mine - now)


class ConcurrencyLimits:
    """Shared by all runs of one engine, on one event loop: `async with concurrency.slot(model): await
    model.complete(…)`.

    A key of models.limits is a pattern (`*`, `?`) for a model's name, its provider or its endpoint: all models that it
    fits share its width, and the first key that fits a model counts. Other models share models.concurrency by endpoint.
    """

    def __init__(self, settings: Settings) -> None:
        self._width = settings.models.concurrency
        self._limits = dict(settings.models.limits)
        self._gates: dict[tuple[str, str], EndpointLimit] = {}

    @asynccontextmanager
    async def slot(self, model: Model) -> AsyncIterator[None]:
        """Wait for a place, in the order of asking; a waiter that is cancelled leaves its place to the next."""
        gate = self._gate(model)
        async with gate.places:
            await gate.turn()
            yield

    def width(self, model: Model) -> int:
        """How many calls of `model` can be under way at once. A list with weights spreads over its members' limits."""
        if isinstance(model, FallbackModel):
            widths = {self._key(member): self.width(member) for member in model.members}
            return sum(widths.values()) if model.weights else next(iter(widths.values()))
        limit = self._limit(model)
        return self._width if limit is None else self._limits[limit]

    def _gate(self, model: Model) -> EndpointLimit:
        key = self._key(model)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = EndpointLimit(asyncio.Semaphore(self.width(model)))
        return gate

    def _key(self, model: Model) -> tuple[str, str]:
        if isinstance(model, FallbackModel):
            if model.weights is None:
                return self._key(model.members[0])  # the others are asked only where it fails
            keys = dict.fromkeys(self._key(member) for member in model.members)
            return next(iter(keys)) if len(keys) == 1 else ("list", repr(list(keys)))
        limit = self._limit(model)
        return ("endpoint", model.endpoint) if limit is None else ("limit", limit)

    def _limit(self, model: Model) -> str | None:
        called = {model.name.lower(), model.name.partition("/")[0].lower(), model.endpoint.lower()}
        fits = (key for key in self._limits if any(fnmatchcase(name, key.lower()) for name in called))
        return next(fits, None)
