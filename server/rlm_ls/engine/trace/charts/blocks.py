"""Charts where nobody can draw: tables whose bars are block characters, for documents and terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rlm_ls.engine.answer import Chart
from rlm_ls.engine.trace import inert
from rlm_ls.executors.scripts.drawn import height
from rlm_ls.visible import visible_line

EIGHTHS = " ▏▎▍▌▋▊▉"
HEIGHTS = "▁▂▃▄▅▆▇█"
SHADES = "·░▒▓█"
BAR = 20
"""Characters of the longest bar."""
MOST_ROWS = 50
BARS_OVER_TIME = 24
"""More points than that are a curve, and a table of the highest."""
HIGHEST = 10
CURVE = 60
"""Points on one line of a curve."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """`bar` is "" where the chart has none; `cited` as in a ChartRow."""

    cells: tuple[str, ...]
    bar: str
    cited: int | None


@dataclass(frozen=True, slots=True)
class TextChart:
    """A chart in characters: lines of a `picture`, if any, then rows. `notes` say what is not there."""

    title: str
    picture: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[TextRow, ...]
    notes: tuple[str, ...]


def text_chart(chart: Chart) -> TextChart:
    picture = {"lines": _curve, "heat": _shades}.get(chart.kind, _nothing)(chart)
    rows = chart.rows
    notes = [visible_line(chart.note)] if chart.note else []
    if picture:
        rows = tuple(sorted(rows, key=lambda row: height(row.cells), reverse=True)[:HIGHEST])
        if len(rows) < len(chart.rows):
            notes.append(f"the {len(rows)} highest of {len(chart.rows):,}")
    elif len(rows) > MOST_ROWS:
        rows = rows[:MOST_ROWS]
        notes.append(f"{MOST_ROWS} of {len(chart.rows):,} rows; all are in the data")
    most = max((height(row.cells) for row in rows), default=0)
    barred = chart.kind != "table" and most > 0
    shown = [
        TextRow(
            tuple(cell_text(cell) for cell in row.cells), _bar(height(row.cells) / most) if barred else "", row.cited
        )
        for row in rows
    ]
    title = visible_line(chart.title)
    return TextChart(title, picture, tuple(map(visible_line, chart.columns)), tuple(shown), tuple(notes))


def chart_markdown(chart: Chart, places: Sequence[str]) -> str:
    """The chart as a part of a document. `places` are the answer's citations, as the document writes them."""
    made = text_chart(chart)
    barred, cited = any(row.bar for row in made.rows), any(row.cited is not None for row in made.rows)
    head = [*map(_cell, made.columns), *["" for _ in range(barred)], *["line" for _ in range(cited)]]
    lines = [_row(head), _row(["---"] * len(head))]
    for row in made.rows:
        place = places[row.cited].replace("|", "\\|") if row.cited is not None else ""
        lines.append(_row([*map(_cell, row.cells), *[row.bar] * barred, *[place] * cited]))
    parts = [f"### {inert.line(made.title)}"] if made.title else []
    if made.picture:
        parts.append(inert.fenced("\n".join(made.picture)))
    parts.append("\n".join(lines))
    if made.notes:
        parts.append(f"*{inert.line('; '.join(made.notes))}*")
    return "\n\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return inert.code(text).replace("|", "\\|") if text and not _is_plain(text) else text


def _is_plain(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("-", "").replace(" ", "").replace(":", "").isalnum()


def cell_text(cell: str | int | float | None) -> str:
    """As it is shown, in pictures too."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return visible_line(cell)
    return f"{int(cell):,}" if cell == int(cell) else f"{cell:,.6g}"


def ordered(labels: Iterable[str]) -> list[str]:
    """The names of a heat map's rows or columns, each once: numbers by their size, before words."""

    def key(label: str) -> tuple[float, str]:
        try:
            return float(label), label
        except ValueError:
            return float("inf"), label

    return sorted(set(labels), key=key)


def _bar(share: float) -> str:
    eighths = max(1, round(share * BAR * 8)) if share > 0 else 0  # what there is is seen
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _nothing(_: Chart) -> tuple[str, ...]:
    return ()


def _curve(chart: Chart) -> tuple[str, ...]:
    """Lines of points, each with the label of its first one."""
    if len(chart.rows) <= BARS_OVER_TIME:
        return ()
    most = max(height(row.cells) for row in chart.rows) or 1
    return tuple(
        f"{cell_text(some[0].cells[0]):<20} {''.join(_level(HEIGHTS, height(row.cells) / most) for row in some)}"
        for some in (chart.rows[at : at + CURVE] for at in range(0, len(chart.rows), CURVE))
    )


def _shades(chart: Chart) -> tuple[str, ...]:
    """A line for each row of a heat map, under the names of its columns from the top down."""
    across = ordered(cell_text(row.cells[1]) for row in chart.rows)
    down = ordered(cell_text(row.cells[0]) for row in chart.rows)
    found = {(cell_text(row.cells[0]), cell_text(row.cells[1])): height(row.cells) for row in chart.rows}
    most = max(found.values()) or 1
    wide, margin = max(map(len, across)) + 1, max(map(len, down))
    head = " " * margin + "".join(f"{name:>{wide}}" for name in across)
    rows = []
    for name in down:
        cells = (found.get((name, column)) for column in across)
        marks = ((" " if height is None else _level(SHADES, height / most)) * (wide - 1) for height in cells)
        rows.append(f"{name:<{margin}}" + "".join(f" {mark}" for mark in marks))
    return (head, *rows)


def _level(marks: str, share: float) -> str:
    return marks[round(min(1.0, max(0.0, share)) * (len(marks) - 1))]
