"""Data and tables of an answer become CSV and JSON that mean the same, and that no spreadsheet executes."""

from __future__ import annotations

import csv
import io

import pytest

from rlm_ls.engine.answer import Answer, Chart, ChartRow
from rlm_ls.engine.trace.tables import Table, as_csv, as_json
from rlm_ls.engine.trace.tables import tables as tables_of

ANSWER = """Failures by host:

| host | failed | where |
| --- | ---: | --- |
| `pay-03` | **81** | [app.log:3](file:///w/app.log#L3) |
| pay\\|04 | 2 | |

And that is all. | no | table |
"""


def tables(text: str, data: object, *charts: Chart) -> list[Table]:
    given = {"run_id": "r", "status": "answered", "reason": "", "route": "rlm", "answer": text, "data": data}
    return tables_of(Answer.model_validate({**given, "charts": charts}))


def test_tables_of_the_text_are_read_as_they_are_shown() -> None:
    (table,) = tables(ANSWER, None)
    assert table == Table("table 1", ("host", "failed", "where"), (("pay-03", "81", "app.log:3"), ("pay|04", "2", "")))


@pytest.mark.parametrize(
    ("data", "columns", "rows"),
    [
        ([{"a": 1}, {"b": "x", "a": None}], ("a", "b"), ((1, None), (None, "x"))),
        ([[1, 2], [3]], ("1", "2"), ((1, 2), (3, None))),
        ([1, "two", {"c": [3]}], ("value",), ((1,), ("two",), ('{"c": [3]}',))),
        ({"n": 1, "ok": True}, ("name", "value"), (("n", 1), ("ok", True))),
        (7, ("value",), ((7,),)),
    ],
)
def test_data_of_any_form_is_a_table(data: object, columns: tuple[str, ...], rows: tuple[object, ...]) -> None:
    (table,) = tables("", data)
    assert (table.columns, table.rows) == (columns, rows)


def test_lists_within_data_are_tables_of_their_own() -> None:
    found = tables(ANSWER, {"total": 83, "hosts": [{"name": "pay-03"}]})
    assert [table.name for table in found] == ["data", "hosts", "table 1"]
    assert as_json(found)[1] == {"name": "hosts", "rows": [{"name": "pay-03"}]}
    assert tables("", None) == tables("", []) == []


def test_a_chart_is_a_table_of_its_title_behind_the_data() -> None:
    rows = (ChartRow(cells=("2024-05-01 13", 4), cited=0), ChartRow(cells=("2024-05-01 14", None)))
    chart = Chart(kind="lines", title="Errors per hour", columns=("time", "count"), rows=rows)
    found = tables(ANSWER, [1], chart)
    assert [table.name for table in found] == ["data", "Errors per hour", "table 1"]
    assert found[1].rows == (("2024-05-01 13", 4), ("2024-05-01 14", None))


def test_no_cell_is_a_formula_or_drives_a_terminal() -> None:
    cells = ["=1+1", "@SUM(A1)", "+49 30", "-rf", "\tx", "-12.5", "+3e4", "12 %", 'a "b", c', "two\nlines", "\x1b[2J"]
    text = as_csv(tables("", [{"=head": cell} for cell in cells]))
    (head,), *rows = csv.reader(io.StringIO(text))
    assert head == "'=head"
    assert [row[0] for row in rows] == [
        *["'=1+1", "'@SUM(A1)", "'+49 30", "'-rf", "'\tx"],
        *["-12.5", "+3e4", "12 %", 'a "b", c', "two\nlines", "\\x1b[2J"],
    ]


def test_a_text_too_long_to_be_read_as_markdown_has_no_tables() -> None:
    assert tables(ANSWER * 500, None) == []
