"""A chart as an SVG picture: axes and scales by leather, points by `shapes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import leather
from leather import theme

from rlm_ls.engine.answer import Chart
from rlm_ls.engine.trace.charts.blocks import cell_text, ordered
from rlm_ls.engine.trace.charts.shapes import Bars, Cells, Curve, Exact, Linked, Point, Steps
from rlm_ls.executors.scripts.drawn import height
from rlm_ls.executors.verbs.charts.axis import axis_of
from rlm_ls.visible import visible_line

WIDTH = 560
"""Of the picture, in the units of its 12 high letters: it is scaled to where it stands, seldom much wider."""
AT_THE_RIGHT = 12
"""For half of the last number below an axis."""
MOST_LABELS = 4
"""Of points over time."""
LONGEST_LABEL = 26
COLOURS = ("#3b82c4", "#d9822b", "#3d9a5f", "#9b5fc0", "#c0504d", "#4bacc6", "#8a6d3b")
"""Of the series, readable on light and on dark."""
FAR = 2
"""How many times as wide as the others the last step of a histogram may be to be drawn so."""

_NO_XML = re.compile("[\ufffe\uffff]")
"""Of what can be seen, all that no document of XML may hold."""

# Texts and lines have the colour of the page that they stand on.
theme.margin = 0.02
theme.background_color = "none"
theme.label_color = theme.legend_color = theme.tick_color = theme.zero_color = "currentColor"
theme.tick_font_size = theme.legend_font_size = 12
theme.tick_font_char_height = theme.legend_font_char_height = 12
theme.tick_font_char_width = theme.legend_font_char_width = 7


def svg(chart: Chart) -> str:
    """The picture; "" for a table, which is none, and where there is no number. Takes a while for many points: not on
    the event loop.

    A point with a line is a link with `data-citation`, the line's index among the answer's citations.
    """
    draw = {"bars": _bars, "lines": _lines, "histogram": _histogram, "heat": _heat}.get(chart.kind)
    if draw is None or not any(True for _ in _numbers(chart)):
        return ""
    made, height = draw(chart)
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH + AT_THE_RIGHT} {height}", role="group"
    )
    root.set("class", "chart")
    root.set("aria-label", visible_line(chart.title) or chart.kind)
    root.append(made.to_svg_group(WIDTH, height))
    _dress(root)
    return _NO_XML.sub("\ufffd", ET.tostring(root, encoding="unicode"))


def _bars(chart: Chart) -> tuple[leather.Chart, int]:
    """The first row on top: leather's ordinal scales begin at the bottom."""
    made, series = leather.Chart(), chart.columns[1:]
    _upright(made, [_text(row.cells[0]) for row in chart.rows])
    for number, name in enumerate(series):
        points = [
            Point(row.cells[number + 1], str(at), _said(row.cells[0], row.cells[number + 1]), row.cited)
            for at, row in enumerate(chart.rows)
        ]
        _add(made, points, name, Bars(_colour(number), number, len(series)))
    made.set_x_scale(scale := _scale(_numbers(chart)))
    made.set_x_axis(_numbered(scale, _numbers(chart)))
    return made, 50 + 24 * len(chart.rows) * len(series) + (20 if len(series) > 1 else 0)


