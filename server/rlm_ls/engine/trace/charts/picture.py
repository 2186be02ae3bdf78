"""A chart as an SVG picture, of which each point that has a line leads to its citation."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

from rlm_ls.engine.answer import Chart, ChartRow
from rlm_ls.engine.trace.charts.looks import dress
from rlm_ls.executors.verbs.charts.axis import axis_of
from rlm_ls.visible import visible_line

WIDTH = 560
"""Of the picture, in the units of its 12 high letters: it is scaled to where it stands, seldom much wider."""
MOST_LABELS = 4
LONGEST_LABEL = 26
AT_THE_SIDES = {"margin_left": 40, "margin_right": 45}
"""For half of the first time and of the last one."""

_NO_XML = re.compile("[\ufffe\uffff]")
"""Of what can be seen, all that no document of XML may hold."""

_one_at_a_time = threading.Lock()
"""pygal keeps what it draws with in its module."""


def svg(chart: Chart) -> str:
    """The picture; "" for a table, which is none. Takes a while for many points: not on the event loop.

    A point with a line is a link with `data-citation`, the line's index among the answer's citations.
    """
    draw = {"bars": _bars, "lines": _lines, "histogram": _histogram, "heat": _heat}.get(chart.kind)
    if draw is None or not chart.rows:
        return ""
    with _one_at_a_time:
        tree = draw(chart)
    dress(tree, visible_line(chart.title) or chart.kind, as_cells=chart.kind == "heat")
    return _NO_XML.sub("\ufffd", ET.tostring(tree, encoding="unicode"))


def _bars(chart: Chart) -> ET.Element:
    import pygal

    rows = chart.rows[::-1]  # the first one on top
    made = pygal.HorizontalBar(**_options(chart, 60 + 22 * len(rows) * (len(chart.columns) - 1)))
    made.x_labels = [_short(_text(row.cells[0])) for row in rows]
    for number, name in enumerate(chart.columns[1:], 1):
        made.add(_text(name), [_point(row, row.cells[number], _text(row.cells[0])) for row in rows])
    return _tree(made)


def _lines(chart: Chart) -> ET.Element:
    import pygal

    axis = axis_of([str(row.cells[0]) for row in chart.rows])
    made = pygal.XY(
        **_options(chart, 280) | AT_THE_SIDES, allow_interruptions=True, dots_size=2.5 if len(chart.rows) < 200 else 1.5
    )
    made.x_labels = _labels([_text(row.cells[0]) for row in chart.rows], axis.places)
    heights = [float(cell) for row in chart.rows for cell in row.cells[1:] if isinstance(cell, (int, float))]
    if heights and min(heights) >= 0 < max(heights):
        made.config.range = (0, max(heights))  # twice as high is twice as many
    gaps = sorted(after - before for before, after in pairwise(axis.places))
    usual = gaps[len(gaps) // 2] if gaps else axis.step
    for number, name in enumerate(chart.columns[1:], 1):
        points: list[Any] = []
        for index, (row, place) in enumerate(zip(chart.rows, axis.places, strict=True)):
            if index and place - axis.places[index - 1] > 1.5 * usual:
                points.append((None, None))  # nothing is known of the time between
            points.append(_point(row, (place, row.cells[number]), f"{_text(row.cells[0])}: {_said(row.cells[number])}"))
        made.add(_text(name), points)
    return _tree(made)


def _labels(texts: Sequence[str], places: Sequence[float]) -> list[dict[str, Any]]:
    """Some of them, as far apart as their length wants."""
    room = (places[-1] - places[0]) / MOST_LABELS
    found: list[dict[str, Any]] = []
    for text, place in zip(texts, places, strict=True):
        if not found or place - found[-1]["value"] >= room:
            found.append({"label": _short(text), "value": place})
    return found


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _histogram(chart: Chart) -> ET.Element:
    import pygal

    made = pygal.Histogram(**_options(chart, 280))
    points = []
    width = 1.0
    for index, row in enumerate(chart.rows):
        low, high, count = (float(cell or 0) for cell in row.cells[:3])
        # The last one may reach far: what is tall and what is wide must not be taken for many.
        width = high - low if index < len(chart.rows) - 1 or high - low < width else width
        said = f"{_said(row.cells[0])} to {_said(row.cells[1])}: {_said(row.cells[2])}"
        points.append(_point(row, (count, low, low + (width or 1.0)), said))
    made.add(_text(chart.columns[2]), points)
    return _tree(made)


def _heat(chart: Chart) -> ET.Element:
    import pygal

    across = sorted({_text(row.cells[1]) for row in chart.rows}, key=_in_order)
    down = sorted({_text(row.cells[0]) for row in chart.rows}, key=_in_order)
    cells = {(_text(row.cells[0]), _text(row.cells[1])): row for row in chart.rows}
    made = pygal.Dot(**_options(chart, 60 + 26 * len(down)))
    made.x_labels = list(map(_short, across))
    for name in down:
        points = []
        for column in across:
            row = cells.get((name, column))
            said = "" if row is None else f"{name} {column}: {_said(row.cells[2])}"
            points.append(None if row is None else _point(row, row.cells[2], said))
        made.add(_short(name), points)
    return _tree(made)


def _in_order(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


def _options(chart: Chart, height: int) -> dict[str, Any]:
    whole = all(isinstance(cell, int) for row in chart.rows for cell in row.cells[1:] if cell is not None)
    several = chart.kind in ("bars", "lines") and len(chart.columns) > 2
    return {
        "css": [],
        "js": [],
        "no_prefix": True,
        "show_legend": several,
        "legend_at_bottom": True,
        "width": WIDTH,
        "height": max(height, 90) + (24 if several else 0),
        "margin": 10,
        "spacing": 6,
        "max_scale": 6,
        "order_min": 0 if whole else None,
        "no_data_text": "",
        "show_x_guides": True,
        "disable_xml_declaration": True,
        "formatter": _said,
        "value_formatter": _said,
    }


def _point(row: ChartRow, value: Any, said: str) -> dict[str, Any]:
    """What is said of it follows the colon where `value` is one number."""
    text = said if isinstance(value, tuple) or ": " in said else f"{said}: {_said(value)}"
    link = {} if row.cited is None else {"xlink": {"href": f"#{row.cited}"}}
    return {"value": value, "label": text, **link}


def _tree(made: Any) -> ET.Element:
    from pygal.etree import etree

    etree.to_etree()  # not lxml, whose elements are others
    tree: ET.Element = made.render_tree()
    return tree


def _text(cell: Any) -> str:
    return visible_line("" if cell is None else str(cell))


def _said(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"{value:,.6g}" if isinstance(value, float) and value != int(value) else f"{int(value):,}"
    return "" if value is None else visible_line(str(value))
