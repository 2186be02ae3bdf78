"""Patterns: each match, how many, and which values they capture."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import chain, pairwise
from math import isfinite

from rlm_ls.context.clock import Clock
from rlm_ls.context.document import Hit
from rlm_ls.context.ops.hits import Hits, groups_of
from rlm_ls.context.ops.program import program
from rlm_ls.context.ops.scan import Scan
from rlm_ls.context.ops.windows import line_places
from rlm_ls.context.piece import Pieces


def regex(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int
) -> tuple[list[Hit], int, int]:
    """The first `limit` matches, how many in all, bytes searched."""
    test = program(pattern, ignore_case, multiline)
    scan = Scan(clock, pieces)
    found: list[Hit] = []
    total = 0
    for piece, reader in scan.pieces(test):
        hits = Hits(reader, piece)
        if len(found) >= limit and not multiline:
            total += sum(test.count(window, clock) for window in scan.windows(reader, piece))
            continue
        for window, spans in scan.matches(test, reader, piece):
            total += 1
            if len(found) < limit:
                found.append(hits.hit(*window.span(*spans[0]), groups=groups_of(window, spans)))
    return found, total, scan.searched


def count(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, lines: bool
) -> tuple[dict[int, int], int]:
    """Matches (or lines that hold one) per document number, and bytes searched."""
    test = program(pattern, ignore_case, multiline)
    scan = Scan(clock, pieces)
    counts: Counter[int] = Counter()
    for window, docs, starts in scan.blocks(test) or ():
        if test.literal and not lines:
            for doc, (start, end) in zip(docs, pairwise([*starts, len(window.text)]), strict=True):
                counts[doc] += window.text.count(test.literal, start, end)
            continue
        places = line_places(test, window, clock) if lines else list(test.starts(window, clock))
        ends = [bisect_left(places, start) for start in [*starts[1:], len(window.text) + 1]]
        for doc, (first, last) in zip(docs, pairwise([0, *ends]), strict=True):
            counts[doc] += last - first
    if scan.searched or clock.stopped:
        return dict(counts), scan.searched
    for piece, reader in scan.pieces(test):
        if multiline:
            counts[piece.doc] += sum(1 for _ in scan.matches(test, reader, piece, captures=False))
        elif lines:
            for window in scan.windows(reader, piece):
                counts[piece.doc] += len(line_places(test, window, clock))
        else:
            counts[piece.doc] += sum(test.count(window, clock) for window in scan.windows(reader, piece))
    return dict(counts), scan.searched


def values(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int, limit_bytes: int
) -> tuple[list[str], int, bool, int]:
    """Captured values in order, their size in bytes, whether a limit cut them short, bytes searched."""
    test = program(pattern, ignore_case, multiline)
    scan = Scan(clock, pieces)
    found: list[str] = []
    size = 0
    for piece, reader in scan.pieces(test):
        for value in chain.from_iterable(scan.values(test, reader, piece)):
            if len(found) >= limit or size + len(value) > limit_bytes:
                return found, size, True, scan.searched
            size += len(value)
            found.append(value.decode("utf-8", "replace"))
    return found, size, False, scan.searched


def tally(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool
) -> tuple[dict[bytes, int], int]:
    """How often each captured value occurs, and bytes searched."""
    test = program(pattern, ignore_case, multiline)
    scan = Scan(clock, pieces)
    counts: Counter[bytes] = Counter()
    for piece, reader in scan.pieces(test):
        for batch in scan.values(test, reader, piece):
            counts.update(batch)
    return dict(counts), scan.searched


def numbers(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool
) -> tuple[array[float], int, int]:
    """Captured numbers (ascending), how many captured values are none, bytes searched."""
    test = program(pattern, ignore_case, multiline)
    scan = Scan(clock, pieces)
    found = array("d")
    ignored = 0
    for piece, reader in scan.pieces(test):
        for batch in scan.values(test, reader, piece):
            ignored += add_numbers(batch, found)
    return array("d", sorted(found)), ignored, scan.searched


def add_numbers(values: Iterable[bytes], found: array[float]) -> int:
    """Appends those that are numbers; how many are not."""
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


def summary(_: Clock, parts: list[array[float]], percentiles: list[int]) -> dict[str, float]:
    """Of ascending numbers, at least one in all. Percentiles are by nearest rank: values that occur."""
    every: list[float] = []
    for part in parts:
        every.extend(part)
    every.sort()  # joins runs that are sorted already
    count = len(every)
    total = math.fsum(every)
    ranks = {f"p{p}": every[max(0, -(-p * count // 100) - 1)] for p in percentiles}
    return {"count": count, "sum": total, "min": every[0], "max": every[-1], "mean": total / count, **ranks}
