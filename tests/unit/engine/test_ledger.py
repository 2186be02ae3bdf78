"""The Ledger reserves before it spends, and says which limit ends a run."""

from __future__ import annotations

import asyncio

import pytest

from rlm_ls.engine.budget.ledger import Ledger, Limits, Reservation
from rlm_ls.models.base import Usage


def ledger(**changed: float) -> Ledger:
    limits = {"turns": 4, "seconds": 60.0, "usd": 1.0, "tokens": 10_000} | changed
    return Ledger(Limits(**limits))  # type: ignore[arg-type]


def test_a_reservation_that_would_pass_the_token_limit_is_refused() -> None:
    book = ledger()
    assert book.reserve(Reservation(6_000, None)) == ""
    assert "10,000 tokens" in book.reserve(Reservation(6_000, None))


def test_settling_gives_the_reservation_back() -> None:
    book = ledger()
    book.reserve(Reservation(6_000, 0.5))
    book.settle(Reservation(6_000, 0.5), Usage(100, 20, 10, 0.25))
    assert (book.reserved_tokens, book.reserved_usd) == (0, 0.0)
    assert (book.tokens, book.usd, book.calls, book.cached_tokens) == (120, 0.25, 1, 10)


def test_a_failed_call_costs_nothing_that_is_known() -> None:
    book = ledger()
    book.reserve(Reservation(6_000, 0.5))
    book.settle(Reservation(6_000, 0.5), None)
    assert (book.tokens, book.calls, book.usd) == (0, 0, 0.0)


def test_money_is_reserved_too() -> None:
    book = ledger()
    book.reserve(Reservation(10, 0.7))
    assert "$1" in book.reserve(Reservation(10, 0.7))


def test_an_unknown_price_makes_the_total_unknown_and_never_a_guess() -> None:
    book = ledger()
    book.settle(Reservation(0, None), Usage(1, 1, 0, 0.5))
    book.settle(Reservation(0, None), Usage(1, 1, 0, None))
    assert book.usd is None
    assert book.usage().usd is None
    assert book.remaining()["usd"] is None


def test_each_limit_is_named_when_reached() -> None:
    assert "turns" in ledger(turns=0).reached()
    assert "seconds" in ledger(seconds=0).reached()
    assert "tokens" in ledger(tokens=0).reached()
    paid = ledger(usd=0.1)
    paid.settle(Reservation(0, None), Usage(1, 1, 0, 0.2))
    assert "$0.1" in paid.reached()
    assert ledger().reached() == ""


def test_a_free_model_is_not_stopped_by_a_budget_of_nothing() -> None:
    book = ledger(usd=0.0)
    book.settle(Reservation(0, 0.0), Usage(10, 10, 0, 0.0))
    assert book.reached() == ""
    assert book.reserve(Reservation(10, 0.0)) == ""


def test_a_child_spends_on_every_account_above_it() -> None:
    top = ledger(tokens=1_000, depth=2)
    child = top.child(turns=3)
    below = child.child(turns=2)
    coming = Reservation(400, 0.1)
    assert below.reserve(coming, sub=True) == ""
    assert (top.reserved_tokens, child.reserved_tokens, below.reserved_tokens) == (400, 400, 400)
    assert "1,000 tokens" in child.reserve(Reservation(700, None))
    assert child.reserved_tokens == 400
    below.settle(coming, Usage(90, 10, 0, 0.05), sub=True)
    for book in (top, child, below):
        assert (book.tokens, book.usd, book.calls, book.sub_calls, book.reserved_tokens) == (100, 0.05, 1, 1, 0)
    assert (child.limits.depth, below.limits.depth) == (1, 0)


def test_a_child_ends_when_its_parent_has_nothing_left() -> None:
    top = ledger(tokens=100)
    child = top.child(turns=3)
    top.settle(Reservation(0, None), Usage(90, 20))
    assert "100 tokens" in child.reached()


async def test_a_reservation_waits_for_calls_under_way_and_is_refused_when_there_are_none() -> None:
    book = ledger(tokens=1_000)
    first, second = Reservation(800, None), Reservation(600, None)
    assert book.reserve(first) == ""
    waiting = asyncio.ensure_future(book.reserve_in_turn(second))
    await asyncio.sleep(0)
    assert not waiting.done()
    book.settle(first, Usage(200, 0))
    assert await waiting == ""
    book.settle(second, Usage(300, 0))
    assert "1,000 tokens" in await book.reserve_in_turn(second)


