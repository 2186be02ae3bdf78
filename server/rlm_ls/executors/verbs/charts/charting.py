"""The verb `chart`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from pydantic import Field

from rlm_ls.context.document import Span
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.drawn import MOST_CHARTS, Cell, ChartKind, DrawnChart
from rlm_ls.executors.scripts.host import LONGEST_PATTERN, VerbHost
from rlm_ls.executors.verbs.charts.counting import counted
from rlm_ls.executors.verbs.charts.rows import columns_and_rows
from rlm_ls.executors.verbs.registry import verb


@verb(returns="list", shape="values", everyday=14)
async def chart(
    host: VerbHost,
    kind: ChartKind,
    pattern_or_rows: Any,
    title: Annotated[str, Field(max_length=200)] = "",
    within: Any = None,
    ignore_case: bool = False,
) -> list[tuple[Cell, ...]]:
    r"""lines, bars, histogram, heat

    Drawn beside the answer, also "table". A pattern is counted over the whole text, and each point leads to its first
    line. The group of `lines` is a time as precise as a point: chart("lines", r"^(\d{4}-\d\d-\d\d \d\d):.* ERROR")
    draws errors per hour; heat takes the same and draws days by hours; the group of a histogram is a number.

    Rows are (label, number), of lines (time, number), with a Span as last to lead there: chart("bars", top(pattern));
    of heat ((row, column), number); of a table lists or dicts; of a histogram numbers, at most 50,000, or as top gives
    them. At most 1,000 points. The rows come back. One of the same title takes the place of an earlier one.
    """
    title = " ".join(title.split())
    if isinstance(pattern_or_rows, str):
        if len(pattern_or_rows) > LONGEST_PATTERN:
            raise ProgramError("chart(): the pattern is too long.", "Use a shorter one.")
        made = await counted(host, kind, pattern_or_rows, await host.select(within), ignore_case=ignore_case)
        drawn = DrawnChart(kind, title, made.columns, made.rows, made.note)
    else:
        columns, rows = await asyncio.to_thread(columns_and_rows, kind, pattern_or_rows, _span_of(host))
        drawn = DrawnChart(kind, title, columns, rows)
    key = title or f"{kind} {drawn.columns}"
    if key not in host.charts and len(host.charts) >= MOST_CHARTS:
        raise ProgramError(f"An answer has at most {MOST_CHARTS} charts.", "Draw what answers the question.")
    host.charts[key] = drawn
    host.note(f"chart({kind!r}): {drawn.note}" if drawn.note else "")
    return [row.cells for row in drawn.rows]


def _span_of(host: VerbHost) -> Any:
    def span(given: Any) -> Span:
        found = host.unwrap(given)
        if not isinstance(found, Span):
            raise ProgramError("A point leads to a Span.")
        return found

    return span
