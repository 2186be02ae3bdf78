"""`rlm-ls runs`, `rlm-ls trace RUN`, `rlm-ls replay RUN`: what was asked, how it was answered, and doing it again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rlm_ls.cli.ask import write_trace
from rlm_ls.cli.door import err, markdown, out, write, write_json
from rlm_ls.cli.screen import Screen, show_answer
from rlm_ls.cli.session import EXIT, run, session, user_settings
from rlm_ls.engine.render import trace_markdown
from rlm_ls.engine.replay import replay as replay_events
from rlm_ls.engine.trace_page import trace_html
from rlm_ls.errors import StoreFailed
from rlm_ls.private import replace_file
from rlm_ls.store.recording import read_recording
from rlm_ls.store.rows import RunRow

HEADINGS = ("run", "when", "status", "took", "cost", "question")


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest runs."""
    run(_runs(limit, as_json))


async def _runs(limit: int, as_json: bool) -> int:
    async with session() as opened:
        rows = await opened.engine.store.runs(limit)
    if as_json:
        write_json([_row(row) for row in rows], indent=1)
        return 0
    if not rows:
        err.print('No runs yet. Try: rlm-ls ask "How many errors are there?" FILE', markup=False)
        return 0
    cells = [_cells(row) for row in rows]
    if not out.is_terminal:
        write("".join("\t".join(line) + "\n" for line in cells))
        return 0
    table = Table(box=None, pad_edge=False)
    for column, heading in enumerate(HEADINGS):
        # Only the question may be cut.
        width = None if heading == "question" else max(len(heading), *(len(line[column]) for line in cells))
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=width)
    for line in cells:
        table.add_row(*map(escape, line))
    out.print(table)
    return 0


def _cells(row: RunRow) -> tuple[str, ...]:
    when = datetime.fromtimestamp(row.created).strftime("%Y-%m-%d %H:%M")
    money = "?" if row.usd is None else f"${row.usd:.4f}"
    return row.run_id, when, row.status, f"{row.seconds:.1f} s", money, " ".join(row.question.split())


def trace(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run id, a prefix, or last.")] = "last",
    as_json: Annotated[bool, typer.Option("--json", help="Print the events, one JSON object a line.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the timeline as one self-contained web page.")
    ] = None,
) -> None:
    """Show one run: every turn, program, output, token."""
    run(_trace(name, as_json, html))


async def _trace(name: str, as_json: bool, html: Path | None) -> int:
    async with session() as opened:
        row = await opened.engine.store.run(name)
        events = await opened.engine.store.events(row.run_id)
    if html is not None:
        await asyncio.to_thread(_write_page, html, trace_html(row, events))
        err.print(f"written: {html}", markup=False)
        return 0
    if as_json:
        for event in events:
            write_json(event)
        return 0
    text = trace_markdown(row, events)
    if out.is_terminal:
        out.print(markdown(text))
    else:
        write(text)
    return 0


def _write_page(path: Path, page: str) -> None:
    """Whole or not at all, in place of a link that may stand there; to a device or a pipe as it comes."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(page, encoding="utf-8", newline="\n")
        else:
            replace_file(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise StoreFailed(f"The page {path} cannot be written: {error.strerror}.", "Name another file.") from None


def replay(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run id, prefix, last, or a recording file.")] = "last",
    root: Annotated[Path | None, typer.Option(help="Folder that a recording's paths start from.")] = None,
    strict: Annotated[bool, typer.Option(help="Fail at the first prompt or observation that differs.")] = False,
    steps: Annotated[bool, typer.Option("--steps", "-s")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write the new run as a recording, with the same replies.")
    ] = None,
) -> None:
    """Run a trace's programs again, without a model, and say whether they print the same."""
    run(_replay(name, root, strict, steps, record))


async def _replay(name: str, root: Path | None, strict: bool, steps: bool, record: Path | None) -> int:
    settings = user_settings()
    if record is not None:
        settings = settings.model_copy(update={"trace": "full"})
    async with session(settings) as opened:
        events: list[dict[str, Any]]
        if Path(name).is_file():
            recording = await asyncio.to_thread(read_recording, Path(name))
            events, root = list(recording.events), root or Path.cwd()
        else:
            row = await opened.engine.store.run(name)
            events = await opened.engine.store.events(row.run_id)
        screen = Screen(steps=steps)
        with screen:
            replayed = await replay_events(opened.engine, events, strict=strict, root=root, on_event=screen)
        if record is not None:
            made = await opened.engine.store.events(replayed.answer.run_id)
            await asyncio.to_thread(write_trace, record, made, replayed.answer, "", root)
    show_answer(replayed.answer)
    for difference in replayed.differences:
        err.print(f"differs: {difference}", style="yellow", markup=False)
    if not replayed.differences:
        err.print("The replay is the same as the recorded run.", style="green", markup=False)
    return 1 if replayed.differences else EXIT[replayed.answer.status]


def _row(row: RunRow) -> dict[str, Any]:
    return {
        "runId": row.run_id,
        "question": row.question,
        "status": row.status,
        "created": row.created,
        "seconds": row.seconds,
        "usd": row.usd,
        "model": row.model,
    }
