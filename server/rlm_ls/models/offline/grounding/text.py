"""The text as a question is held against it: its shape, lines of a sample, their words and the columns' values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from rlm_ls.models.offline.grounding.words import Vocabulary
from rlm_ls.models.offline.shapes.column import EMPTY, Column
from rlm_ls.models.offline.shapes.shape import SHORT, Shape

MOST_VALUES = 2000
DIVIDER = re.compile(r"[-=*#~]{5}")
"""What begins a line that parts others, and says nothing itself: `--------- beginning of crash`."""


class Text:
    def __init__(self, shape: Shape, sample: Sequence[str], *, whole: bool) -> None:
        self.shape = shape
        self.lines = [line[:SHORT] for line in sample]
        self.whole = whole
        self._values: dict[str, list[str]] = {}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary([line for line in self.lines if not DIVIDER.match(line)])

    def values(self, column: Column) -> list[str]:
        """The different values of the column in the sample, in the order of their first line."""
        if column.capture not in self._values:
            found = dict.fromkeys(column.values)
            pattern = re.compile(column.capture)
            header = re.compile(self.shape.header or r"[^\s\S]")
            rows = re.compile(self.shape.head if self.shape.entry == "row" else "")
            for line in self.lines:
                if rows.search(line) and not header.match(line) and (match := pattern.search(line)):
                    found[match[1]] = None
                if len(found) > MOST_VALUES:
                    break
            self._values[column.capture] = list(found)
        return self._values[column.capture]

    def values_missing(self, column: Column) -> bool:
        """Whether lines of the sample have no value of the column."""
        return any(value in EMPTY for value in self.values(column))
