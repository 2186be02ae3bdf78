"""Bars, curves, steps and cells of a chart, of which each point that has a line leads to its citation.

leather draws axes and legends; its own shapes have no links. Nothing here has a style or a script, which the pages that
pictures stand on would not let in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from leather.scales import Linear
from leather.shapes import Shape

FAINTEST = 0.06
"""Of a cell without anything."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is drawn of one row: where, what is said of it, and its line among the answer's citations."""

    x: Any
    y: Any
    said: str
    cited: int | None
    end: float = 0.0
    """Of a step where it ends; of a cell how full it is, up to 1."""


class Linked(Shape):  # type: ignore[misc]  # leather has no types
    """A shape whose series' rows are Points."""

    def __init__(self, colour: str) -> None:
        self._fill_color = colour

    def validate_series(self, series: Any) -> None:
        return None

    def to_svg(self, width: float, height: float, x_scale: Any, y_scale: Any, series: Any, palette: Any) -> ET.Element:
        group = ET.Element("g")
        for point, element in self.drawn(width, height, x_scale, y_scale, [datum.row for datum in series.data()]):
            element.set("fill", self._fill_color)
            if point.cited is not None:
                group.append(link := ET.Element("a", {"href": "#", "data-citation": str(point.cited)}))
            else:
                group.append(link := ET.Element("g"))
            link.append(element)
            ET.SubElement(link, "title").text = point.said
        return group

    def drawn(
        self, width: float, height: float, x_scale: Any, y_scale: Any, points: list[Point]
    ) -> Iterator[tuple[Point, ET.Element]]:
        raise NotImplementedError


class Bars(Linked):
    """From zero to x, beside y; `share` of several series stand in one place, this one as the `number`th."""

    def __init__(self, colour: str, number: int, share: int) -> None:
        super().__init__(colour)
        self._number, self._share = number, share

    def drawn(
        self, width: float, height: float, x_scale: Any, y_scale: Any, points: list[Point]
    ) -> Iterator[tuple[Point, ET.Element]]:
        zero = float(x_scale.project(0, 0, width))
        for point in points:
            if point.x is None:
                continue
            low, high = sorted(map(float, y_scale.project_interval(point.y, height, 0)))
            thick = (high - low) / self._share
            end = float(x_scale.project(point.x, 0, width))
            yield point, rectangle(min(zero, end), low + self._number * thick, abs(end - zero), thick)


class Steps(Linked):
    """From x to its end, as high as y."""

    def drawn(
        self, width: float, height: float, x_scale: Any, y_scale: Any, points: list[Point]
    ) -> Iterator[tuple[Point, ET.Element]]:
        for point in points:
            left, right = (float(x_scale.project(at, 0, width)) for at in (point.x, point.end))
            top = float(y_scale.project(point.y, height, 0))
            yield point, rectangle(left, top, max(1.0, right - left - 1), height - top)


class Cells(Linked):
    """Beside x and y, the fuller the larger `end` is."""

    def drawn(
        self, width: float, height: float, x_scale: Any, y_scale: Any, points: list[Point]
    ) -> Iterator[tuple[Point, ET.Element]]:
        for point in points:
            left, right = sorted(map(float, x_scale.project_interval(point.x, 0, width)))
            top, bottom = sorted(map(float, y_scale.project_interval(point.y, height, 0)))
            cell = rectangle(left, top, right - left, bottom - top)
            cell.set("fill-opacity", f"{FAINTEST + (1 - FAINTEST) * point.end:.3f}")
            yield point, cell


class Curve(Linked):
    """A line through the points, broken where one has no y; and the points."""

    def __init__(self, colour: str, radius: float) -> None:
        super().__init__(colour)
        self._radius = radius

    def to_svg(self, width: float, height: float, x_scale: Any, y_scale: Any, series: Any, palette: Any) -> ET.Element:
        group = super().to_svg(width, height, x_scale, y_scale, series, palette)
        move, path = "M", []
        for point in (datum.row for datum in series.data()):
            if point.y is None:
                move = "M"
                continue
            path.append(f"{move}{x_scale.project(point.x, 0, width):.1f} {y_scale.project(point.y, height, 0):.1f}")
            move = "L"
        line = {"d": " ".join(path), "fill": "none", "stroke": self._fill_color, "stroke-width": "1.5"}
        group.insert(0, ET.Element("path", line))
        return group

    def drawn(
        self, width: float, height: float, x_scale: Any, y_scale: Any, points: list[Point]
    ) -> Iterator[tuple[Point, ET.Element]]:
        for point in points:
            if point.y is not None:
                x, y = x_scale.project(point.x, 0, width), y_scale.project(point.y, height, 0)
                yield point, ET.Element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{self._radius}")


class Exact(Linear):  # type: ignore[misc]
    """A linear scale that ends where its domain ends, not at the next round number."""

    def project(self, value: Any, range_min: float, range_max: float) -> float:
        low, high = float(self._data_min), float(self._data_max)
        return range_min + (range_max - range_min) * (float(value) - low) / (high - low)


def rectangle(x: float, y: float, width: float, height: float) -> ET.Element:
    return ET.Element("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}")
