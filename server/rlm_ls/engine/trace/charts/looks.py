"""What a picture that pygal has drawn looks like on a page whose policy lets no style and no script in.

Both are taken out, and each element says by itself what it looks like: texts in the reader's own colour, light or dark.
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

COLOURS = ("#3b82c4", "#d9822b", "#3d9a5f", "#9b5fc0", "#c0504d", "#4bacc6", "#8a6d3b")
"""Of the series, readable on light and on dark."""
BEHIND = {"stroke": "currentColor", "stroke-opacity": "0.18", "fill": "none"}
FAINTEST = 0.06
"""Of a cell without anything."""

_UNWANTED = {"text-overlay", "tooltip-overlay", "background"}


def dress(picture: ET.Element, label: str, *, as_cells: bool) -> None:
    """Takes out what is not wanted and gives the rest its looks. With `as_cells` dots become cells of a heat map."""
    for element in list(picture.iter()):
        for child in [one for one in element if not isinstance(one.tag, str) or _unwanted(one)]:
            element.remove(child)
    for element in list(picture.iter()):
        _take_titles(element)
        if element.tag == "a":
            target = next(value for name, value in element.attrib.items() if str(name).endswith("href"))
            element.attrib = {"href": "#", "data-citation": target.lstrip("#")}
    for axis in _groups(picture, "axis"):
        _axis(axis)
    for series in _groups(picture, "series"):
        _series(series, COLOURS[_number(series) % len(COLOURS)])
    if as_cells:
        _cells(picture)
    for text in picture.iter("text"):
        text.attrib |= {"fill": "currentColor", "fill-opacity": "0.8"}
    for number, legend in enumerate(_groups(picture, "legend")):
        for box in legend.iter("rect"):
            box.set("fill", COLOURS[number % len(COLOURS)])
    picture.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": picture.get("viewBox", ""),
        "class": "chart",
        "role": "group",
        "aria-label": label,
        "font-size": "12",
    }


def _unwanted(element: ET.Element) -> bool:
    return element.tag in {"defs", "script", "style", "title"} or not _UNWANTED.isdisjoint(_kinds(element))


def _kinds(element: ET.Element) -> list[str]:
    return element.get("class", "").split()


def _groups(picture: ET.Element, kind: str) -> list[ET.Element]:
    return [one for one in picture.iter("g") if kind in _kinds(one)]


def _take_titles(element: ET.Element) -> None:
    """What pygal says of a point becomes what is shown of it under the mouse, and read out."""
    for said in element.findall("desc"):
        if said.get("class") == "label":
            ET.SubElement(element, "title").text = said.text
        element.remove(said)


def _axis(axis: ET.Element) -> None:
    upright = "y" in _kinds(axis)
    for text in axis.iter("text"):
        text.set("text-anchor", "end" if upright else "middle")
    for path in axis.iter("path"):
        path.attrib |= BEHIND


def _series(series: ET.Element, colour: str) -> None:
    for shape in (*series.iter("rect"), *series.iter("circle")):
        shape.set("fill", colour)
    for path in series.iter("path"):
        path.attrib |= {"stroke": colour, "stroke-width": "1.5", "fill": "none"}


def _number(series: ET.Element) -> int:
    """pygal draws some kinds from the last series to the first."""
    found = re.search(r"serie-(\d+)", series.get("class", ""))
    return int(found[1]) if found else 0


def _cells(picture: ET.Element) -> None:
    """A cell in the place of each dot, the fuller the larger the dot was."""
    dots = [dot for series in _groups(picture, "series") for dot in series.iter("circle")]
    largest = max((float(dot.get("r", "0")) for dot in dots), default=0) or 1
    width, height = (_apart({float(dot.get(name, "0")) for dot in dots}) - 2 for name in ("cx", "cy"))
    for dot in dots:
        x, y, size = (float(dot.get(name, "0")) for name in ("cx", "cy", "r"))
        dot.tag = "rect"
        dot.attrib = {
            "x": f"{x - width / 2:.1f}",
            "y": f"{y - height / 2:.1f}",
            "width": f"{width:.1f}",
            "height": f"{height:.1f}",
            "fill": COLOURS[0],
            "fill-opacity": f"{FAINTEST + (1 - FAINTEST) * size / largest:.3f}",
        }


def _apart(places: set[float]) -> float:
    return min((after - before for before, after in pairwise(sorted(places))), default=26.0)
