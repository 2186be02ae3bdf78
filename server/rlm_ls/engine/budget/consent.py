"""The user's consent to spend more than `budget.askAboveUsd`: asked for once in a run, whoever needs it first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

SETTING = "budget.askAboveUsd"

Ask = Callable[[str], Awaitable[bool]]
"""Puts a question to the user: True to go on. Cancelling it takes the question back. Raises NobodyToAsk."""


class NobodyToAsk(Exception):
    """There is no way to ask: no terminal, or a client that shows no questions."""


class Consent:
    """One for a run and all its children. `above` is in dollars, None: never ask; `limit` is the run's own.

    The user is asked before spending passes `above`, once: all who come meanwhile wait for the same answer, and it
    holds for the rest of the run. `refusal` says why after `allows` was False. Close it, or a question may stay open.
    """

    def __init__(self, above: float | None = None, limit: float = 0.0, ask: Ask | None = None) -> None:
        self.above = above
        self.refusal = ""
        self._limit = limit
        self._ask = ask
        self._likely = self._high = 0.0
        self._answer: asyncio.Task[bool] | None = None

    def expect(self, likely: float | None, high: float | None) -> None:
        """What the run is thought to cost in all. If that is above the threshold, the first call is asked about."""
        self._likely, self._high = likely or 0.0, high or 0.0

    async def allows(self, spent: float, coming: float) -> bool:
        """Whether `coming` dollars may be spent after `spent` (reservations of others included)."""
        if self.above is None or max(spent + coming, self._likely) <= self.above or coming <= 0:
            return True
        if self._answer is None:
            self._answer = asyncio.ensure_future(self._asked(spent, coming))
        # One of those who wait may be cancelled; the question is the others' too.
        return await asyncio.shield(self._answer)

    async def close(self) -> None:
        """Take back a question that nobody has answered yet."""
        if self._answer is not None:
            self._answer.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._answer])

    async def _asked(self, spent: float, coming: float) -> bool:
        most = min(max(self._high, spent + coming), self._limit)
        question = (
            f"This run has spent {_dollars(spent)}; with what follows it may cost up to {_dollars(most)} in all "
            f"(limit {_dollars(self._limit)}). Go on?"
        )
        above = f"${self.above:g}"
        try:
            if self._ask is None:
                raise NobodyToAsk
            agreed = await self._ask(question)
        except NobodyToAsk:
            self.refusal = f"it would have cost more than {above} and there was nobody to ask (the setting {SETTING})"
            return False
        if not agreed:
            self.refusal = f"it was to cost more than {above} (the setting {SETTING}), and you chose to stop"
        return agreed


def _dollars(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.095 or usd == 0 else f"${usd:.4f}"
