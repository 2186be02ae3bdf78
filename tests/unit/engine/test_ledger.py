"""The Ledger reserves before it spends, and says which limit ends a run."""

from __future__ import annotations

from rlm_ls.engine.ledger import Ledger, Limits
from rlm_ls.models.base import Usage


def ledger(**changed: float) -> Ledger:
    limits = {"turns": 4, "seconds": 60.0, "usd": 1.0, "tokens": 10_000} | changed
    return Ledger(Limits(**limits))  # type: ignore[arg-type]


def test_a_reservation_that_would_pass_the_token_limit_is_refused() -> None:
    book = ledger()
    assert book.reserve(6_000, None) == ""
    assert "10,000 tokens" in book.reserve(6_000, None)


def test_settling_gives_the_reservation_back() -> None:
    book = ledger()
    book.reserve(6_000, 0.5)
    book.settle(6_000, 0.5, Usage(100, 20, 10, 0.25))
    assert (book.reserved_tokens, book.reserved_usd) == (0, 0.0)
    assert (book.tokens, book.usd, book.calls, book.cached_tokens) == (120, 0.25, 1, 10)


def test_a_failed_call_costs_nothing_that_is_known() -> None:
    book = ledger()
    book.reserve(6_000, 0.5)
    book.settle(6_000, 0.5, None)
    assert (book.tokens, book.calls, book.usd) == (0, 0, 0.0)


def test_money_is_reserved_too() -> None:
    book = ledger()
    book.reserve(10, 0.7)
    assert "$1" in book.reserve(10, 0.7)


def test_an_unknown_price_makes_the_total_unknown_and_never_a_guess() -> None:
    book = ledger()
    book.settle(0, None, Usage(1, 1, 0, 0.5))
    book.settle(0, None, Usage(1, 1, 0, None))
    assert book.usd is None
    assert book.usage().usd is None
    assert book.remaining()["usd"] is None


def test_each_limit_is_named_when_reached() -> None:
    assert "turns" in ledger(turns=0).reached()
    assert "seconds" in ledger(seconds=0).reached()
    assert "tokens" in ledger(tokens=0).reached()
    paid = ledger(usd=0.1)
    paid.settle(0, None, Usage(1, 1, 0, 0.2))
    assert "$0.1" in paid.reached()
    assert ledger().reached() == ""


def test_a_free_model_is_not_stopped_by_a_budget_of_nothing() -> None:
    book = ledger(usd=0.0)
    book.settle(0, 0.0, Usage(10, 10, 0, 0.0))
    assert book.reached() == ""
    assert book.reserve(10, 0.0) == ""


def test_the_estimate_learns_from_what_the_provider_reports() -> None:
    book = ledger(tokens=10**9)
    before = book.tokens_in(10_000)
    book.settle(0, None, Usage(5_000, 1), characters=10_000)
    assert book.tokens_in(10_000) > before
