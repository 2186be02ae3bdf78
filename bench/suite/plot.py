"""The figures as one picture: what part of the allowed each takes, and how snapshot and count grow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.suite.figure import Figure
from bench.suite.growth import Growth, Point

MET, MISSED = "#2a7f62", "#c8553d"
MOST_SHOWN = 4.0
"""Times what is allowed: whatever takes more is cut there, and says so by its number."""


def draw(figures: Sequence[Figure], growth: Growth, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "rlm-ls", "font.size": 8, "svg.fonttype": "none"})
    from matplotlib import pyplot

    picture, (bars, by_bytes, by_files) = pyplot.subplots(
        3, 1, figsize=(8, 3.5 + 0.2 * len(figures)), height_ratios=(0.2 * len(figures), 1.6, 1.6), layout="constrained"
    )
    _bars(bars, figures)
    _growth(by_bytes, growth.bytes, "bytes of one file")
    _growth(by_files, growth.files, "files of a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, metadata={"Date": None})
    pyplot.close(picture)


def _bars(axes: Any, figures: Sequence[Figure]) -> None:
    names = [f"{figure.work}: {figure.name}" for figure in figures]
    used = [min(figure.used, MOST_SHOWN) for figure in figures]
    axes.barh(names, used, color=[MET if figure.used <= 1 else MISSED for figure in figures])
    for row, figure in enumerate(figures):
        axes.text(used[row] + 0.02, row, f"{figure.used:.2f}", va="center")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlim(0, MOST_SHOWN + 0.3)
    axes.set_xlabel("part of what is allowed (1: just met; shorter is better)")


def _growth(axes: Any, points: Sequence[Point], label: str) -> None:
    sizes = [point.size for point in points]
    axes.loglog(sizes, [point.snapshot for point in points], "o-", color=MET, label="snapshot")
    axes.loglog(sizes, [point.count for point in points], "s-", color="#3b6ea5", label="a count of lines")
    if points:
        last = points[-1]
        axes.loglog(sizes, [last.snapshot * size / last.size for size in sizes], ":", color="grey", label="linear")
    axes.set_xlabel(label)
    axes.set_ylabel("seconds")
    axes.legend()
