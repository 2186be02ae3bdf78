"""The pictures of an answer's charts, as pages and editors get them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rlm_ls.engine.answer import Chart
from rlm_ls.visible import visible_line


def pictures(charts: Iterable[Chart]) -> list[dict[str, Any]]:
    """`{title, note, svg}` of each chart that is one; tables are not. Takes a while: not on the event loop."""
    if not (charts := list(charts)):
        return []
    from rlm_ls.engine.trace.charts.picture import svg  # leather is loaded when something is drawn

    return [
        {"title": visible_line(chart.title), "note": visible_line(_said(chart)), "svg": drawn}
        for chart in charts
        if (drawn := svg(chart))
    ]


def _said(chart: Chart) -> str:
    """The chart's note, and what the picture does not show by itself."""
    if chart.kind != "histogram" or len(chart.rows) < 2:
        return chart.note
    *_, before, last = ((float(row.cells[0] or 0), float(row.cells[1] or 0)) for row in chart.rows)
    reaches = last[1] - last[0] > 2 * (before[1] - before[0])
    return "; ".join(filter(None, (chart.note, f"the last bar reaches up to {last[1]:,.6g}" if reaches else "")))
