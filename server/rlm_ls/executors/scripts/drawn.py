"""A chart as a script draws it: data first, in rows, of which each may know the line that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rlm_ls.context.document import Span

ChartKind = Literal["bars", "lines", "histogram", "heat", "table"]

Cell = str | int | float | None

MOST_CHARTS = 4
MOST_ROWS = 1_000
MOST_COLUMNS = 8
LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One point. `span` is a line that it stands for: the first that was counted, or what the script gave."""

    cells: tuple[Cell, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """`bars` and `lines` have a label and one or more numbers a row, `heat` a row's and a column's name and a number,
    `histogram` from (inclusive), to (exclusive; the last one's belongs to it) and how many, `table` anything.

    `note` says what is not in it.
    """

    kind: ChartKind
    title: str
    columns: tuple[str, ...]
    rows: tuple[DrawnRow, ...]
    note: str = ""


def height(cells: Sequence[Cell]) -> float:
    """By what a point is higher than others: its last number."""
    return float(cells[-1]) if isinstance(cells[-1], (int, float)) else 0.0
