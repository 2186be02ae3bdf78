"""The user's consent to spend more than `budget.askAboveUsd`: asked for once in a run, whoever needs it first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

SETTING = "budget.askAboveUsd"

Ask = Callable[[str], Awaitable[bool]]
"""Asks the user a question; True to go on. Cancelling it withdraws the question. Raises NobodyToAsk."""


class NobodyToAsk(Exception):
    """There is no way to ask: no terminal, or a client that shows no questions."""


class Consent:
    """The user's consent to spend, for a run and all its children. `above` is the threshold in dollars, None: never
    ask; `limit` is the run's own limit.

    The user is asked once, before spending passes `above`: calls that need consent meanwhile wait for the same answer,
    and it holds for the rest of the run. After `allows` was False, `refusal` says why. Close it, or a question may stay
    open.
    """

    def __init__(self, above: float | None = None, limit: float = 0.0, ask: Ask | None = None) -> None:
        self.above = above
        self.refusal = ""
        self._limit = limit
        self._ask = ask
        self._likely = self._high = 0.0
        self._answer: asyncio.Task[bool] | None = None

    def expect(self, likely: float | None, high: float | None) -> None:
        """Note the expected cost of the whole run, in dollars. If it is above the threshold, the user is asked before
        the first call."""
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
        """Withdraw a question that has not been answered."""
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
