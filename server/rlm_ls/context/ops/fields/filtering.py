"""Lines whose field matches a pattern: what a filter by a field does, and counting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from rlm_ls.context.ops.fields.paths import MISSING, FieldOf, rendered
from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, compile_pattern
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import BadPattern

MARK = "\0field:"
"""How a filter's pattern begins that is one of a field: no line's pattern has use for a NUL there."""

REMEMBERED = 10_000
"""Values of which it is remembered whether they match, and the bytes of each at most: levels come again and again."""
SHORT = 200

BREATH = 256
"""Lines between two looks at the clock."""


def field_filter(name: str, pattern: str) -> str:
    """A Part's filter for the lines whose field matches; with an empty pattern those that hold the field."""
    return MARK + json.dumps([name, pattern])


def line_test(pattern: str) -> CompiledPattern | FieldTest:
    """What a Part's filter asks of a line."""
    return _field_test(pattern) if pattern.startswith(MARK) else compile_pattern(pattern)


@lru_cache(maxsize=32)
def _field_test(pattern: str) -> FieldTest:
    try:
        name, inner = map(str, json.loads(pattern[len(MARK) :]))
    except (ValueError, TypeError):
        raise BadPattern("This filter by a field was not made by filter().", 'filter("error", field="level")') from None
    return FieldTest(name, ValueTest(compile_pattern(inner) if inner else None))


class ValueTest:
    """Whether a value matches a pattern, as a line would. Without a pattern every value does."""

    def __init__(self, pattern: CompiledPattern | None) -> None:
        self._pattern = pattern
        self._known: dict[bytes, bool] = {}

    def __call__(self, value: bytes, deadline: Deadline) -> bool:
        if self._pattern is None:
            return True
        known = self._known.get(value)
        if known is None:
            known = self._pattern.first(Window(0, value), deadline) is not None
            if len(value) <= SHORT and len(self._known) < REMEMBERED and not deadline.stopped:
                self._known[value] = known
        return known


class FieldTest:
    """A filter's test, which has no more than `first` of a CompiledPattern."""

    def __init__(self, name: str, test: ValueTest) -> None:
        self._field = FieldOf(name)
        self._test = test

    def first(self, window: Window, deadline: Deadline, at: int = 0) -> tuple[int, int] | None:
        """The first line from the line start `at` on whose field matches. None in a piece of a very long line."""
        if window.is_piece:
            return None
        for seen, (start, end) in enumerate(lines(window, self._field.mark(window.text), at), 1):
            if seen % BREATH == 0 and deadline.late():
                return None
            value = self._field(window.text[start:end])
            if value is not MISSING and self._test(rendered(value), deadline):
                return start, end
        return None


def lines(window: Window, wanted: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Start and end (before the line end) of the lines that are not empty; of those that hold `wanted`, if it is."""
    text, size = window.text, len(window.text)
    while at < size:
        if wanted:
            found = text.find(wanted, at)
            if found < 0:
                return
            at = text.rfind(b"\n", at, found) + 1 or at
        end = text.find(b"\n", at)
        end = size if end < 0 else end
        if end > at:
            yield at, end
        at = end + 1
