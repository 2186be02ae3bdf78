"""Where a sub-call's reply comes from: the trace of a run that broke off, the cache, the same call under way, a model.

One Dispatcher serves all runs of an engine, so that the same call is under way once and no provider gets more at a
time than it was said to take.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rlm_ls.models.base import Message, Model, Usage
from rlm_ls.models.providers.concurrency import ConcurrencyLimits
from rlm_ls.settings.sections import Settings
from rlm_ls.store.calls import CachedReply


@dataclass(frozen=True, slots=True)
class SubCallOutcome:
    """What came of one sub-call. `error` is empty if it was answered; `cached`: nothing was paid for it this time."""

    text: str
    error: str = ""
    cached: bool = False
    usage: Usage = field(default_factory=lambda: Usage(usd=0.0))
    seconds: float = 0.0
    tries: int = 1


class ReplyCache(Protocol):
    """The part of the store that is used here."""

    async def cached_replies(self, keys: Sequence[str]) -> dict[str, CachedReply]: ...

    async def cache_reply(self, key: str, reply: CachedReply) -> None: ...


class Dispatcher:
    def __init__(self, cache: ReplyCache, settings: Settings) -> None:
        self._cache = cache
        self._settings = settings
        self.concurrency = ConcurrencyLimits(settings)
        self._under_way: dict[str, asyncio.Future[SubCallOutcome]] = {}

    def follow(self, settings: Settings) -> None:
        """Use the concurrency limits of changed settings. Calls under way keep their places."""
        old, self._settings = self._settings.models, settings
        if (old.concurrency, old.limits) != (settings.models.concurrency, settings.models.limits):
            self.concurrency = ConcurrencyLimits(settings)

    async def reply(self, key: str, model: Model, pay: Callable[[], Awaitable[SubCallOutcome]]) -> SubCallOutcome:
        """The reply from the cache, or of the same call under way; else made by `pay` once the concurrency limits admit
        it. Raises what `pay` raises."""
        while (flying := self._under_way.get(key)) is not None:
            # If whoever pays is cancelled, whoever waits takes over.
            await asyncio.wait([flying])
            if not flying.cancelled():
                return SubCallOutcome(flying.result().text, cached=True)
        self._under_way[key] = future = asyncio.get_running_loop().create_future()
        try:
            found = (await self._cache.cached_replies([key])).get(key)
            if found is not None:
                reply = SubCallOutcome(found.text, cached=True)
            else:
                async with self.concurrency.slot(model):
                    reply = await pay()
            if not reply.error:
                future.set_result(reply)
            return reply
        finally:
            del self._under_way[key]
            if not future.done():
                future.cancel()

    async def remember(self, key: str, model: Model, reply: SubCallOutcome) -> None:
        """Into the cache, once the reply is in the trace."""
        if reply.error or reply.cached:
            return
        used = reply.usage
        await self._cache.cache_reply(
            key, CachedReply(reply.text, model.name, used.prompt_tokens, used.completion_tokens, used.usd)
        )


def key_of(model: str, messages: Sequence[Message], reply_tokens: int, schema: Mapping[str, Any] | None) -> str:
    """The content address of a call: equal for calls that differ in nothing that a provider sees."""
    whole = [model, reply_tokens, schema, [[message.role, message.content] for message in messages]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def replies_in(events: Iterable[Mapping[str, Any]]) -> dict[str, SubCallOutcome]:
    """The sub-calls of a trace by their key, as the wire's objects; failures too, for a script has seen them."""
    found: dict[str, SubCallOutcome] = {}
    for event in events:
        if event.get("type") != "subCallFinished":
            continue
        tokens = (event["promptTokens"], event["completionTokens"], event["cachedTokens"])
        usage = Usage(*tokens, event["usd"], int(event.get("estimatedTokens", 0)))
        reply = SubCallOutcome(
            event["text"], event["error"], event["cached"], usage, event["seconds"], int(event.get("tries", 1))
        )
        if (known := found.get(event["key"])) is None or known.cached or known.error:
            found[event["key"]] = reply
    return found
