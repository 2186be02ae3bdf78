"""Charts: numbers counted over the whole text, whose points are citations; drawn without anything of a text's running.

Over a real snapshot, with the workers' operations in this process.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.in_process import CheckHere
from tests.unit.engine.conftest import Hosting

from rlm_ls.engine.answer import Answer, Chart, ChartRow
from rlm_ls.engine.citing.charted import MAX_POINTS
from rlm_ls.engine.loop.submission import CheckedSubmission, check
from rlm_ls.engine.trace.charts.blocks import chart_markdown
from rlm_ls.engine.trace.charts.picture import svg
from rlm_ls.engine.trace.render import answer_markdown
from rlm_ls.errors import ProgramError, RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.crossing import Given
from rlm_ls.executors.scripts.drawn import MOST_CHARTS, MOST_ROWS
from rlm_ls.executors.scripts.host import Submission, VerbHost
from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.executors.verbs.charts.axis import axis_of
from rlm_ls.executors.verbs.charts.bins import counted, edges_of, rows_of
from rlm_ls.executors.verbs.registry import call_verb
from rlm_ls.store.redact import redact_answer

LOG = "".join(
    f"2024-05-0{1 + n // 240} {n // 10 % 24:02}:0{n % 10}:00 {'INFO' if n % 7 else 'ERROR'} host=h{n % 3} took={n}\n"
    for n in range(720)
)


async def chart(host: VerbHost, *args: Any, **kwargs: Any) -> list[Any]:
    return [list(row) for row in await call_verb(host, "chart", args, kwargs)]


async def submitted(host: VerbHost, cite: Any = None) -> CheckedSubmission:
    return await check(Submission("x", cite, None), host, None, Checker(CheckHere(1)))


def line(text: str, number: int) -> str:
    return text.split("\n")[number - 1]


# -- counting ------------------------------------------------------------------------------------------------------


async def test_a_bar_is_a_count_over_the_whole_text_and_its_citation_the_first_line(hosting: Hosting) -> None:
    host = await hosting(LOG)
    rows = await chart(host, "bars", r"ERROR host=(\w+)", "Errors by host")
    found = await submitted(host)
    assert sorted(rows) == [[f"h{n}", sum(f"ERROR host=h{n}" in one for one in LOG.split("\n"))] for n in range(3)]
    (drawn,) = found.charts
    for (name, _), row in zip(rows, drawn.rows, strict=True):
        assert row.cited is not None
        first = next(n for n, one in enumerate(LOG.split("\n"), 1) if f"ERROR host={name}" in one)
        assert (found.citations[row.cited].line, found.citations[row.cited].quote) == (first, line(LOG, first))


async def test_more_values_than_bars_are_said(hosting: Hosting) -> None:
    host = await hosting(LOG)
    assert len(await chart(host, "bars", r"took=(\d+)")) == 30
    assert host.notes == ["chart('bars'): the 30 most frequent of 720 values"]
    assert (await submitted(host)).charts[0].note == "the 30 most frequent of 720 values"


@pytest.mark.parametrize(
    ("times", "between"),
    [
        (["2024-02-28 23:", "2024-02-29 02:"], ["2024-02-29 00", "2024-02-29 01"]),
        (["Feb  3 08:", "Feb  3 10:"], ["Feb 3 09"]),
        (["Feb 28 23:", "Mar  1 01:"], [*(f"Feb 29 {hour:02}" for hour in range(24)), "Mar 1 00"]),
        (["28/Feb/2024:22:", "29/Feb/2024:00:"], ["28/Feb/2024:23"]),
        (["2024-02-28 23:4:", "2024-02-29 00:0:"], ["2024-02-28 23:5"]),
    ],
)
async def test_hours_without_a_match_are_zero(hosting: Hosting, times: list[str], between: list[str]) -> None:
    host = await hosting("".join(f"{time} x\n" for time in reversed(times)))
    rows = await chart(host, "lines", r"^(.+): x")
    first, *middle, last = rows
    assert [first[1], last[1]] == [1, 1]
    assert [" ".join(one[0].split()) for one in (first, last)] == [" ".join(one[:-1].split()) for one in times]
    assert middle == [[time, 0] for time in between]


@pytest.mark.parametrize(
    ("step", "captured", "points", "first"),
    [
        (timedelta(minutes=24), "16", 116, ["2024-02-28 20:0", 1]),  # 19.2 hours of minutes, by ten of them
        (timedelta(minutes=60 * 24 * 5), "16", 241, ["2024-02-28", 1]),  # 240 days of minutes, by days
        (timedelta(seconds=70), "19", 57, ["2024-02-28 20:00", 1]),  # 56 minutes of seconds, by minutes
    ],
)
async def test_times_without_a_match_are_shown_by_coarser_times_where_they_are_too_many(
    hosting: Hosting, step: timedelta, captured: str, points: int, first: list[Any]
) -> None:
    times = [datetime(2024, 2, 28, 20) + number * step for number in range(49)]
    host = await hosting("".join(f"{time:%Y-%m-%d %H:%M:%S} x\n" for time in times))
    rows = await chart(host, "lines", rf"^(.{{{captured}}})")
    assert sum(count for _, count in rows) == len(times)
    assert (len(rows), rows[0]) == (points, first)
    assert host.notes == ["chart('lines'): by coarser times: a chart has at most 1,000 points"]


async def test_years_of_silence_are_not_filled(hosting: Hosting) -> None:
    host = await hosting("1999-01-01 00: x\n2024-01-01 00: x\n")
    assert await chart(host, "lines", r"^(.+): x") == [["1999-01-01 00", 1], ["2024-01-01 00", 1]]
    assert host.notes == ["chart('lines'): times in which nothing was counted are left out"]


async def test_heat_is_days_by_hours(hosting: Hosting) -> None:
    host = await hosting(LOG)
    rows = await chart(host, "heat", r"^(\d{4}-\d\d-\d\d \d\d):.* ERROR")
    assert sum(row[2] for row in rows) == LOG.count(" ERROR ")
    assert {(row[0], row[1]) for row in rows} <= {(f"2024-05-0{d}", f"{h:02}") for d in (1, 2, 3) for h in range(24)}


async def test_each_bar_of_a_histogram_leads_to_a_number_in_it(hosting: Hosting) -> None:
    host = await hosting(LOG)
    rows = await chart(host, "histogram", r"took=(\d+)")
    found = await submitted(host)
    assert sum(row[2] for row in rows) == 720
    for row in found.charts[0].rows:
        low, high, _ = row.cells
        assert row.cited is not None
        number = int(found.citations[row.cited].quote.rpartition("=")[2])
        assert float(low or 0) <= number <= float(high or 0)


async def test_case_and_place_are_heeded(hosting: Hosting) -> None:
    host = await hosting(LOG, LOG.lower())
    assert await chart(host, "bars", r"\b(ERROR)\b", within="1.txt") == [["ERROR", LOG.count("ERROR")]]
    assert sum(row[1] for row in await chart(host, "bars", r"\b(ERROR)\b", ignore_case=True)) == 2 * LOG.count("ERROR")


@given(st.lists(st.floats(-1e15, 1e15) | st.integers(-50, 50).map(float), min_size=1, max_size=60))
def test_every_number_is_in_one_bin(numbers: list[float]) -> None:
    ordered = sorted(numbers)
    edges = edges_of(ordered[0], ordered[-1], ordered[int(0.99 * (len(ordered) - 1))])
    assert len(edges) <= 60
    assert list(edges) == sorted(set(edges))
    rows = rows_of(edges, ordered[-1], counted(((n, 1) for n in numbers), edges))
    assert sum(int(row[2] or 0) for row in rows) == sum(n >= edges[0] for n in numbers)


@pytest.mark.parametrize(
    ("labels", "form"),
    [
        (["2024-01-02T03", "2024-01-02T04"], "%Y-%m-%dT%H"),
        (["Feb 29 03", "Mar 1 03"], "%b %d %H"),
        (["09:15", "10:00"], "%H:%M"),
        (["2024-05-01 09:1", "2024-05-01 09:5"], "%Y-%m-%d %H:%M|"),
        (["10", "9.5", "-3"], ""),
        (["a", "b"], ""),
    ],
)
def test_labels_are_read_in_the_first_way_that_takes_all(labels: list[str], form: str) -> None:
    axis = axis_of(labels)
    assert (axis.form, len(axis.places)) == (form, len(labels))


# -- rows of a script ------------------------------------------------------------------------------------------------


async def test_rows_are_drawn_as_they_are_given(hosting: Hosting) -> None:
    host = await hosting(LOG)
    span = Given("Span", {"doc": "1.txt", "start": 0, "end": 10, "line": 1, "end_line": 1})
    assert await chart(host, "bars", [("a", "1,200"), ("b", 2.5), ("c", None)], "n") == [
        ["a", 1200],
        ["b", 2.5],
        ["c", None],
    ]
    assert await chart(host, "bars", {"a": 1}, "d") == [["a", 1]]
    assert await chart(host, "lines", [("10", 2, 5), ("9", 3, 6)], "n, with two") == [["9", 3, 6], ["10", 2, 5]]
    assert await chart(host, "heat", [(("mon", "08"), 4), (("tue", "09"), 1, span)], "h") == [
        ["mon", "08", 4],
        ["tue", "09", 1],
    ]
    found = await submitted(host)
    assert [row.cited for row in found.charts[-1].rows] == [None, 0]
    assert found.citations[0].quote == LOG[:10]


async def test_a_chart_of_the_same_title_takes_the_place_of_the_earlier_one(hosting: Hosting) -> None:
    host = await hosting(LOG)
    for number in range(MOST_CHARTS):
        await chart(host, "bars", {"a": number}, f"chart {number}")
    await chart(host, "bars", {"a": 9}, "chart 0")
    with pytest.raises(ProgramError, match="at most 4 charts"):
        await chart(host, "bars", {"a": 9}, "another")
    assert [one.rows[0].cells[1] for one in (await submitted(host)).charts] == [9, 1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("bars", []),
        ("bars", 7),
        ("bars", [("a",)]),
        ("bars", [("a", "many")]),
        ("bars", [("a", True)]),
        ("bars", [("a", float("nan"))]),
        ("bars", [("a", float("inf"))]),
        ("bars", [("a", 10**400)]),
        ("bars", [("a", 1), ("b", 1, 2)]),
        ("bars", [("a", 1)] * (MOST_ROWS + 1)),
        ("bars", [("a", *range(20))]),
        ("lines", [("a", [1])]),
        ("heat", [("nowhere", 1)]),
        ("heat", [(("a", "b", "c"), 1)]),
        ("histogram", ["x"]),
        ("histogram", [(1, -2)]),
        ("histogram", [1e300]),
        ("histogram", [0] * 60_000),
        ("pie", [("a", 1)]),
        ("table", [["x" * 200] * 8] * 900),
        ("bars", "("),
        ("bars", "no such thing"),
        ("bars", r"(\w)(\w)"),
        ("histogram", r"(ERROR)"),
        ("lines", r"(took=\d+ *)"),
        ("heat", r"(host=\w+)"),
    ],
)
async def test_what_cannot_be_drawn_is_an_error_with_a_remedy(hosting: Hosting, kind: str, rows: Any) -> None:
    host = await hosting(LOG * 2 + "".join(f"took={n} \n" for n in range(3000)))
    with pytest.raises(RlmError) as told:
        await chart(host, kind, rows)
    assert told.value.remedy
    assert host.charts == {}


async def test_a_point_that_leads_nowhere_goes_back_to_the_model(hosting: Hosting) -> None:
    host = await hosting(LOG)
    made_up = Given("Span", {"doc": "1.txt", "start": 0, "end": 10, "line": 400, "end_line": 400})
    await chart(host, "bars", [("a", 1, made_up)])
    found = await submitted(host)
    assert found.citations == ()
    assert "not 400-400" in found.problems[0]


# -- the answer ------------------------------------------------------------------------------------------------------


async def test_points_are_citations_behind_those_of_the_answer_and_in_no_list(hosting: Hosting) -> None:
    host = await hosting(LOG)
    await chart(host, "bars", r"host=(\w+)", "Hosts")
    found = await submitted(host, cite=["1.txt:1", "1.txt:700"])
    assert [one.charted for one in found.citations] == [False, False, True, True]
    assert [row.cited for row in found.charts[0].rows] == [0, 2, 3]  # h0 is on the first line, which is cited
    answer = answered(found)
    listed = answer_markdown(answer).partition("## Citations")[2]
    assert listed.count("- [") == 2
    assert "### Hosts" in answer_markdown(answer)
    assert "### Hosts" not in answer_markdown(answer, drawn=True)


async def test_of_many_points_the_highest_lead_to_their_lines(hosting: Hosting) -> None:
    text = "".join(f"v={n} \n" * (2 if n % 2 else 1) for n in range(2 * MAX_POINTS))
    host = await hosting(text)
    await chart(host, "lines", r"v=(\d+) ")
    found = await submitted(host)
    assert len(found.citations) == MAX_POINTS
    assert {row.cells[1] for row in found.charts[0].rows if row.cited is not None} == {2}


async def test_what_had_been_found_without_an_answer_keeps_no_chart(hosting: Hosting) -> None:
    host = await hosting(LOG)
    await chart(host, "bars", r"host=(\w+)", "secret title")
    wire = answered(await submitted(host)).wire()
    assert redact_answer(wire)["charts"] == wire["charts"]
    assert "secret title" not in str(redact_answer({**wire, "status": "partial"}))


def answered(found: CheckedSubmission) -> Answer:
    return Answer(
        run_id="r",
        status="answered",
        reason="",
        route="rlm",
        answer="x",
        citations=found.citations,
        charts=found.charts,
    )


# -- drawing ---------------------------------------------------------------------------------------------------------

HOSTILE = "</text><script>alert(1)</script>\x1b[2J\u202e\ufffe|`[x](command:y)&\"'"
TAGS = {"svg", "g", "path", "line", "text", "rect", "circle", "a", "title"}
ATTRIBUTES = re.compile(
    r"xmlns|viewBox|class|role|aria-label|font-size|transform|d|x|y|x1|y1|x2|y2|dy|dx|width|height|rx|ry|r|cx|cy|fill|fill-opacity|"
    r"stroke|stroke-opacity|stroke-width|text-anchor|href|data-citation|id"
)


def parsed(picture: str) -> ET.Element:
    tree = ET.fromstring(picture)
    for element in tree.iter():
        assert element.tag.rpartition("}")[2] in TAGS
        assert [name for name in element.attrib if not ATTRIBUTES.fullmatch(name.rpartition("}")[2])] == []
        assert element.get("href", "#") == "#"
    return tree


def drawn_of(kind: Any, labels: list[str], numbers: list[float]) -> Chart:
    made = {
        "bars": lambda at: (labels[at], numbers[at]),
        "lines": lambda at: (labels[at], numbers[at], None),
        "heat": lambda at: (labels[at], labels[-1 - at], numbers[at]),
        "histogram": lambda at: (float(at), float(at + 1), abs(numbers[at])),
        "table": lambda at: (labels[at], numbers[at]),
    }[kind]
    rows = tuple(ChartRow(cells=made(at), cited=at if at % 2 else None) for at in range(len(labels)))
    columns = ("a", HOSTILE, "c")[: len(rows[0].cells)]
    return Chart(kind=kind, title=HOSTILE, columns=columns, rows=rows, note=HOSTILE)


@pytest.mark.parametrize("kind", ["bars", "lines", "heat", "histogram"])
def test_a_picture_is_shapes_and_words_and_its_links_lead_to_citations(kind: str) -> None:
    labels = [HOSTILE, "a", "b" * 300, "", "a\tb", "0"]
    picture = svg(drawn_of(kind, labels, [1, 2, -3, 0, 2.5, 1e15]))
    tree = parsed(picture)
    assert {one.get("data-citation") for one in tree.iter()} - {None} == {"1", "3", "5"}
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ufffe]", picture)


@given(
    st.sampled_from(["bars", "lines", "heat", "histogram"]),
    st.lists(
        st.tuples(st.text(max_size=12), st.floats(-1e15, 1e15) | st.integers(-9, 9).map(float)), min_size=1, max_size=9
    ),
)
def test_whatever_is_drawn_can_be_read_again(kind: str, points: list[tuple[str, float]]) -> None:
    labels = [label.encode("utf-8", "replace").decode() for label, _ in points]
    chart = drawn_of(kind, labels, [number for _, number in points])
    parsed(svg(chart))
    assert chart_markdown(chart, ["p"] * len(points))


@pytest.mark.parametrize("kind", ["bars", "lines", "heat", "histogram", "table"])
def test_a_table_of_a_document_has_its_columns_and_no_links_but_ours(kind: str) -> None:
    labels = [f"{HOSTILE} {n}" for n in range(40)]
    places = [f"[app|.log:{n}](file:///app.log#L{n})".replace("|", "\\|") for n in range(40)]
    text = chart_markdown(drawn_of(kind, labels, [float(n) for n in range(40)]), places)
    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda _: True  # type: ignore[method-assign]  # it would not take file: either
    tokens = parser.parse(text)
    cells = [token.type for token in tokens if token.type in ("th_open", "td_open", "tr_open")]
    rows = " ".join(cells).split("tr_open")[1:]
    assert len({row.count("_open") for row in rows}) == 1
    children = [child for token in tokens for child in token.children or ()]
    links = [str(child.attrGet("href")) for child in children if child.type == "link_open"]
    assert links
    assert [one for one in links if not one.startswith("file:///app.log#L")] == []
    assert [token.type for token in [*tokens, *children] if "html" in token.type or token.type == "image"] == []
