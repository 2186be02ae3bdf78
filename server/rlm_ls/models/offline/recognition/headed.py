"""Texts whose columns are named once, by a heading: W3C's logs, tables, what commands print; and the time column of
lines whose columns carry names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rlm_ls.models.offline.shapes.column import Column, TimeColumn
from rlm_ls.models.offline.shapes.keys import ALIGNED_CELL, aligned_columns, table_columns
from rlm_ls.models.offline.shapes.shape import Shape
from rlm_ls.models.offline.shapes.times import FORMATS as TIMES
from rlm_ls.models.offline.shapes.times import TimeFormat, time_at_start


def keyed_time(shape: Shape) -> Shape:
    """The time column of lines whose columns carry names: of a table the first column, or the only one that holds
    times."""
    found = [(column, known) for column in _candidates(shape) if (known := _written(column)) is not None]
    if not found or (len(found) > 1 and (shape.entry != "row" or found[0][0] is not shape.columns[0])):
        return shape
    return replace(shape, time=TimeColumn(found[0][0].before, found[0][1]))


def _candidates(shape: Shape) -> list[Column]:
    if shape.entry == "event":
        found = shape.of_kind("time")
        # Of several the one at the top, by the name that says nothing else: created may be an order's.
        top = [column for column in found if "." not in column.name] or found
        own = [
            c for c in top if re.fullmatch(r"[@_]*(?:time|ts|t|time_?stamp|asctime|realtime_timestamp)", c.name.lower())
        ]
        return own[:1] or top
    return [column for column in shape.columns if column.kind in {"time", ""}]


def _written(column: Column) -> TimeFormat | None:
    """How the times of a column are written, where all its values are times."""
    values = [value for value in column.values if value]
    for known in TIMES:
        pattern = re.compile(rf"(?:{known.pattern})(?!\d)")
        if values and all(pattern.match(value) for value in values) and not (known.epoch and column.kind != "time"):
            return known
    return None


def w3c(lines: list[str]) -> Shape | None:
    fields = next((line for line in lines if line.startswith(("#Fields:", "#fields\t"))), None)
    if fields is None:
        return None
    separator = "\t" if fields.startswith("#fields\t") else " "
    names = fields.split(separator)[1:] if separator == "\t" else fields.split()[1:]
    data = [line for line in lines if not line.startswith("#")]
    if data and all("\t" in line for line in data):
        separator = "\t"  # CloudFront names its columns between blanks, and writes them between tabs
    rows = [line.split(separator) for line in data]
    columns = [_iis(column) for column in table_columns(names, rows, separator)]
    time = None
    if names[:2] == ["date", "time"]:
        columns, time = columns[2:], TimeColumn("^", replace(TIMES[0], gap=r"[T \t]"))
    elif (clock := next((c for c in columns if c.name in {"ts", "time"}), None)) is not None and clock.values:
        known = next((t for t in TIMES if re.match(t.pattern, clock.values[0])), None)
        time = TimeColumn(clock.before, known) if known else None
    sign = "\t" if separator == "\t" else " "
    head = "^[^#]\\S*" + (f"(?:{sign}[^{sign}]*){{{len(names) - 1}}}")
    return Shape("a W3C log", head, "request" if "cs-method" in names else "row", tuple(columns), time, "^#")


IIS = {
    "c-ip": "client",
    "s-ip": "host",
    "cs-method": "method",
    "cs-uri-stem": "path",
    "cs-username": "user",
    "sc-status": "status",
    "sc-bytes": "size",
    "cs(User-Agent)": "agent",
    "cs(Referer)": "referer",
    "time-taken": "duration",
}


def _iis(column: Column) -> Column:
    taken = "s" if any("." in value for value in column.values) else "ms"  # CloudFront writes seconds
    unit = taken if column.name == "time-taken" else column.unit
    return replace(column, kind=IIS.get(column.name, column.kind), unit=unit)


def table(lines: list[str]) -> Shape | None:
    for separator in ("\t", ",", ";", "|"):
        try:
            rows = [row for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            return None
        if not rows:
            continue
        start = _heading(rows)
        lines_left, rows = lines[start:], rows[start:]
        width = len(rows[0])
        if width < 2 or sum(len(row) == width for row in rows) < 0.9 * len(rows):
            continue
        names = [cell.strip() for cell in rows[0]]
        if not all(re.fullmatch(r"[A-Za-z_][\w .()/%#-]*", name) for name in names) or len(set(names)) < width:
            if separator == "|" and (found := _unheaded(lines_left, rows)) is not None:
                return found
            continue
        data = rows[1:]
        if not data:
            continue
        heading = "^" + re.escape(lines_left[0]) + "$"
        head = f"^(?:[^{separator}]*{re.escape(separator)}){{{width - 1}}}"
        shape = Shape("a table", head, "row", tuple(table_columns(names, data, separator)), None, heading)
        return keyed_time(shape)
    return None


def _unheaded(lines: Sequence[str], rows: Sequence[Sequence[str]]) -> Shape | None:
    """Lines of a log in cells that nothing names: what stands in them is found by what it is."""
    known = time_at_start(lines[0])
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if known is None or width < 4:
        return None
    head = f"^{known.pattern}\\s*\\|"
    if sum(re.match(head, line) is not None for line in lines) < 0.9 * len(lines):
        return None
    names = ["", *(f"column {n}" for n in range(2, width + 1))]
    columns = [c for c in table_columns(names, rows, "|")[1:] if len(set(c.values)) < 0.5 * len(rows)]
    return Shape("lines of cells", head, "event", tuple(columns), TimeColumn("^", known))


def _heading(rows: Sequence[Sequence[str]]) -> int:
    """Which row names the columns: the first, or, behind a preamble, the first that is as wide as those that follow and
    has a different text in each cell."""
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width <= 3 or len(rows[0]) == width == len(set(filter(None, rows[0]))):
        return 0
    near = [n for n, row in enumerate(rows[:60]) if len(row) == width == len(set(filter(None, row)))]
    return near[0] if near and len(rows) - near[0] > 5 else 0


def aligned(lines: list[str]) -> Shape | None:
    """What a command prints as a table: a heading in capitals, and cells below each other."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines if "\t" not in line]
    names = rows[0] if rows else []
    if len(names) < 3 or not all(re.fullmatch(r"[A-Z%][A-Z0-9 %()/._-]*", name) for name in names):
        return None
    data = [row for row in rows[1:] if row != names]
    whole_rows = [row for row in data if len(row) == len(names)]
    if not data or len(whole_rows) < 0.9 * len(data):
        return None
    columns = tuple(aligned_columns(names, whole_rows))
    entry: Literal["event", "row"] = "event" if any(column.kind == "message" for column in columns) else "row"
    head = rf"^(?:{ALIGNED_CELL}\s{{2,}}){{{len(names) - 1}}}"
    return Shape("an aligned table", head, entry, columns, None, "^" + re.escape(lines[0].strip()) + r"\s*$")
