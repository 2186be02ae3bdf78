"""The Ledger: the one account of tokens, money, calls and time of a run and all its children.

It reserves before it spends. A child's Ledger has limits of its own and books everything with its parent as well, so
that what a descendant spends counts against every limit above it at once.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from rlm_ls.engine.answer import RunUsage
from rlm_ls.engine.budget.consent import Consent
from rlm_ls.models.base import Usage

CHARACTERS_PER_TOKEN = 3.3
"""First guess, then calibrated by what the provider reports: 4 is 46 % low on logs, 2 % off on source."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A run's Budget with every default filled in. `usd` holds only where prices are known.

    `depth` is how many levels of child runs may still be below.
    """

    turns: int
    seconds: float
    usd: float
    tokens: int
    sub_calls: int = 1000
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a call may cost at most. `usd` is None where the price is unknown."""

    tokens: int
    usd: float | None


@dataclass(slots=True)
class Ledger:
    """`calls` are those made to a model, of which `sub_calls` by verbs; `cached_calls` were answered without one."""

    limits: Limits
    parent: Ledger | None = None
    consent: Consent = field(default_factory=Consent)
    """The user's consent to spend more than a threshold. That of the topmost account is used."""
    started: float = field(default_factory=time.monotonic)
    turns: int = 0
    calls: int = 0
    sub_calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated_tokens: int = 0
    usd: float | None = 0.0
    reserved_tokens: int = 0
    reserved_usd: float = 0.0
    reserved_calls: int = 0
    characters_per_token: float = CHARACTERS_PER_TOKEN
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def child(self, turns: int) -> Ledger:
        """An account for a child run: its turns are its own, all else is what is left here, one level deeper."""
        limits = Limits(
            turns=turns,
            seconds=self.seconds_left,
            usd=self.limits.usd,
            tokens=self.limits.tokens,
            sub_calls=self.limits.sub_calls,
            depth=self.limits.depth - 1,
        )
        return Ledger(limits, parent=self, characters_per_token=self.characters_per_token)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.limits.seconds - self.seconds)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def tokens_in(self, characters: int) -> int:
        """Estimated tokens of so many characters."""
        return int(characters / self.characters_per_token) + 1

    def reached(self) -> str:
        """Empty, or which limit ends the run now, as a sentence for the user."""
        if self.turns >= self.limits.turns:
            return f"the limit of {self.limits.turns} turns was reached"
        return self._exhausted()

    def _exhausted(self) -> str:
        """As `reached`, without turns: those are each run's own."""
        if self.seconds >= self.limits.seconds:
            return f"the limit of {self.limits.seconds:g} seconds was reached"
        if self.tokens >= self.limits.tokens:
            return f"the limit of {self.limits.tokens:,} tokens was reached"
        if self.usd is not None and self.limits.usd >= 0 and self.usd > 0 and self.usd >= self.limits.usd:
            return f"the limit of ${self.limits.usd:g} was reached"
        return self.parent._exhausted() if self.parent else ""

    def reserve(self, coming: Reservation, *, sub: bool = False) -> str:
        """Set aside what a call may cost, before it is made. Empty if it fits, else the limit it would break."""
        refusal = self._refusal(coming, sub)
        if not refusal and self.parent is not None:
            refusal = self.parent.reserve(coming, sub=sub)
        if not refusal:
            self.reserved_tokens += coming.tokens
            self.reserved_usd += coming.usd or 0.0
            self.reserved_calls += sub
        return refusal

    def fits(self, coming: Reservation) -> bool:
        """Whether a call fits this account and those above it now. Sets nothing aside."""
        return not self._refusal(coming, False) and (self.parent is None or self.parent.fits(coming))

    async def reserve_in_turn(self, coming: Reservation, *, sub: bool = False) -> str:
        """As `reserve`, but waits where only calls under way stand in the way: most cost less than was reserved for
        them. A refusal is final: the call does not fit even without the others."""
        top = self.top
        while refusal := self.reserve(coming, sub=sub):
            if top.reserved_tokens == 0:
                return refusal
            top._settled.clear()
            await top._settled.wait()
        return ""

    @property
    def top(self) -> Ledger:
        return self.parent.top if self.parent else self

    def settle(self, reserved: Reservation, used: Usage | None, *, sub: bool = False, characters: int = 0) -> None:
        """Give back a reservation and book what was used (None: the call failed and cost nothing known).

        `characters` of the prompt calibrate the estimate of later ones.
        """
        if self.parent is not None:
            self.parent.settle(reserved, used, sub=sub)
        self.reserved_tokens -= reserved.tokens
        self.reserved_usd -= reserved.usd or 0.0
        self.reserved_calls -= sub
        self._settled.set()
        if used is None:
            return
        self.calls += 1
        self.sub_calls += sub
        self.prompt_tokens += used.prompt_tokens
        self.completion_tokens += used.completion_tokens
        self.cached_tokens += used.cached_tokens
        self.estimated_tokens += used.estimated_tokens
        self.usd = None if self.usd is None or used.usd is None else self.usd + used.usd
        if used.prompt_tokens > 200 and characters and not used.estimated_tokens:
            self.characters_per_token = min(6.0, max(1.0, characters / used.prompt_tokens))

    def book(self, used: Usage, *, sub: bool) -> None:
        """Book what was paid before this account was opened (for a run that continues after a break)."""
        self.reserve(nothing := Reservation(0, 0.0), sub=sub)
        self.settle(nothing, used, sub=sub)

    def found_in_cache(self) -> None:
        """Book a sub-call for which nothing was paid."""
        self.cached_calls += 1
        if self.parent is not None:
            self.parent.found_in_cache()

    def remaining(self) -> dict[str, float | int | None]:
        """The remaining budget, as `budget()` shows it to a script; `usd` is None where prices are unknown."""
        return {
            "turns": max(0, self.limits.turns - self.turns),
            "seconds": round(self.seconds_left, 1),
            "tokens": max(0, self.limits.tokens - self.top.tokens),
            "usd": None if self.top.usd is None else round(max(0.0, self.limits.usd - self.top.usd), 4),
            "sub_calls": max(0, self.limits.sub_calls - self.top.sub_calls),
            "depth": self.limits.depth,
        }

    def usage(self) -> RunUsage:
        return RunUsage(
            turns=self.turns,
            model_calls=self.calls,
            sub_calls=self.sub_calls,
            cached_calls=self.cached_calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
            estimated_tokens=self.estimated_tokens,
            usd=self.usd,
            seconds=round(self.seconds, 3),
        )

    def _refusal(self, coming: Reservation, sub: bool) -> str:
        if self.tokens + self.reserved_tokens + coming.tokens > self.limits.tokens:
            return f"the next model call would pass the limit of {self.limits.tokens:,} tokens"
        if coming.usd and (self.usd or 0.0) + self.reserved_usd + coming.usd > self.limits.usd:
            return f"the next model call would pass the limit of ${self.limits.usd:g}"
        if sub and self.sub_calls + self.reserved_calls + 1 > self.limits.sub_calls:
            return f"the limit of {self.limits.sub_calls:,} sub-calls was reached"
        return ""