def _lines(chart: Chart) -> tuple[leather.Chart, int]:
    axis = axis_of([str(row.cells[0]) for row in chart.rows])
    gaps = sorted(after - before for before, after in pairwise(axis.places))
    usual = gaps[len(gaps) // 2] if gaps else axis.step
    made = leather.Chart()
    for number, name in enumerate(chart.columns[1:]):
        points: list[Point] = []
        for at, (row, place) in enumerate(zip(chart.rows, axis.places, strict=True)):
            if at and place - axis.places[at - 1] > 1.5 * usual:
                points.append(Point(place, None, "", None))  # nothing is known of the time between
            points.append(Point(place, row.cells[number + 1], _said(row.cells[0], row.cells[number + 1]), row.cited))
        _add(made, points, name, Curve(_colour(number), 2.5 if len(chart.rows) < 200 else 1.5))
    first, last = axis.places[0], axis.places[-1]
    margin = (last - first) * 0.08 or 1.0  # for half of the first label
    made.set_x_scale(Exact(first - margin, last + margin))
    labels = _labels([_text(row.cells[0]) for row in chart.rows], axis.places)
    made.set_x_axis(leather.Axis(ticks=list(labels), tick_formatter=lambda place, *_: labels[place]))
    made.set_y_scale(scale := _scale(_numbers(chart)))
    made.set_y_axis(_numbered(scale, _numbers(chart)))
    return made, 280


def _labels(texts: Sequence[str], places: Sequence[float]) -> dict[float, str]:
    """Some of them by their places, as far apart as their length wants."""
    room = (places[-1] - places[0]) / MOST_LABELS
    found: dict[float, str] = {}
    for text, place in zip(texts, places, strict=True):
        if not found or place - max(found) >= room:
            found[place] = _short(text)
    return found


def _histogram(chart: Chart) -> tuple[leather.Chart, int]:
    points: list[Point] = []
    width = 1.0
    for at, row in enumerate(chart.rows):
        low, high, count = (float(cell or 0) for cell in row.cells[:3])
        # The last one may reach far: what is wide must not be taken for many.
        far = at == len(chart.rows) - 1 and at > 0 and high - low > FAR * width
        width = width if far else high - low or 1.0
        said = _said(f"{cell_text(row.cells[0])} to {cell_text(row.cells[1])}", row.cells[2])
        points.append(Point(low, count, said, row.cited, low + width))
    made = leather.Chart()
    _add(made, points, chart.columns[2], Steps(COLOURS[0]))
    made.set_x_scale(leather.Linear(points[0].x, points[-1].end))
    made.set_x_axis(leather.Axis(tick_formatter=_tick))
    made.set_y_scale(scale := _scale(point.y for point in points))
    made.set_y_axis(_numbered(scale, _numbers(chart)))
    return made, 280


def _heat(chart: Chart) -> tuple[leather.Chart, int]:
    across = ordered(_text(row.cells[1]) for row in chart.rows)
    down = ordered(_text(row.cells[0]) for row in chart.rows)
    highest = max((abs(number) for number in _numbers(chart)), default=0) or 1
    points = [
        Point(
            str(across.index(_text(row.cells[1]))),
            str(down.index(_text(row.cells[0]))),
            _said(f"{_text(row.cells[0])} {_text(row.cells[1])}", row.cells[2]),
            row.cited,
            max(0.0, height(row.cells) / highest),
        )
        for row in chart.rows
    ]
    made = leather.Chart()
    _add(made, points, chart.columns[2], Cells(COLOURS[0]))
    _upright(made, down)
    made.set_x_scale(leather.Ordinal([str(at) for at in range(len(across))]))
    every = -(-len(across) // 24)
    made.set_x_axis(leather.Axis(tick_formatter=lambda at, *_: "" if int(at) % every else _short(across[int(at)])))
    return made, 50 + 26 * len(down)


def _upright(made: leather.Chart, labels: Sequence[str]) -> None:
    """Labels from the top down, each in its own place, also where two are the same."""
    made.set_y_scale(leather.Ordinal([str(at) for at in reversed(range(len(labels)))]))
    made.set_y_axis(leather.Axis(tick_formatter=lambda at, *_: _short(labels[int(at)])))


def _add(made: leather.Chart, points: Sequence[Point], name: str, shape: Linked) -> None:
    if any(point.x is not None and point.y is not None for point in points):
        made.add_series(leather.Series(points, lambda row, _: row.x, lambda row, _: row.y, _text(name)), shape)


def _scale(numbers: Iterable[float]) -> leather.Linear:
    """From zero on: twice as high is twice as many."""
    found = [0.0, *numbers]
    return leather.Linear(min(found), max(found))


def _numbered(scale: leather.Linear, numbers: Iterable[float]) -> leather.Axis:
    """Counts have no halves."""
    ticks = scale.ticks()
    if all(number == int(number) for number in numbers):
        ticks = [tick for tick in ticks if tick == int(tick)] or ticks
    return leather.Axis(ticks=ticks, tick_formatter=_tick)


def _numbers(chart: Chart) -> Iterable[float]:
    first = 2 if chart.kind in ("heat", "histogram") else 1
    return (cell for row in chart.rows for cell in row.cells[first:] if isinstance(cell, (int, float)))


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _said(label: Any, value: Any) -> str:
    return f"{_text(label)}: {cell_text(value)}"


def _tick(value: Any, *_: Any) -> str:
    return cell_text(float(value))


def _text(cell: Any) -> str:
    return visible_line("" if cell is None else str(cell))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _dress(root: ET.Element) -> None:
    """Without the background and the fonts of leather's; what is behind the points is faint."""
    group = root[0]
    group.remove(group[0])
    for element in root.iter():
        element.attrib.pop("font-family", None)
        if element.tag == "text":
            element.set("fill-opacity", "0.8")
        elif element.tag == "line":
            element.set("stroke-opacity", "0.18")
