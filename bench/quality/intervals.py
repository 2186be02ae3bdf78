"""95 % intervals of a mean score: how much of it may be chance."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959964
RESAMPLES = 5_000
SEED = 20251


@dataclass(frozen=True, slots=True)
class Interval:
    """`method` is "Wilson" or "bootstrap"."""

    mean: float
    low: float
    high: float
    method: str


def interval(scores: Sequence[float]) -> Interval:
    """Of at least one score: Wilson's if all are 0 or 1, else a bootstrap.

    A graded scorer that only gave 0 or 1 gets Wilson's too: resamples of equal scores are all equal, and would claim
    certainty.
    """
    return wilson(math.fsum(scores), len(scores)) if set(scores) <= {0.0, 1.0} else bootstrap(scores)


def wilson(right: float, n: int) -> Interval:
    """Wilson's score interval: honest for few questions and for shares near 0 and 1 (Wilson 1927)."""
    share = right / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half), "Wilson")


def bootstrap(scores: Sequence[float], resamples: int = RESAMPLES, seed: int = SEED) -> Interval:
    """Percentiles of the means of resamples. Seeded: the same scores have the same interval."""
    chance = random.Random(seed)
    n = len(scores)
    means = sorted(math.fsum(chance.choices(scores, k=n)) / n for _ in range(resamples))
    return Interval(
        math.fsum(scores) / n, means[int(0.025 * resamples)], means[int(0.975 * resamples) - 1], "bootstrap"
    )
