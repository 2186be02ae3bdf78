"""Sets of characters as Python's `re` sees them: categories, case folding, set algebra on code point ranges."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache, lru_cache

from rlm_ls.context.patterns import python_re

Ranges = tuple[tuple[int, int], ...]
"""Ranges of code points (first, last), both inclusive; ascending, and neither overlapping nor adjacent."""

ASCII: Ranges = ((0, 127),)

_ASCII_CATEGORIES: dict[str, Ranges] = {
    "DIGIT": ((48, 57),),
    "SPACE": ((9, 13), (32, 32)),
    "WORD": ((48, 57), (65, 90), (95, 95), (97, 122)),
}


def merge(sets: Iterable[Ranges]) -> Ranges:
    """Their union."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(one for ranges in sets for one in ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def complement(ranges: Ranges) -> Ranges:
    out, at = [], 0
    for low, high in ranges:
        if at < low:
            out.append((at, low - 1))
        at = high + 1
    if at <= sys.maxunicode:
        out.append((at, sys.maxunicode))
    return tuple(out)


def intersect(left: Ranges, right: Ranges) -> Ranges:
    out: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            out.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


@cache
def category(name: str, ascii_only: bool) -> Ranges:
    """`name` as the parser has it (`CATEGORY_NOT_DIGIT`)."""
    kind = name.removeprefix("CATEGORY_").removeprefix("NOT_")
    ranges = _ASCII_CATEGORIES[kind] if ascii_only else _unicode_category(kind)
    return complement(ranges) if "NOT_" in name else ranges


@cache
def _unicode_category(kind: str) -> Ranges:
    letter = {"DIGIT": r"\d+", "SPACE": r"\s+", "WORD": r"\w+"}[kind]
    return tuple((match.start(), match.end() - 1) for match in re.finditer(letter, _every_character()))


@cache
def _every_character() -> str:
    # Surrogates are in no category, and keep every other character at its own number.
    # Beyond the CJK planes no character is in any.
    return "".join(map(chr, range(0x40000)))


@lru_cache(maxsize=512)
def fold(ranges: Ranges, ascii_only: bool) -> Ranges:
    """All characters that `re.IGNORECASE` takes for one of these."""
    if ascii_only:
        return merge([ranges, *(((ord(chr(c).swapcase()),) * 2,) for c in _letters() if _holds(ranges, c))])
    touched = [same for same in _case_classes() if any(_holds(ranges, point) for point in same)]
    return merge([ranges, *(((point, point),) for same in touched for point in same)])


def _letters() -> Iterable[int]:
    return (*range(65, 91), *range(97, 123))


def _holds(ranges: Ranges, point: int) -> bool:
    at = bisect_right(ranges, (point, sys.maxunicode)) - 1
    return at >= 0 and ranges[at][1] >= point


@cache
def _case_classes() -> tuple[tuple[int, ...], ...]:
    """Characters that Python's engine compares as equal when case is ignored."""
    classes: dict[int, set[int]] = {}
    for point in range(0x20000):
        if python_re.is_cased(point):
            low = python_re.lower(point)
            classes.setdefault(low, {low}).add(point)
    for point in python_re.points_with_others():
        others = python_re.also(point)
        whole = classes.get(point, {point}).union(*(classes.get(other, {other}) for other in others))
        for member in (point, *others):
            classes[member] = whole
    return tuple({tuple(sorted(members)) for members in classes.values() if len(members) > 1})
