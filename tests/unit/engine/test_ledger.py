"""The Ledger reserves before it spends, and says which limit ends a run."""

from __future__ import annotations

import asyncio

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
