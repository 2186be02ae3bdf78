"""Charts as an answer carries them: a point is a citation, checked as all others are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rlm_ls.context.document import Span
from rlm_ls.engine.answer import Chart, ChartRow, Citation
from rlm_ls.engine.citing.citing import cite_spans
from rlm_ls.errors import ProgramError
from rlm_ls.executors.checking.plain import well_formed
from rlm_ls.executors.scripts.drawn import Cell, DrawnChart, height
from rlm_ls.executors.scripts.host import VerbHost

MAX_POINTS = 300
"""Points of an answer's charts that lead to their lines; of more, those with the highest values do."""
TOGETHER = 50
"""Points of a document that are looked up by one request."""
SAID = 5
"""Problems that a model is told of."""


async def charted(
    drawn: Sequence[DrawnChart], citations: Sequence[Citation], host: VerbHost
) -> tuple[tuple[Chart, ...], tuple[Citation, ...], list[str]]:
    """The charts, all citations (those of points behind the others), and what is wrong with a point in words."""
    checks = await _checked(_chosen(drawn), host)
    known = {(one.path, one.start_byte, one.end_byte): index for index, one in enumerate(citations)}
    every = list(citations)
    at: dict[Span, int] = {}
    for span, checked in checks.items():
        if isinstance(checked, ProgramError):
            continue
        key = (checked.path, checked.start_byte, checked.end_byte)
        if key not in known:
            known[key] = len(every)
            every.append(checked.model_copy(update={"charted": True}))
        at[span] = known[key]
    charts = tuple(
        Chart(
            kind=chart.kind,
            title=well_formed(chart.title),
            columns=tuple(map(well_formed, chart.columns)),
            rows=tuple(
                ChartRow(cells=tuple(map(_cell, row.cells)), cited=None if row.span is None else at.get(row.span))
                for row in chart.rows
            ),
            note=well_formed(chart.note),
        )
        for chart in drawn
    )
    return charts, tuple(every), [f"chart: {one}" for one in checks.values() if isinstance(one, ProgramError)][:SAID]


async def _checked(spans: Iterable[Span], host: VerbHost) -> dict[Span, Citation | ProgramError]:
    """What is cited of each document, a few at a time: thousands of lines may lie between two."""
    by_document: dict[int, list[Span]] = {}
    for span in spans:
        by_document.setdefault(host.document(span.doc), []).append(span)
    found: dict[Span, Citation | ProgramError] = {}
    for number, some in by_document.items():
        for at in range(0, len(some), TOGETHER):
            part = some[at : at + TOGETHER]
            found |= zip(part, await cite_spans(number, part, host), strict=True)
    return found


def _chosen(drawn: Sequence[DrawnChart]) -> list[Span]:
    """The lines of points, each once; the highest first where they are too many."""
    rows = [row for chart in drawn for row in chart.rows if row.span is not None]
    if len(rows) > MAX_POINTS:
        rows = sorted(rows, key=lambda row: height(row.cells), reverse=True)[:MAX_POINTS]
    return list(dict.fromkeys(row.span for row in rows if row.span is not None))


def _cell(cell: Cell) -> Cell:
    return well_formed(cell) if isinstance(cell, str) else cell
