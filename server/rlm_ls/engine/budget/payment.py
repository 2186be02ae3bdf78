"""One call of a model, paid for: reserve on the Ledger, call, settle. Money is spent nowhere else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from rlm_ls.engine.budget.ledger import Ledger, Reservation
from rlm_ls.errors import RlmError
from rlm_ls.executors.checking.plain import well_formed
from rlm_ls.models.base import NO_USAGE, Message, Model, Reply, Usage, spent


class LimitReached(Exception):
    """A limit was hit in the middle of a turn. The text says which."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A reply and the seconds it took, without waiting for its turn."""

    reply: Reply
    seconds: float


MOST_REPLY = 1_000_000
"""Characters of a reply; no limit on its tokens lets through so many, but an endpoint may send what it likes."""


async def pay(
    ledger: Ledger,
    model: Model,
    messages: Sequence[Message],
    reply_tokens: int,
    ask: Callable[[], Awaitable[Reply]],
    *,
    announce: Callable[[int], Awaitable[None]] | None = None,
    sub: bool = False,
) -> Paid:
    """Make one call by `ask`. `announce` is given the prompt's estimated tokens before anything is sent.

    Raises LimitReached if it does not fit the Budget, else what `ask` raises; the reservation is given back either way.
    """
    characters = sum(len(message.content) for message in messages)
    prompt_tokens = ledger.tokens_in(characters)
    coming = Reservation(prompt_tokens + reply_tokens, model.price(prompt_tokens, reply_tokens))
    if refusal := await ledger.reserve_in_turn(coming, sub=sub):
        raise LimitReached(refusal)
    used: Usage | None = None
    try:
        top, usd = ledger.top, coming.usd or 0.0
        if not await top.consent.allows((top.usd or 0.0) + top.reserved_usd - usd, usd):
            raise LimitReached(top.consent.refusal)
        if announce is not None:
            await announce(prompt_tokens)
        started = time.perf_counter()
        reply = await ask()
        used = reply.usage
        return Paid(_bounded(reply), time.perf_counter() - started)
    except (RlmError, asyncio.CancelledError) as error:
        cost = spent(error)
        used = None if cost == NO_USAGE else cost
        raise
    finally:
        # A recording's tokens are of another prompt: nothing is to be learnt from them.
        learnt = characters if model.kind == "live" else 0
        ledger.settle(coming, used, sub=sub, characters=learnt)


def _bounded(reply: Reply) -> Reply:
    """The reply cut to the longest that a reply can be, and without lone surrogates. Every reply passes through
    here."""
    text = well_formed(reply.text[:MOST_REPLY])
    if text == reply.text:
        return reply
    return replace(reply, text=text, finish="length" if len(reply.text) > MOST_REPLY else reply.finish)
