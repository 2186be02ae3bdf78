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

FEW = 1000
"""Different texts that are counted before it is asked how often they occur."""

LARGE = 2.0**900
MOST_COUNTED = 2.0**64
"""So often at most a number can occur."""


def number_of(text: bytes) -> float | None:
    """The number that a captured text is, as Python writes them: 12, -3.5, 1e6. None if it is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and b"_" not in text else None


def numbered(
    batches: Iterable[Iterable[Raw]], groups: int, limit: int
) -> tuple[dict[bytes | None, Numbers], int, bool]:
    """The numbers among captured values, how many values are none, and whether there are more than `limit` names.

    They stand under None; where each value is a row of several `groups`, those of the second under the first.
    """
    if groups < 2:
        captured = _Captured()
        for batch in batches:
            captured.add(list(batch))  # type: ignore[arg-type]  # of one group they are no rows
        numbers = captured.numbers()
        return {None: numbers}, captured.ignored, False
    found: dict[bytes | None, array[float]] = {}
    ignored = 0
    for batch in batches:
        for row in batch:
            name, text = row[0], row[1]
            if name is None or text is None:
                continue
            numbers_of_name, number = found.setdefault(name, array("d")), number_of(text)  # type: ignore[arg-type]
            if number is None:
                ignored += 1
            else:
                numbers_of_name.append(number)
        if len(found) > limit:
            return {name: (some, array("q")) for name, some in found.items()}, ignored, True
    return {name: (array("d", sorted(some)), array("q")) for name, some in found.items()}, ignored, False


class _Captured:
    """Captured texts as numbers: counted while there are few different ones for how many there are, which is quicker
    than to read each; later ones are read as they come."""

    def __init__(self) -> None:
        self.ignored = 0
        self._counts: Counter[bytes] = Counter()
        self._counted = 0
        self._each = array("d")

    def add(self, texts: list[bytes]) -> None:
        if len(self._counts) <= FEW or self._often:
            self._counts.update(texts)
            self._counted += len(texts)
        else:
            self._read(texts)

    def numbers(self) -> Numbers:
        """All of them, ascending. To be asked for once."""
        if not self._often:
            self._read(list(self._counts.elements()))
            return array("d", sorted(self._each)), array("q")
        counts: Counter[float] = Counter()
        for text, times in self._counts.items():
            number = number_of(text)
            if number is None:
                self.ignored += times
            else:
                counts[number] += times
        counts.update(self._each)
        return _as_numbers(counts)

    @property
    def _often(self) -> bool:
        return OFTEN * len(self._counts) <= self._counted

    def _read(self, texts: list[bytes]) -> None:
        """All at once where all are numbers, as they mostly are."""
        try:
            numbers = array("d", map(float, texts))
        except ValueError:
            numbers = array("d")
        if len(numbers) < len(texts) or not all(map(isfinite, numbers)) or b"_" in b"".join(texts):
            numbers = array("d", [number for text in texts if (number := number_of(text)) is not None])
        self.ignored += len(texts) - len(numbers)
        self._each.extend(numbers)


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
