"""The columns of a table in plain text (CSV, TSV), by its first line."""

from __future__ import annotations

import csv

from rlm_ls.context.ops.reader import Reader

Found = tuple[str, str, int, int, int]

LONGEST = 1 << 16
"""Bytes of a first line that names columns."""
MOST = 1000


def columns(reader: Reader) -> list[Found]:
    """Each at the place of the first line; none where that is not divided."""
    end = reader.line_end(0, min(reader.size, LONGEST))
    return [("column", name, 1, 0, end) for name in names(reader.read(0, end).decode("utf-8", "replace"))]


def names(line: str) -> list[str]:
    """The cells of a first line, divided by what divides it most."""
    line = line.rstrip("\r\n")
    divider = max("\t,;|", key=line.count)
    if divider not in line:
        return []
    try:
        cells = next(csv.reader([line], delimiter=divider), [])
    except csv.Error:
        return []
    return [cell.strip()[:120] for cell in cells[:MOST]]
