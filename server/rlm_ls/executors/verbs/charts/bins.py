"""The bins of a histogram: edges that people can read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import floor, log10

from rlm_ls.executors.scripts.drawn import Cell

WANTED = 20
"""Bins, about."""

FAR = 4
"""How many times the 99th percentile the largest may be for the bins to reach up to it; else one holds the rest."""


def edges_of(low: float, high: float, p99: float) -> tuple[float, ...]:
    """Ascending: of the bins that begin there the last one reaches up to `high`, or beyond where few numbers are."""
    top = p99 if low < p99 < high / FAR else high
    step = _step((top - low) / WANTED)
    first = floor(low / step)
    edges = tuple(float(f"{(first + n) * step:.12g}") for n in range(2 * WANTED + 2))
    return tuple(dict.fromkeys(edge for edge in edges if edge <= top)) or (low,)


def _step(width: float) -> float:
    """1, 2 or 5 times a power of ten, at least `width`."""
    if width <= 0:
        return 1.0
    power = 10.0 ** floor(log10(width))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= width * (1 - 1e-9))


def counted(numbers: Iterable[tuple[float, int]], edges: Sequence[float]) -> dict[int, int]:
    """How many numbers, of each of which it is said how often it occurs, are in each bin."""
    found: dict[int, int] = {}
    for number, times in numbers:
        at = bisect_right(edges, number) - 1
        if at >= 0:
            found[at] = found.get(at, 0) + times
    return found


def rows_of(edges: Sequence[float], high: float, counts: dict[int, int]) -> list[tuple[Cell, ...]]:
    """From, to and how many, of every bin, those without a number too."""
    ends = [*edges, max(high, edges[-1])]
    return [(_short(low), _short(end), counts.get(at, 0)) for at, (low, end) in enumerate(pairwise(ends))]


def _short(number: float) -> int | float:
    return int(number) if number == int(number) else number
