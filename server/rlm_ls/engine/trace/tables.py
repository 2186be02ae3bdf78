"""The tables of an answer: its `data`, its charts, and those that its Markdown holds; as CSV of which no cell is a
formula."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rlm_ls.engine.answer import Answer, Chart
from rlm_ls.engine.trace.inert import MOST
from rlm_ls.visible import visible

Cell = str | int | float | bool | None

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns. `name` says where it is from."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables(answer: Answer) -> list[Table]:
    """First those of `data`, by the names they have there, then charts by their titles, then those of the text. Takes
    a while: not on the loop."""
    return [*_of_data("data", answer.data), *map(_of_chart, answer.charts), *_of_markdown(answer.answer)]


def as_csv(found: Sequence[Table]) -> str:
    """One below the other, an empty line between. No cell is a formula (RFC 4180 says nothing of them; programs do)."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    for index, table in enumerate(found):
        if index:
            made.write("\n")
        writer.writerow([_written(name) for name in table.columns])
        writer.writerows([_written(cell) for cell in row] for row in table.rows)
    return made.getvalue()


def as_json(found: Sequence[Table]) -> list[dict[str, Any]]:
    """`{name, rows}` each, a row as an object by column."""
    return [
        {"name": table.name, "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows]}
        for table in found
    ]


def _written(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _of_data(name: str, data: Any) -> Iterator[Table]:
    if isinstance(data, list) and data:
        if all(isinstance(row, dict) for row in data):
            columns = tuple(dict.fromkeys(str(key) for row in data for key in row))
            yield Table(name, columns, tuple(tuple(_cell(row.get(column)) for column in columns) for row in data))
        elif all(isinstance(row, list) for row in data):
            columns = tuple(str(number) for number in range(1, max(map(len, data)) + 1))
            yield Table(name, columns, tuple((*map(_cell, row), *[None] * (len(columns) - len(row))) for row in data))
        else:
            yield Table(name, ("value",), tuple((_cell(value),) for value in data))
    elif isinstance(data, dict):
        inner = {key: value for key, value in data.items() if isinstance(value, list) and value}
        rest = {key: value for key, value in data.items() if key not in inner}
        if rest:
            yield Table(name, ("name", "value"), tuple((str(key), _cell(value)) for key, value in rest.items()))
        for key, value in inner.items():
            yield from _of_data(str(key), value)
    elif data is not None and data != []:
        yield Table(name, ("value",), ((_cell(data),),))


def _of_chart(chart: Chart) -> Table:
    return Table(chart.title or chart.kind, chart.columns, tuple(row.cells for row in chart.rows))


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, Cell) else json.dumps(value, ensure_ascii=False)


def _of_markdown(markdown: str) -> Iterator[Table]:
    if len(markdown) > MOST:
        return
    rows: list[list[str]] = []
    count = 0
    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # nothing is followed: its words are taken
    for token in parser.parse(markdown):
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_words(token))
        elif token.type == "table_close":
            count += 1
            yield Table(f"table {count}", tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))
            rows = []


def _words(cell: Token) -> str:
    """What is read of a cell: without marks of code and emphasis, and of a link its text."""
    return "".join(token.content for token in cell.children or () if token.type in ("text", "code_inline")).strip()
