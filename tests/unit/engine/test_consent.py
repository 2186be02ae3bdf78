"""Before a run spends more than `budget.askAboveUsd` the user is asked: once, and what they say holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.scripted import Asker, FakeModel, asking, script

from rlm_ls.engine.budget.consent import Consent, NobodyToAsk
from rlm_ls.engine.request import Budget
from rlm_ls.models.base import Usage

LOOK = script("print(count('ERROR'))")
LOOK_AGAIN = script("print(count('INFO'))")
SUBMIT = script("submit('60', cite=[])")
PER_TOKEN = 1e-5
"""A reply of 4,096 tokens reserves four cents; a call of 10,000 tokens costs ten."""
CALL = Usage(9000, 1000, 0, 0.1)


class User:
    """Says `answer` when `answering` is set; keeps what was asked."""

    def __init__(self, answer: bool, *, at_once: bool = True) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.taken_back = 0
        self.asking = asyncio.Event()
        self.answering = asyncio.Event()
        if at_once:
            self.answering.set()

    async def __call__(self, question: str) -> bool:
        self.asked.append(question)
        self.asking.set()
        try:
            await self.answering.wait()
        except asyncio.CancelledError:
            self.taken_back += 1
            raise
        return self.answer


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    async with asking(tmp_path / "state", budget={"ask_above_usd": 0.2, "usd": 2.0}) as asker:
        yield asker


async def test_the_user_is_asked_once_when_spending_would_pass_the_threshold(ask: Asker) -> None:
    user = User(True)
    told = await ask(LOOK, LOOK_AGAIN, LOOK, SUBMIT, per_token=PER_TOKEN, usage=CALL, consent=user)
    assert told.answer.status == "answered"
    assert told.answer.usage.usd == pytest.approx(0.4)
    (question,) = user.asked
    assert question.startswith("This run has spent $0.20; with what follows it may cost up to $")
    assert question.endswith("in all (limit $2.00). Go on?")


async def test_below_the_threshold_nobody_is_asked(ask: Asker) -> None:
    user = User(False)
    told = await ask(LOOK, SUBMIT, per_token=PER_TOKEN, usage=Usage(900, 100, 0, 0.01), consent=user)
    assert told.answer.status == "answered"
    assert user.asked == []


async def test_a_no_ends_the_run_with_what_was_found(ask: Asker) -> None:
    told = await ask(LOOK, LOOK, SUBMIT, per_token=PER_TOKEN, usage=CALL, consent=User(False))
    assert told.answer.status == "partial"
    assert "$0.2" in told.answer.reason
    assert "you chose to stop" in told.answer.reason
    assert told.answer.usage.model_calls == 2
    assert "60" in told.answer.answer


async def test_without_a_way_to_ask_it_is_a_no_that_names_the_setting(ask: Asker) -> None:
    async def cannot(_: str) -> bool:
        raise NobodyToAsk

    for consent in (None, cannot):
        told = await ask(LOOK, LOOK, SUBMIT, per_token=PER_TOKEN, usage=CALL, consent=consent)
        assert told.answer.status == "partial"
        assert "budget.askAboveUsd" in told.answer.reason
        assert told.answer.usage.model_calls == 2


async def test_a_run_that_is_likely_to_cost_more_is_asked_about_before_its_first_call(ask: Asker) -> None:
    user = User(False)
    told = await ask(LOOK, SUBMIT, per_token=1e-4, usage=CALL, consent=user, budget=Budget(usd=5.0))
    assert told.answer.status == "partial"
    assert told.answer.usage.model_calls == 0
    assert told.sent == []
    assert user.asked[0].startswith("This run has spent $0.00;")


async def test_without_a_threshold_nobody_is_asked(tmp_path: Path) -> None:
    user = User(False)
    async with asking(tmp_path / "state", budget={"usd": 5.0}) as ask:
        told = await ask(LOOK, LOOK_AGAIN, LOOK, SUBMIT, per_token=PER_TOKEN, usage=CALL, consent=user)
    assert told.answer.status == "answered"
    assert user.asked == []


async def test_a_limit_that_would_be_broken_anyway_is_not_asked_about(ask: Asker) -> None:
    user = User(True)
    told = await ask(LOOK, LOOK, LOOK, per_token=PER_TOKEN, usage=CALL, consent=user, budget=Budget(usd=0.22))
    assert "limit of $0.22" in told.answer.reason
    assert user.asked == []


@pytest.mark.usefixtures("processes")
async def test_a_run_can_be_stopped_while_the_question_stands(ask: Asker) -> None:
    user = User(True, at_once=False)
    running = asyncio.ensure_future(
        ask(LOOK, LOOK, SUBMIT, per_token=PER_TOKEN, usage=CALL, consent=user, run_id="mine")
    )
    await user.asking.wait()
    assert ask.engine.stop("mine")
    assert (await running).answer.status == "cancelled"
    assert user.taken_back == 1


async def test_all_who_need_it_wait_for_one_answer() -> None:
    user = User(True, at_once=False)
    consent = Consent(0.1, 1.0, user)
    waiting = [asyncio.ensure_future(consent.allows(0.09, 0.02)) for _ in range(20)]
    await user.asking.wait()
    assert await consent.allows(0.05, 0.01)
    waiting[0].cancel()
    user.answering.set()
    assert await asyncio.gather(*waiting[1:]) == [True] * 19
    assert await consent.allows(0.5, 0.4)
    assert len(user.asked) == 1
    await consent.close()


async def test_what_costs_nothing_needs_no_consent() -> None:
    user = User(False)
    consent = Consent(0.1, 1.0, user)
    assert await consent.allows(0.5, 0.0)
    assert not await consent.allows(0.5, 0.01)
    assert "you chose to stop" in consent.refusal


async def test_sub_calls_that_would_pass_it_wait_for_the_same_answer(tmp_path: Path) -> None:
    asks = script("found = await llm_map('an error?', list(find('ERROR', limit=40)))\nprint(len(found))")
    for agreed in (True, False):
        user, model = User(agreed), FakeModel([asks, SUBMIT], price=1e-4)
        async with asking(tmp_path / str(agreed), budget={"ask_above_usd": 0.6, "usd": 50.0}) as ask:
            told = await ask(model=model, consent=user)
        assert len(user.asked) == 1
        assert (told.answer.status == "answered") == agreed
        assert (len(model.sub_asked) == 40) == agreed
