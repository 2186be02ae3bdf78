"""An answer's charts at a terminal: bars, curves and shades of block characters."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from rlm_ls.cli.terminal.console import out
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.trace.charts.blocks import TextChart, text_chart


def show_charts(answer: Answer) -> None:
    for chart in answer.charts:
        made = text_chart(chart)
        out.print()
        if made.title:
            out.print(made.title, style="bold", markup=False)
        for line in made.picture:
            out.print(Text(line, style="cyan"), no_wrap=True, overflow="ellipsis")
        out.print(_table(made, [citation.label for citation in answer.citations]))
        if made.notes:
            out.print("; ".join(made.notes), style="dim", markup=False)


def _table(chart: TextChart, places: list[str]) -> Table:
    barred, cited = any(row.bar for row in chart.rows), any(row.cited is not None for row in chart.rows)
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for number, name in enumerate(chart.columns):
        table.add_column(Text(name), justify="left" if number == 0 else "right", overflow="fold")
    if barred:
        table.add_column("", no_wrap=True)
    if cited:
        table.add_column("line", no_wrap=True, style="dim")
    for row in chart.rows:
        cells = [Text(cell) for cell in row.cells]
        bar = [Text(row.bar, style="cyan")] if barred else []
        place = [Text("" if row.cited is None else places[row.cited])] if cited else []
        table.add_row(*cells, *bar, *place)
    return table