def test_the_estimate_learns_from_what_the_provider_reports() -> None:
    book = ledger(tokens=10**9)
    before = book.tokens_in(10_000)
    book.settle(Reservation(0, None), Usage(5_000, 1), characters=10_000)
    assert book.tokens_in(10_000) > before


def test_limits_are_reached_at_their_value_and_not_before() -> None:
    book = ledger(turns=2, tokens=100, usd=1.0)
    book.turns = 1
    book.settle(Reservation(0, None), Usage(60, 39, 0, 0.9))
    assert book.reached() == ""
    book.settle(Reservation(0, None), Usage(0, 1, 0, 0.0))
    assert book.reached() == "the limit of 100 tokens was reached"
    book = ledger(turns=2)
    book.turns = 2
    assert book.reached() == "the limit of 2 turns was reached"
    book = ledger(usd=1.0)
    book.settle(Reservation(0, None), Usage(0, 0, 0, 1.0))
    assert book.reached() == "the limit of $1 was reached"
    assert ledger(seconds=0.0).reached() == "the limit of 0 seconds was reached"


def test_a_reservation_may_take_all_that_is_left_and_no_more() -> None:
    book = ledger(tokens=1_000, usd=2.0, sub_calls=2)
    book.settle(Reservation(0, None), Usage(300, 100, 0, 0.5))
    assert book.reserve(Reservation(200, 0.5), sub=True) == ""
    assert book.reserve(Reservation(401, None)) == "the next model call would pass the limit of 1,000 tokens"
    assert book.reserve(Reservation(0, 1.01)) == "the next model call would pass the limit of $2"
    assert book.reserve(Reservation(400, 1.0), sub=True) == ""
    assert book.reserve(Reservation(0, None), sub=True) == "the limit of 2 sub-calls was reached"
    assert book.reserve(Reservation(0, None)) == ""
    assert (book.reserved_tokens, book.reserved_usd, book.reserved_calls) == (600, 1.5, 2)


def test_sub_calls_that_were_made_count_against_their_limit() -> None:
    book = ledger(sub_calls=2)
    coming = Reservation(1, None)
    assert book.reserve(coming, sub=True) == ""
    book.settle(coming, Usage(1, 0), sub=True)
    assert book.reserve(coming, sub=True) == ""
    assert book.reserve(coming, sub=True) == "the limit of 2 sub-calls was reached"


def test_a_childs_limits_are_what_its_parent_has_and_the_turns_its_own() -> None:
    top = ledger(depth=3, sub_calls=7)
    top.characters_per_token = 2.5
    child = top.child(turns=9)
    assert (child.limits.turns, child.limits.usd, child.limits.tokens) == (9, 1.0, 10_000)
    assert (child.limits.sub_calls, child.limits.depth) == (7, 2)
    assert 0 < child.limits.seconds <= 60
    assert (child.parent, child.top, child.characters_per_token) == (top, top, 2.5)
    top.turns = 4
    assert child.reached() == ""


def test_what_a_child_found_in_the_cache_is_its_parents_too() -> None:
    top = ledger()
    child = top.child(turns=1)
    child.found_in_cache()
    child.found_in_cache()
    assert (child.cached_calls, top.cached_calls) == (2, 2)
    assert top.usage().cached_calls == 2


def test_what_was_paid_before_a_break_is_booked_without_a_reservation() -> None:
    book = ledger()
    book.book(Usage(70, 30, 5, 0.1), sub=True)
    book.book(Usage(1, 2, 3, 0.2), sub=False)
    assert (book.calls, book.sub_calls, book.tokens, book.cached_tokens) == (2, 1, 103, 8)
    assert (book.reserved_tokens, book.reserved_usd, book.reserved_calls) == (0, 0.0, 0)


def test_what_is_left_is_shown_to_a_script() -> None:
    top = ledger(turns=4, tokens=1_000, usd=1.0, sub_calls=5, depth=2)
    child = top.child(turns=3)
    child.turns = 1
    child.settle(Reservation(0, None), Usage(200, 100, 0, 0.12344), sub=True)
    left = child.remaining()
    seconds = left.pop("seconds")
    assert left == {"turns": 2, "tokens": 700, "usd": 0.8766, "sub_calls": 4, "depth": 1}
    assert isinstance(seconds, float)
    assert 50 < seconds <= 60
    child.settle(Reservation(0, None), Usage(900, 0, 0, 2.0), sub=True)
    child.turns = 9
    spent = child.remaining()
    assert (spent["turns"], spent["tokens"], spent["usd"]) == (0, 0, 0.0)


