"""Several models for one role: in order of preference, or by weight; the next one answers where one fails.

LiteLLM's Router was tried for this and is not used (1.106). With its own retries off, which ours replace, a list whose
first member refuses connections fails, and for the whole cooldown it then answers "no deployments available" without
asking the members that work; cooldowns hang on LiteLLM's process-wide logging callbacks, which it adds for every list;
making one keeps the event loop for 50 ms; and each call goes through all of LiteLLM, which is what direct calls save.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Unpack

from rlm_ls.errors import ModelFailed, ModelUnreachable, RlmError
from rlm_ls.models.base import NO_USAGE, CallOptions, Message, Model, Reply, spent

SHORTEST_COOLING, LONGEST_COOLING = 10.0, 300.0
"""Seconds for which a member that failed is asked only if no other is left; doubled at each failure in a row."""


@dataclass(slots=True)
class Health:
    """Of one model at one endpoint, for all lists of this process that hold it."""

    until: float = 0.0
    failures: int = 0

    @property
    def cooling(self) -> bool:
        return time.monotonic() < self.until

    def failed(self) -> None:
        if not self.cooling:  # calls that were under way together fail together: that is one failure
            self.failures += 1
            seconds = min(SHORTEST_COOLING * (1 << (self.failures - 1)), LONGEST_COOLING)
            self.until = time.monotonic() + seconds

    def worked(self) -> None:
        self.until, self.failures = 0.0, 0


_health: dict[tuple[str, str], Health] = {}


class FallbackModel:
    """`weights`: shares of the calls, one for each of `models`; None for the order of preference.

    `window` and `price` are the strictest of the members: any may have to answer.
    """

    kind: Literal["live"] = "live"

    def __init__(self, models: Sequence[Model], weights: Sequence[int] | None = None) -> None:
        self.members = tuple(models)
        self.weights = None if weights is None else tuple(weights)

    @property
    def name(self) -> str:
        return ", ".join(model.name for model in self.members)

    @property
    def endpoint(self) -> str:
        return ", ".join(dict.fromkeys(model.endpoint for model in self.members))

    @property
    def address(self) -> str:
        return self.endpoint

    @property
    def window(self) -> int:
        return min(model.window for model in self.members)

    @property
    def local(self) -> bool:
        return all(model.local for model in self.members)

    async def prepare(self) -> None:
        for model in self.members:
            await model.prepare()

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        prices = [model.price(prompt_tokens, completion_tokens) for model in self.members]
        known = [price for price in prices if price is not None]
        return max(known) if len(known) == len(prices) else None

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        before = NO_USAGE
        *others, last = self._order()
        for model in others:
            health = _of(model)
            try:
                reply = await model.complete(messages, **options)
            except (ModelUnreachable, ModelFailed) as error:
                before += spent(error)
                if isinstance(error, ModelUnreachable) or error.passing:
                    health.failed()
                if (on_text := options.get("on_text")) is not None:
                    on_text(f"\n\n[{model.name} failed; asking the next model]\n\n")
            else:
                health.worked()
                return replace(reply, usage=before + reply.usage)
        try:
            reply = await last.complete(messages, **options)
        except RlmError as error:
            error.spent = before + spent(error)
            raise
        _of(last).worked()
        return replace(reply, usage=before + reply.usage)

    def _order(self) -> list[Model]:
        """All members, those that cool down last: a list always has someone to ask."""
        order = list(range(len(self.members)))
        if self.weights is not None:
            # The smallest of exponential variables is each one's with the probability of its weight.
            keys = [random.expovariate(weight) for weight in self.weights]
            order.sort(key=keys.__getitem__)
        order.sort(key=lambda index: _of(self.members[index]).cooling)
        return [self.members[index] for index in order]


def _of(model: Model) -> Health:
    return _health.setdefault((model.name, model.endpoint), Health())
