"""Searches by field: the values of one or several fields of each line, listed, tallied, as numbers, counted.

As `matching.match`, but for what each result begins with: how many lines there were, how many of them hold none of the
fields, and in how many the field is null.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rlm_ls.context.ops.fields.filtering import BREATH, ValueTest
from rlm_ls.context.ops.fields.paths import MISSING, FieldOf, rendered, value_in
from rlm_ls.context.ops.fields.records import record_of
from rlm_ls.context.ops.matching.compiled_pattern import Raw, compile_pattern
from rlm_ls.context.ops.matching.match import PACK, Pack, readable, tallied
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.numbers import Numbers, numbered
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Piece, Pieces

Seen = tuple[int, int, int]
"""Lines that are not empty; of them without the field; with null."""


class Reading:
    """One operation's way through the fields of its pieces."""

    def __init__(self, deadline: Deadline, pieces: Pieces, names: list[str]) -> None:
        self.scan = Scan(deadline, pieces)
        self.seen = [0, 0, 0]
        self._deadline = deadline
        self._names = names
        self._fields = [FieldOf(name) for name in names]

    def rows(self) -> Iterator[tuple[Piece, list[list[Any]]]]:
        """For each window the values of each line that holds at least one of the fields."""
        for piece, reader in self.scan.pieces():
            for window in self.scan.windows(reader, piece):
                if not window.is_piece:
                    yield piece, list(self._rows_of(window))
                elif window.begin == 0:
                    self.seen[0] += 1  # longer than any record is read
                    self.seen[1] += 1

    def _rows_of(self, window: Window) -> Iterator[list[Any]]:
        lines = [line for line in window.text.split(b"\n") if line]
        mark = self._fields[0].mark(window.text)
        found = 0
        for number, line in enumerate(lines, 1):
            if number % BREATH == 0 and self._deadline.late():
                return
            row = self._row(line, mark)
            if row is not None:
                found += 1
                self.seen[2] += row[-1] is None
                yield row
        self.seen[0] += len(lines)
        self.seen[1] += len(lines) - found

    def _row(self, line: bytes, mark: bytes) -> list[Any] | None:
        """The values of a line; None where it holds none of the fields. `mark`: of the first one."""
        if len(self._fields) == 1:
            [field] = self._fields
            value = field(line) if mark in line else MISSING
            return None if value is MISSING else [value]
        if b"{" in line:
            record = record_of(line)
            row = [value_in(record, name) for name in self._names]
        else:
            row = [field(line) for field in self._fields]
        return None if all(value is MISSING for value in row) else row

    def raws(self, pattern: str, ignore_case: bool) -> Iterator[list[Raw]]:
        """The values as texts, or what a pattern captures in them, as `CompiledPattern.values` has it."""
        test = compile_pattern(pattern, ignore_case) if pattern else None
        for _, rows in self.rows():
            if test is not None:
                text = b"\n".join(rendered(row[0]) for row in rows)
                yield list(test.values(Window(0, text), self._deadline)) if rows else []
            elif len(self._names) == 1:
                yield [rendered(row[0]) for row in rows]
            else:
                yield [tuple(None if value is MISSING else rendered(value) for value in row) for row in rows]


def values(
    deadline: Deadline, pieces: Pieces, names: list[str], pattern: str, ignore_case: bool, limit: int, room: int
) -> tuple[Seen, list[Pack], int, bool, int]:
    """As `match.values`; without a pattern values keep their JSON types, and in a row what is missing is None."""
    reading = Reading(deadline, pieces, names)
    packs: list[Pack] = []
    size = count = 0
    for batch in _typed(reading) if not pattern else _captured(reading, pattern, ignore_case):
        for at in range(0, len(batch), PACK):
            some = batch[at : at + PACK]
            some = some[: max(0, limit - count)]
            text = json.dumps(some, ensure_ascii=False)[1:-1]
            if not some or size + len(text) > room:
                return _seen(reading), packs, size, True, reading.scan.searched
            packs.append((text, len(some)))
            size, count = size + len(text), count + len(some)
    return _seen(reading), packs, size, False, reading.scan.searched


def _typed(reading: Reading) -> Iterator[list[Any]]:
    for _, rows in reading.rows():
        known = [[None if value is MISSING else value for value in row] for row in rows]
        yield known if known and len(known[0]) > 1 else [row[0] for row in known]


def _captured(reading: Reading, pattern: str, ignore_case: bool) -> Iterator[list[Any]]:
    for batch in reading.raws(pattern, ignore_case):
        yield [readable(value) for value in batch]


def tally(
    deadline: Deadline, pieces: Pieces, names: list[str], pattern: str, ignore_case: bool
) -> tuple[Seen, list[bytes], bool, int]:
    """As `match.tally`."""
    reading = Reading(deadline, pieces, names)
    packs, short = tallied(reading.raws(pattern, ignore_case))
    return _seen(reading), packs, short, reading.scan.searched


def numbers(
    deadline: Deadline, pieces: Pieces, names: list[str], pattern: str, ignore_case: bool, limit: int
) -> tuple[Seen, dict[bytes | None, Numbers], int, bool, int]:
    """As `match.numbers`: the last of two fields' numbers, under the first's values."""
    reading = Reading(deadline, pieces, names)
    groups = compile_pattern(pattern, ignore_case).groups if pattern else len(names)
    found, ignored, more = numbered(reading.raws(pattern, ignore_case), groups, limit)
    return _seen(reading), found, ignored, more, reading.scan.searched


def count(
    deadline: Deadline, pieces: Pieces, names: list[str], pattern: str, ignore_case: bool
) -> tuple[Seen, dict[int, int], int]:
    """Lines whose field matches, per document number."""
    reading = Reading(deadline, pieces, names)
    test = ValueTest(compile_pattern(pattern, ignore_case) if pattern else None)
    counts: Counter[int] = Counter()
    for piece, rows in reading.rows():
        counts[piece.doc] += sum(
            any(value is not MISSING and test(rendered(value), deadline) for value in row) for row in rows
        )
    return _seen(reading), dict(counts), reading.scan.searched


def _seen(reading: Reading) -> Seen:
    lines_seen, missing, nulls = reading.seen
    return lines_seen, missing, nulls
