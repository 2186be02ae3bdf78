"""How sure a mean score is."""

from __future__ import annotations

import pytest
from bench.quality.intervals import bootstrap, interval, wilson


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 0 of 20 is 0 to 0.1611.
    found = wilson(81, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    none = wilson(0, 20)
    assert (none.low, none.high) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_a_bootstrap_is_the_same_again_and_holds_the_mean() -> None:
    scores = [0.2, 0.5, 0.9, 1.0, 0.0, 0.4, 0.75]
    first = bootstrap(scores)
    assert first == bootstrap(scores)
    assert first.low < first.mean < first.high
    # Near the normal interval of a mean: 1.96 standard errors to each side.
    assert first.low == pytest.approx(0.536 - 0.253, abs=0.05)
    assert first.high == pytest.approx(0.536 + 0.253, abs=0.05)


def test_scores_of_nought_or_one_get_wilsons_interval_and_others_a_bootstrap() -> None:
    assert interval([1.0, 0.0, 1.0]).method == "Wilson"
    assert interval([1.0, 0.5, 1.0]).method == "bootstrap"
    assert interval([1.0, 1.0]).low < 0.5  # two right answers are no certainty
