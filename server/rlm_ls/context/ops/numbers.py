"""Numbers that were captured: each read, or counted where few different ones occur often; and what they come to."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import isfinite

from rlm_ls.context.ops.matching.compiled_pattern import Raw
from rlm_ls.context.workers.deadline import Deadline

Numbers = tuple["array[float]", "array[int]"]
"""Some numbers, ascending, and how often each occurs; no counts where each stands for itself."""

OFTEN = 3
"""How often numbers have to occur, on average, for counting them to be quicker than reading each."""

LARGE = 2.0**900
MOST_COUNTED = 2.0**64
"""So often at most a number can occur."""


def numbered(
    batches: Iterable[Iterable[Raw]], groups: int, limit: int
) -> tuple[dict[bytes | None, Numbers], int, bool]:
    """The numbers among captured values, how many values are none, and whether there are more than `limit` names.

    They stand under None; where each value is a row of several `groups`, those of the second under the first.
    """
    found: dict[bytes | None, array[float]] = {}
    often: Counter[bytes] = Counter()
    ignored = 0
    for batch in batches:
        if groups < 2:
            ignored += _add_numbers(batch, found.setdefault(None, array("d")), often)  # type: ignore[arg-type]
            continue
        for row in batch:
            name, number = row[0], row[1]
            if name is not None and number is not None:
                ignored += _add_each((number,), found.setdefault(name, array("d")))  # type: ignore[arg-type]
        if len(found) > limit:
            return {name: (some, array("q")) for name, some in found.items()}, ignored, True
    ordered: dict[bytes | None, Numbers] = {
        name: (array("d", sorted(some)), array("q")) for name, some in found.items()
    }
    if often:
        counts, none = _counted(often)
        counts.update(found[None])
        ordered[None], ignored = _as_numbers(counts), ignored + none
    return ordered, ignored, False


def _add_numbers(values: Iterable[bytes], found: array[float], often: Counter[bytes]) -> int:
    """Appends those that are numbers; how many are not. All at once where all are, as they mostly are.

    Values of which each occurs several times are counted in `often` instead, to be read when all are known."""
    batch = list(values)
    counts = Counter(batch)
    if OFTEN * len(counts) <= len(batch):
        often.update(counts)
        return 0
    try:
        numbers = array("d", map(float, batch))
    except ValueError:
        return _add_each(batch, found)
    if not all(map(isfinite, numbers)) or b"_" in b"".join(batch):
        return _add_each(batch, found)
    found.extend(numbers)
    return 0


def _add_each(values: Iterable[bytes], found: array[float]) -> int:
    ignored = 0
    for value in values:
        try:
            number = float(value)
        except ValueError:
            ignored += 1
            continue
        if isfinite(number) and b"_" not in value:
            found.append(number)
        else:
            ignored += 1
    return ignored


def _counted(often: Counter[bytes]) -> tuple[Counter[float], int]:
    """How often each number occurs, and how many of the values are none."""
    each = array("d")
    counts: Counter[float] = Counter()
    ignored = 0
    for value, times in often.items():
        if _add_each((value,), each):
            ignored += times
        else:
            counts[each.pop()] += times
    return counts, ignored


def _as_numbers(counts: Counter[float]) -> Numbers:
    ascending = array("d", sorted(counts))
    return ascending, array("q", [counts[number] for number in ascending])


def summaries(
    _: Deadline, parts: dict[str | None, list[Numbers]], percentiles: list[int]
) -> dict[str | None, dict[str, float]]:
    """Of numbers, at least one under each name. Percentiles are by nearest rank: values that occur."""
    return {name: _summary(numbers, percentiles) for name, numbers in parts.items()}


def _summary(parts: list[Numbers], percentiles: list[int]) -> dict[str, float]:
    if any(times for _, times in parts):
        return _summary_of_counts(parts, percentiles)
    every: list[float] = []
    for numbers, _ in parts:
        every.extend(numbers)
    every.sort()  # joins runs that are sorted already
    count, unit = len(every), _unit(every[0], every[-1])
    total = math.fsum(every if unit == 1 else [number * unit for number in every])
    ranks = {f"p{p}": every[rank - 1] for p, rank in _ranks(percentiles, count)}
    return _shaped(count, total, unit, every[0], every[-1]) | ranks


def _summary_of_counts(parts: list[Numbers], percentiles: list[int]) -> dict[str, float]:
    counts: Counter[float] = Counter()
    for numbers, times in parts:
        if not times:
            counts.update(numbers)
        for number, often in zip(numbers, times, strict=False):
            counts[number] += often
    every, times = _as_numbers(counts)
    up_to = list(accumulate(times))
    count, unit = up_to[-1], _unit(every[0], every[-1])
    total = math.fsum(
        part for number, often in zip(every, times, strict=True) for part in _exactly(number * unit, often)
    )
    ranks = {f"p{p}": every[bisect_left(up_to, rank)] for p, rank in _ranks(percentiles, count)}
    return _shaped(count, total, unit, every[0], every[-1]) | ranks


def _ranks(percentiles: list[int], count: int) -> list[tuple[int, int]]:
    """Each with the place, from 1, of the number that it is."""
    return [(p, max(1, -(-p * count // 100))) for p in percentiles]


def _exactly(number: float, times: int) -> Iterator[float]:
    """Floats whose sum is `number` so many times: a power of two multiplies without rounding."""
    while times:
        power = 1 << (times.bit_length() - 1)
        yield number * power
        times -= power


def _unit(least: float, most: float) -> float:
    """In what to add numbers up, so that the largest of them do not run over."""
    return 1.0 if max(-least, most) < LARGE else 1 / MOST_COUNTED


def _shaped(count: int, total: float, unit: float, least: float, most: float) -> dict[str, float]:
    """A sum that no float can hold is infinite."""
    return {"count": count, "sum": total / unit, "min": least, "max": most, "mean": total / count / unit}
