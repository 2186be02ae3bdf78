"""`./dev bench`: every figure that is claimed, beside its anchor in the same run; table, JSON, picture, comparison."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.suite import folders, kept, running, searching
from bench.suite.figure import Figure, Scale
from bench.suite.growth import Growth, growth
from bench.suite.plot import draw
from bench.tables import table
from bench.texts import OUT

PICTURE = kept.KEPT.parents[1] / "docs/pictures/bench.svg"

SECONDS = 300.0
"""For everything, growth included; growth stops in time, all else is short."""
GROWTH_SECONDS = 45.0
WORSE = 1.25
"""Times what was kept: ratios vary, even side by side."""


def run(scale: Scale, *, keep: bool = False, out: Path = OUT) -> int:
    """Measure, print, and write to `out`. Always 0: a missed figure is named, and judged by who reads it."""
    begun = time.perf_counter()
    figures, grown = asyncio.run(_measured(scale, begun))
    seconds = time.perf_counter() - begun
    written, drawn = (out / f"{'quick' if scale.quick else 'figures'}.{ending}" for ending in ("json", "svg"))
    kept.write(written, figures, grown, seconds)
    draw(figures, grown, drawn)
    print(_printed(figures, grown, scale))
    print(f"\n{seconds:.0f} s. Written: {written}, {drawn}")
    if keep:
        shutil.copy(written, kept.KEPT)
        shutil.copy(drawn, PICTURE)
    return 0


async def _measured(scale: Scale, begun: float) -> tuple[list[Figure], Growth]:
    figures: list[Figure] = []
    parts = (searching, folders, running)
    for number, part in enumerate(parts, 1):
        _progress(begun, f"{number} of {len(parts) + 1}: {(part.__doc__ or '').split(':')[0]}")
        async for figure in part.measured(scale):
            figures.append(figure)
            _progress(
                begun, f"{number} of {len(parts) + 1}: {figure.work}: {figure.name}: {_amount(figure, figure.ours)}"
            )
    _progress(begun, f"{len(parts) + 1} of {len(parts) + 1}: growth")
    left = SECONDS - (time.perf_counter() - begun)
    return figures, await growth(scale, min(GROWTH_SECONDS, left))


def _progress(begun: float, text: str) -> None:
    print(f"{time.perf_counter() - begun:5.0f} s  {text}", file=sys.stderr, flush=True)


def _printed(figures: Sequence[Figure], grown: Growth, scale: Scale) -> str:
    then = {} if scale.quick else kept.used_then()
    rows = []
    for figure in figures:
        before = then.get((figure.work, figure.name))
        rows.append(
            [
                f"{figure.work}: {figure.name}",
                _amount(figure, figure.ours),
                ", ".join(f"{name} {_amount(figure, amount)}" for name, amount in figure.anchors.items()),
                figure.reach,
                "" if scale.quick else f"{figure.used:.2f}",
                "" if scale.quick else "met" if figure.used <= 1 else "MISSED",
                "" if before is None else f"{before:.2f}" + (" worse" if figure.used > before * WORSE else ""),
            ]
        )
    head = ["figure", "ours", "beside", "reach", "of it", "", "kept"]
    notes = [f"{figure.work}: {figure.name}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([table(head, rows), "", _grown(grown), *notes])


def _grown(grown: Growth) -> str:
    rows = [
        [
            f"{point.size:,} {unit}",
            f"{point.snapshot:.3f}",
            f"{point.count:.3f}",
            f"{point.count / point.size * per:.2f}",
        ]
        for unit, per, points in (("bytes", 1e9, grown.bytes), ("files", 1e6, grown.files))
        for point in points
    ]
    return table(["growth", "snapshot, s", "count, s", "s a GB, a million files"], rows)


def _amount(figure: Figure, amount: float) -> str:
    if figure.unit != "s":
        return f"{amount:.1f} {figure.unit}"
    return f"{amount:.2f} s" if amount >= 1 else f"{amount * 1000:.0f} ms"
