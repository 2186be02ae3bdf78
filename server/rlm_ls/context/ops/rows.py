"""What patterns with several groups capture: rows, and numbers under the name in front of them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator

from rlm_ls.context.clock import Clock
from rlm_ls.context.ops.match import add_numbers, summary
from rlm_ls.context.ops.program import Program, Spans, program
from rlm_ls.context.ops.scan import Scan
from rlm_ls.context.piece import Pieces

Row = tuple[str | None, ...]


def groups(_: Clock, pattern: str, ignore_case: bool, multiline: bool) -> int:
    """How many groups a pattern has. Raises BadPattern."""
    return program(pattern, ignore_case, multiline).groups


def rows(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int, limit_bytes: int
) -> tuple[list[Row], int, bool, int]:
    """The groups of each match in order (None for one that took no part), their size in bytes, whether a limit cut
    them short, bytes searched."""
    scan = Scan(clock, pieces)
    found: list[Row] = []
    size = 0
    for raw in _captured(scan, program(pattern, ignore_case, multiline)):
        size += sum(len(value) for value in raw if value is not None) + 1
        if len(found) >= limit or size > limit_bytes:
            return found, size, True, scan.searched
        found.append(tuple(None if value is None else value.decode("utf-8", "replace") for value in raw))
    return found, size, False, scan.searched


def tally(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int
) -> tuple[dict[tuple[bytes | None, ...], int], bool, int]:
    """How often each row occurs, whether there are more than `limit` different ones, bytes searched."""
    scan = Scan(clock, pieces)
    counts: Counter[tuple[bytes | None, ...]] = Counter()
    for raw in _captured(scan, program(pattern, ignore_case, multiline)):
        counts[tuple(raw)] += 1
        if len(counts) > limit:
            return dict(counts), True, scan.searched
    return dict(counts), False, scan.searched


def numbers_by_name(
    clock: Clock, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int
) -> tuple[dict[bytes, array[float]], int, bool, int]:
    """Numbers of the second group under the first, how many are none, whether there are more than `limit` names, bytes
    searched."""
    scan = Scan(clock, pieces)
    found: dict[bytes, array[float]] = {}
    ignored = 0
    for name, number, *_ in _captured(scan, program(pattern, ignore_case, multiline)):
        if name is None or number is None:
            continue
        numbers = found.get(name)
        if numbers is None:
            if len(found) >= limit:
                return found, ignored, True, scan.searched
            numbers = found[name] = array("d")
        ignored += add_numbers((number,), numbers)
    return {name: array("d", sorted(numbers)) for name, numbers in found.items()}, ignored, False, scan.searched


def summaries(
    clock: Clock, parts: dict[str, list[array[float]]], percentiles: list[int]
) -> dict[str, dict[str, float]]:
    """`match.summary` for each name."""
    return {name: summary(clock, numbers, percentiles) for name, numbers in parts.items()}


def _captured(scan: Scan, test: Program) -> Iterator[list[bytes | None]]:
    for piece, reader in scan.pieces(test):
        for window, spans in scan.matches(test, reader, piece):
            yield _groups(window.text, spans)


def _groups(text: bytes, spans: Spans) -> list[bytes | None]:
    return [text[start:end] if start >= 0 else None for start, end in spans[1:]]
