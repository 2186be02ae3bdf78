"""Rows that a script passed to `chart`, as that kind of chart has them. What a script passes may be anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rlm_ls.context.document import Span
from rlm_ls.errors import ProgramError
from rlm_ls.executors.checking.plain import Bounds, plain
from rlm_ls.executors.scripts.crossing import Given
from rlm_ls.executors.scripts.drawn import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Cell, ChartKind, DrawnRow
from rlm_ls.executors.verbs.charts.axis import axis_of
from rlm_ls.executors.verbs.charts.bins import counted, edges_of, rows_of

FORMS: Mapping[ChartKind, str] = {
    "bars": "rows are (label, number), or (label, number, Span)",
    "lines": "rows are (time, number), or (time, number, Span)",
    "heat": "rows are ((row, column), number), or (hour, number) such as ('2024-05-01 13', 5)",
    "histogram": "numbers, or (number, how often) as top gives",
    "table": "rows are lists or dicts",
}
NUMBERS = 50_000
"""Numbers of a histogram that may be passed: more are counted by a pattern."""

LARGEST = 1e15
"""Of what is drawn."""
MOST_CHARACTERS = 200_000
"""Of all labels of a chart together: of an answer, too, that is the most."""

_CELL = Bounds(values=50, characters=2_000, depth=3)
_HOUR = re.compile(r"(.*\d)[T :](\d\d)")

ToSpan = Callable[[Any], Span]
"""Of what a script passed in the place of a Span; raises ProgramError."""


def columns_and_rows(kind: ChartKind, data: Any, to_span: ToSpan) -> tuple[tuple[str, ...], tuple[DrawnRow, ...]]:
    """Raises ProgramError, which says how rows of this kind are written."""
    if isinstance(data, Mapping):
        data = [[key, value] for key, value in data.items()]
    if not isinstance(data, (list, tuple)) or not data:
        raise _wrong(kind, "There is nothing to draw.")
    if kind == "histogram":
        return ("from", "to", "count"), histogram(_pairs(data))
    if len(data) > MOST_ROWS:
        raise ProgramError(f"{len(data):,} rows; a chart has at most {MOST_ROWS:,}.", "Group them, or take the first.")
    columns: tuple[str, ...] = ()
    if all(isinstance(row, Mapping) for row in data):
        columns = tuple(dict.fromkeys(str(_cell(key)) for row in data for key in row))[:MOST_COLUMNS]
        data = [[row.get(column) for column in columns] for row in data]
    rows = tuple(_row(kind, row, to_span) for row in data)
    width = max(len(row.cells) for row in rows)
    if min(len(row.cells) for row in rows) < width:
        raise _wrong(kind, "Some rows have fewer values than others.")
    if width > MOST_COLUMNS:
        raise ProgramError(f"A chart has at most {MOST_COLUMNS} columns.", "Draw what matters.")
    if sum(len(cell) for row in rows for cell in row.cells if isinstance(cell, str)) > MOST_CHARACTERS:
        raise ProgramError("The labels of the chart are too long together.", "Shorten them, or draw fewer rows.")
    return columns or named(kind, width), in_order(kind, rows)


def named(kind: ChartKind, width: int) -> tuple[str, ...]:
    """Columns that nobody has named."""
    if kind == "heat":
        return "row", "column", "value"
    if kind == "table":
        return tuple(str(number) for number in range(1, width + 1))
    numbers = ("value",) if width == 2 else tuple(f"value {number}" for number in range(1, width))
    return ("time" if kind == "lines" else "label", *numbers)


def in_order(kind: ChartKind, rows: tuple[DrawnRow, ...]) -> tuple[DrawnRow, ...]:
    """Points over time in the order of time, whatever order they came in."""
    if kind != "lines":
        return rows
    places = axis_of([str(row.cells[0]) for row in rows]).places
    return tuple(row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0]))


def hour_of(label: str) -> tuple[str, str] | None:
    """The day and the hour of `2024-05-01 13`."""
    found = _HOUR.fullmatch(label[:LONGEST_CELL])
    return (found[1], found[2]) if found else None


def histogram(pairs: Sequence[tuple[float, int]]) -> tuple[DrawnRow, ...]:
    """Numbers, and how often each occurs."""
    ordered = sorted(pairs)
    low, high = ordered[0][0], ordered[-1][0]
    edges = edges_of(low, high, _nearest(ordered, 0.99))
    return tuple(DrawnRow(cells) for cells in rows_of(edges, high, counted(ordered, edges)))


def _nearest(ordered: Sequence[tuple[float, int]], share: float) -> float:
    """By nearest rank."""
    left = share * sum(times for _, times in ordered)
    for number, times in ordered:
        left -= times
        if left <= 0:
            return number
    return ordered[-1][0]


def _pairs(data: Sequence[Any]) -> list[tuple[float, int]]:
    if len(data) > NUMBERS:
        raise ProgramError(
            f"{len(data):,} numbers; at most {NUMBERS:,} are passed.",
            r'Pass the pattern: chart("histogram", r"(\d+)").',
        )
    found = []
    for one in data:
        number, times = one if isinstance(one, (list, tuple)) and len(one) == 2 else (one, 1)
        if not isinstance(times, int) or isinstance(times, bool) or not 0 < times <= LARGEST:
            raise _wrong("histogram", f"{str(_cell(times))!r} is not how often.")
        found.append((float(_number("histogram", number)), times))
    return found


def _row(kind: ChartKind, row: Any, to_span: ToSpan) -> DrawnRow:
    values = list(row) if isinstance(row, (list, tuple)) else [row]
    span = None
    if values and _is_span(values[-1]):
        last = values.pop()
        span = to_span(last[0] if isinstance(last, (list, tuple)) else last)
    if kind == "table":
        return DrawnRow(tuple(_cell(value) for value in values), span)
    if len(values) < 2:
        raise _wrong(kind, "A row has a label and a number.")
    labels, numbers = values[:1], values[1:]
    if kind == "heat":
        labels, numbers = _both(values)
    cells = [_label(label) for label in labels] + [None if n is None else _number(kind, n) for n in numbers]
    return DrawnRow(tuple(cells), span)


def _both(values: list[Any]) -> tuple[list[Any], list[Any]]:
    """Row and column, and the number."""
    first = values[0]
    if isinstance(first, (list, tuple)) and len(first) == 2 and len(values) == 2:
        return list(first), values[1:]
    if len(values) == 3:
        return values[:2], values[2:]
    hour = hour_of(str(_cell(first))) if len(values) == 2 else None
    if hour is None:
        raise _wrong("heat", f"{str(_cell(first))!r} has no row and column.")
    return list(hour), values[1:]


def _is_span(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and _is_span(value[0])
    return isinstance(value, Given) and value.name in {"Span", "Entry"}


def _label(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(str(_cell(part)) for part in value[:MOST_COLUMNS])[:LONGEST_CELL]
    return str(_cell(value))


def _cell(value: Any) -> Cell:
    """A label or a value of a table, short enough to be shown."""
    found = value if isinstance(value, str) else plain(value, _CELL, "a cell of the chart")
    if found is None or (isinstance(found, (int, float)) and not isinstance(found, bool)):
        return found
    text = " ".join(str(found)[: 4 * LONGEST_CELL].split())
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _number(kind: ChartKind, value: Any) -> int | float:
    number = value
    if isinstance(value, str) and len(value) <= 30:
        try:
            number = float(value.replace(",", ""))
        except ValueError:
            number = None
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not abs(number) <= LARGEST:
        raise _wrong(kind, f"{str(_cell(value))[:60]!r} is no number that can be drawn.")
    return int(number) if number == int(number) else number


def _wrong(kind: ChartKind, why: str) -> ProgramError:
    return ProgramError(why, f"For {kind} {FORMS[kind]}; or pass a pattern whose group is counted.")
