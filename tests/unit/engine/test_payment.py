"""Money is spent in one place: reserved before, announced before, settled after, whatever the call comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import pytest

from rlm_ls.engine.budget.consent import Consent
from rlm_ls.engine.budget.ledger import Ledger, Limits, Reservation
from rlm_ls.engine.budget.payment import LimitReached, pay
from rlm_ls.errors import ModelFailed
from rlm_ls.models.base import Message, Reply, Usage

PROMPT = (Message("system", "s" * 2_000), Message("user", "u" * 1_300))
CHARACTERS = 3_300
USED = Usage(900, 40, 10, 0.25)


class Priced:
    """A dollar a thousand tokens of prompt, two a thousand of reply."""

    kind: Literal["live", "recorded"] = "live"
    name, local, endpoint, window = "priced", True, "", 1_000_000

    async def prepare(self) -> None:
        pass

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return prompt_tokens / 1000 + completion_tokens / 500

    async def complete(self, messages: Sequence[Message], **options: Any) -> Reply:
        raise AssertionError("payment asks by the function that it is given")


class Recorded(Priced):
    kind: Literal["live", "recorded"] = "recorded"


def account(consent: Consent | None = None, **changed: float) -> Ledger:
    limits = Limits(**({"turns": 4, "seconds": 60.0, "usd": 10.0, "tokens": 10_000} | changed))  # type: ignore[arg-type]
    return Ledger(limits, consent=consent or Consent())


async def reply() -> Reply:
    return Reply("text", USED, "priced")


def left(ledger: Ledger) -> tuple[int, float, int]:
    return ledger.reserved_tokens, round(ledger.reserved_usd, 9), ledger.reserved_calls


async def test_what_a_call_may_cost_is_set_aside_while_it_is_made_and_what_it_cost_is_booked() -> None:
    ledger = account()
    during: list[tuple[int, float, int]] = []

    async def ask() -> Reply:
        during.append(left(ledger))
        await asyncio.sleep(0.01)
        return await reply()

    paid = await pay(ledger, Priced(), PROMPT, 100, ask, sub=True)
    assert during == [(1_001 + 100, 1.201, 1)]
    assert paid.reply.text == "text"
    assert 0 < paid.seconds < 60
    assert left(ledger) == (0, 0.0, 0)
    assert (ledger.tokens, ledger.usd, ledger.calls, ledger.sub_calls, ledger.cached_tokens) == (940, 0.25, 1, 1, 10)


async def test_a_call_of_the_root_is_no_sub_call() -> None:
    ledger = account()
    await pay(ledger, Priced(), PROMPT, 100, reply)
    assert (ledger.calls, ledger.sub_calls) == (1, 0)


async def test_the_estimate_learns_from_live_models_only() -> None:
    for model, expected in ((Priced(), CHARACTERS / 900), (Recorded(), 3.3)):
        ledger = account()
        await pay(ledger, model, PROMPT, 100, reply)
        assert ledger.characters_per_token == pytest.approx(expected)


async def test_a_call_that_does_not_fit_is_not_made() -> None:
    ledger = account(tokens=1_000)
    asked: list[int] = []

    async def ask() -> Reply:
        asked.append(1)
        return await reply()

    with pytest.raises(LimitReached, match="1,000 tokens"):
        await pay(ledger, Priced(), PROMPT, 100, ask)
    assert (asked, left(ledger), ledger.calls) == ([], (0, 0.0, 0), 0)


async def test_it_is_announced_with_its_tokens_before_it_is_made() -> None:
    told: list[object] = []

    async def announce(tokens: int) -> None:
        told.append(tokens)

    async def ask() -> Reply:
        told.append("asked")
        return await reply()

    await pay(account(), Priced(), PROMPT, 100, ask, announce=announce)
    assert told == [1_001, "asked"]


async def test_what_a_failed_call_cost_is_booked_and_what_is_not_known_is_not() -> None:
    for cost, calls, usd in ((USED, 1, 0.25), (None, 0, 0.0)):
        ledger = account()

        async def ask(cost: Usage | None = cost) -> Reply:
            raise ModelFailed("It broke.") if cost is None else _costing(cost)

        with pytest.raises(ModelFailed):
            await pay(ledger, Priced(), PROMPT, 100, ask, sub=True)
        assert (ledger.calls, ledger.sub_calls, ledger.usd, left(ledger)) == (calls, calls, usd, (0, 0.0, 0))


def _costing(cost: Usage) -> ModelFailed:
    error = ModelFailed("It broke.")
    error.spent = cost  # type: ignore[attr-defined]
    return error


async def test_a_cancelled_call_gives_back_what_was_set_aside() -> None:
    ledger = account()
    call = asyncio.create_task(pay(ledger, Priced(), PROMPT, 100, lambda: asyncio.sleep(60), sub=True))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert left(ledger)[2] == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (left(ledger), ledger.calls) == ((0, 0.0, 0), 0)


async def test_the_user_is_asked_of_the_top_account_with_all_that_was_spent_and_is_set_aside() -> None:
    asked: list[str] = []

    async def refuse(question: str) -> bool:
        asked.append(question)
        return False

    top = account(Consent(2.0, 10.0, refuse))
    child = top.child(turns=2)
    top.settle(Reservation(0, 0.0), Usage(0, 0, 0, 0.5))
    top.reserve(Reservation(10, 0.4))
    with pytest.raises(LimitReached, match="askAboveUsd"):
        await pay(child, Priced(), PROMPT, 100, reply)  # 0.5 spent, 0.4 of another, 1.201 of this: 2.101
    assert asked == [
        "This run has spent $0.90; with what follows it may cost up to $2.10 in all (limit $10.00). Go on?"
    ]
    assert left(top) == (10, 0.4, 0)
    assert left(child) == (0, 0.0, 0)


async def test_below_the_threshold_nobody_is_asked() -> None:
    top = account(Consent(1.21, 10.0, None))
    assert (await pay(top, Priced(), PROMPT, 100, reply)).reply.text == "text"


class Unpriced(Priced):
    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return None


async def test_what_has_no_price_is_not_asked_about() -> None:
    consent = Consent(0.5, 10.0, None)
    consent.expect(2.0, 3.0)
    top = account(consent)
    assert (await pay(top, Unpriced(), PROMPT, 100, reply)).reply.text == "text"


async def test_a_reply_is_no_longer_than_a_reply_can_be_and_then_says_so() -> None:
    for length, expected in ((1_000_000, "stop"), (1_000_001, "length")):

        async def ask(length: int = length) -> Reply:
            return Reply("x" * length, USED, "priced", "stop")

        paid = await pay(account(), Priced(), PROMPT, 100, ask)
        assert (len(paid.reply.text), paid.reply.finish, paid.reply.model) == (1_000_000, expected, "priced")


async def test_halves_of_characters_are_taken_out_of_a_reply() -> None:
    for text in ("a\ud800b", "a" + "\ud800" * 999_998 + "b"):

        async def ask(text: str = text) -> Reply:
            return Reply(text, USED, "priced", "stop")

        paid = await pay(account(), Priced(), PROMPT, 100, ask)
        assert paid.reply.text.encode()
        assert (paid.reply.text[0], paid.reply.text[-1], paid.reply.finish) == ("a", "b", "stop")
