"""What is known of a text's lines: its columns, how an entry begins, what an entry is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rlm_ls.models.offline.shapes.column import Column, TimeColumn
from rlm_ls.models.offline.shapes.levels import is_levels

MOST_LINES = 200
LONGEST = 16_000
"""Characters of a sampled line that are parsed, as JSON or as a row of a table."""
SHORT = 600
"""Characters that patterns are tried on: a line is hostile, and `re` may take the square of its length."""

CONTINUED_TEXT = (
    r"^(?:at |created by |[\w$./-]+(?:\.\(\*?\w+\))?\.[\w$<>]+(?:\(.*\))?$|\W*$|\[stacktrace\]|"
    r"Caused by:|Suppressed:|Traceback |\.\.\. |During handling|The above exception|goroutine \d|panic:|"
    r"(?:[\w$]+\.)*\w*(?:Error|Exception|Timeout|Interrupt|Exit|Failure|Warning)(?::|$))"
)
CONTINUED = re.compile(r"\s|[#})\]]|$|(?:" + CONTINUED_TEXT[1:] + ")")
"""Lines that go on with the one before: of a stack trace, of a statement. CONTINUED_TEXT are those not indented."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`head` is a pattern of the lines that were understood; "" where nothing is known of the lines. `entry` says what
    a line is: a request of an access log, an event of a log, a row of a table, or just a line."""

    name: str = "text"
    head: str = ""
    entry: Literal["request", "event", "row", "line"] = "line"
    columns: tuple[Column, ...] = ()
    time: TimeColumn | None = None
    header: str = ""
    """The pattern of the lines that name the columns and are no data."""
    row: str = ""
    """What a row is, by the name of the file: order for orders.csv."""
    record: str = ""
    """The pattern of the lines that begin a record of several lines; "" where a line is one."""
    joined: bool = False
    """Whether lines that begin with no time go on with the one before, as a sample shows."""
    entries: tuple[str, ...] = ()
    """Nouns of questions that say no more than what a line is."""
    crowded: frozenset[str] = frozenset()
    """Kinds of things of which some lines hold several: which of them is meant cannot be told without a column."""

    def of_kind(self, kind: str) -> list[Column]:
        return [column for column in self.columns if column.kind == kind]

    def level(self) -> Column | None:
        found = [column for column in self.of_kind("level") if is_levels(column.values)]
        return found[0] if found else None