def test_usage_is_all_that_was_booked() -> None:
    book = ledger()
    book.turns = 3
    book.settle(Reservation(0, None), Usage(7, 5, 3, 0.5), sub=True)
    book.settle(Reservation(0, None), Usage(1, 1, 0, 0.25))
    usage = book.usage()
    assert (usage.turns, usage.model_calls, usage.sub_calls, usage.cached_calls) == (3, 2, 1, 0)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.usd) == (8, 6, 3, 0.75)
    assert 0 <= usage.seconds < 10


def test_the_estimate_is_kept_within_reason_and_learns_from_long_prompts_only() -> None:
    book = ledger(tokens=10**9)
    assert book.tokens_in(0) == 1
    assert book.tokens_in(330) == 101
    for prompt, characters, expected in ((200, 1_000, 3.3), (201, 804, 4.0), (300, 9_000, 6.0), (300, 30, 1.0)):
        book.settle(Reservation(0, None), Usage(prompt, 1), characters=characters)
        assert book.characters_per_token == expected
    book.settle(Reservation(0, None), Usage(300, 1))
    assert book.characters_per_token == 1.0


async def test_who_waits_for_its_turn_waits_for_the_whole_familys_calls() -> None:
    top = ledger(tokens=1_000)
    first, second = top.child(turns=1), top.child(turns=1)
    under_way = Reservation(900, None)
    assert first.reserve(under_way) == ""
    waiting = asyncio.ensure_future(second.reserve_in_turn(Reservation(500, None), sub=True))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    first.settle(under_way, Usage(10, 10))
    assert await asyncio.wait_for(waiting, 60) == ""
    assert (top.reserved_calls, second.reserved_calls, first.reserved_calls) == (1, 1, 0)


def at(seconds: float, monkeypatch: pytest.MonkeyPatch, **changed: float) -> Ledger:
    """An account as it is so many seconds after it was opened."""
    book = ledger(**changed)
    book.started = 1_000.0
    monkeypatch.setattr("rlm_ls.engine.budget.ledger.time.monotonic", lambda: 1_000.0 + seconds)
    return book


def test_time_is_up_at_its_limit_and_told_in_tenths_and_thousandths(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "60 seconds" in at(60.0, monkeypatch).reached()
    assert at(59.9, monkeypatch).reached() == ""
    assert at(12.3456, monkeypatch).remaining()["seconds"] == 47.7
    assert at(12.3456, monkeypatch).usage().seconds == 12.346
    assert at(99.0, monkeypatch).remaining()["seconds"] == 0.0


def test_money_spent_under_a_budget_of_none_ends_the_run() -> None:
    book = ledger(usd=0.0)
    book.settle(Reservation(0, None), Usage(0, 0, 0, 0.01))
    assert book.reached() == "the limit of $0 was reached"


def test_no_sub_calls_are_left_when_all_were_made() -> None:
    book = ledger(sub_calls=1)
    book.settle(Reservation(0, None), Usage(1, 0), sub=True)
    assert book.remaining()["sub_calls"] == 0


async def test_a_call_is_no_sub_call_unless_it_says_so() -> None:
    book = ledger()
    assert await book.reserve_in_turn(Reservation(1, None)) == ""
    assert book.reserved_calls == 0
    book.settle(Reservation(1, None), Usage(300, 0))
    assert (book.sub_calls, book.characters_per_token) == (0, 3.3)


def test_what_was_paid_before_a_break_is_booked_where_little_is_left() -> None:
    book = ledger(tokens=100)
    book.settle(Reservation(0, None), Usage(100, 0))
    book.book(Usage(1, 0, 0, 0.0), sub=True)
    assert (book.tokens, book.sub_calls, book.reserved_tokens, book.reserved_calls) == (101, 1, 0, 0)


def test_whether_a_call_fits_is_asked_of_every_account_and_sets_nothing_aside() -> None:
    top = ledger(tokens=1_000, sub_calls=0)
    child = top.child(turns=3)
    assert top.fits(Reservation(1_000, None))
    assert child.fits(Reservation(1_000, None))
    assert not top.fits(Reservation(1_001, None))
    assert not child.fits(Reservation(1_001, None))
    assert (top.reserved_tokens, child.reserved_tokens) == (0, 0)
    top.reserve(Reservation(300, None))
    assert child.fits(Reservation(700, None))
    assert not child.fits(Reservation(701, None))


def test_estimated_tokens_are_told_apart_from_reported_ones() -> None:
    book = ledger()
    assert book.usage().estimated_tokens == 0
    book.settle(Reservation(0, None), Usage(7, 5, estimated_tokens=12))
    book.settle(Reservation(0, None), Usage(7, 5, estimated_tokens=3))
    assert (book.tokens, book.usage().estimated_tokens) == (24, 15)
