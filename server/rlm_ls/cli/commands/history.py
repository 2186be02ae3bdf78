"""`rlm-ls runs`, `trace RUN`, `replay RUN`: list, show, export, repeat and delete earlier runs."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from rlm_ls.cli.terminal.console import err, markdown, out, write, write_json
from rlm_ls.cli.terminal.session import EXIT, Session, history, run, session, user_settings
from rlm_ls.errors import BadRequest, RlmError, StoreFailed
from rlm_ls.private import replace_file
from rlm_ls.store.rows import RunRow
from rlm_ls.visible import visible_json

Form = Literal["md", "json"]
VERDICTS = {"still true": 0, "changed": 1, "cannot tell": 2}
STYLES = {"still true": "green", "changed": "yellow", "cannot tell": "red"}
HEADINGS = ("run", "when", "status", "took", "cost", "question")


runs = typer.Typer(name="runs", invoke_without_command=True)


@runs.callback()
def listed(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 20,
    search: Annotated[
        str, typer.Option("--search", "-s", metavar="WORDS", help="Only runs whose question or answer holds the words.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest runs, search them, export or delete them."""
    if context.invoked_subcommand is None:
        run(_runs(limit, search, as_json))


@runs.command()
def export(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run id, a prefix, or last.")],
    form: Annotated[Form, typer.Option("--format", help="The answer and the trace to read, or all that is kept.")] = (
        "md"
    ),
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE")] = None,
) -> None:
    """Write one run: question, answer, citations and trace."""
    run(_export(name, form, output))


async def _export(name: str, form: Form, output: Path | None) -> int:
    async with history() as store:
        row = await store.run(name)
        events = await store.events(row.run_id)
    if form == "json":
        text = visible_json({**row.described(), "answer": row.answer, "events": events}, indent=1) + "\n"
    else:
        from rlm_ls.engine.answer import Answer
        from rlm_ls.engine.trace.render import answer_markdown, trace_markdown

        answer = "" if row.answer is None else answer_markdown(Answer.model_validate(row.answer), row.question) + "\n\n"
        text = answer + trace_markdown(row, events)
    if output is None:
        write(text)
        return 0
    try:
        # Cited text of the user's documents: nobody else's business.
        await asyncio.to_thread(replace_file, output, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise BadRequest(f"{output} cannot be written: {error.strerror}.", "Name another file.") from error
    err.print(f"written: {output}", markup=False)
    return 0


@runs.command()
def delete(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Run ids, prefixes, or last.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are not running.")] = False,
    older_than: Annotated[str | None, typer.Option("--older-than", metavar="AGE", help="Such as 30d, 12h, 2w.")] = None,
) -> None:
    """Delete runs with all that is kept of them. What sub-models replied is kept elsewhere: rlm-ls cache clear."""
    if [bool(names), every, older_than is not None].count(True) != 1:
        raise typer.BadParameter("name runs, or give one of --all and --older-than")
    before = None if older_than is None else time.time() - _age(older_than)
    if every and sys.stdin.isatty():
        typer.confirm("Delete the whole history?", abort=True)
    run(_delete(names or [], before, every))


async def _delete(names: list[str], before: float | None, every: bool) -> int:
    async with session() as opened:
        count = await opened.engine.forget(names, older_than=before, all_=every)
    out.print(f"Deleted {count:,} run{'' if count == 1 else 's'}.", markup=False)
    return 0


def _age(text: str) -> float:
    """Seconds."""
    found = re.fullmatch(r"([0-9]{1,6})([hdw])", text.strip())
    if found is None:
        raise typer.BadParameter(f"--older-than wants an age such as 30d, 12h or 2w, not {text!r}")
    return int(found[1]) * {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}[found[2]]


async def _runs(limit: int, search: str, as_json: bool) -> int:
    async with history() as store:
        rows = await store.runs(limit, search=search)
    if as_json:
        write_json([row.described() for row in rows], indent=1)
        return 0
    if not rows and search:
        err.print("No run's question or answer holds these words.", markup=False)
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
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the answer with permalinks to what it cites.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the timeline as one self-contained web page.")
    ] = None,
) -> None:
    """Show one run: every turn, program, output, token."""
    run(_trace(name, as_json, as_markdown, html))


async def _trace(name: str, as_json: bool, as_markdown: bool, html: Path | None) -> int:
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.sharing.cited import cited_markdown
    from rlm_ls.engine.sharing.excerpts import excerpts_of
    from rlm_ls.engine.trace.page.page import trace_html
    from rlm_ls.engine.trace.render import trace_markdown

    async with session() as opened:
        row = await opened.engine.store.run(name)
        events = await opened.engine.store.events(row.run_id)
        answer = None if row.answer is None else Answer.model_validate(row.answer)
        excerpts = await excerpts_of(opened.engine, answer) if html is not None and answer is not None else []
    if as_markdown:
        if answer is None:
            raise BadRequest(f"Run {row.run_id} has no answer.")
        write(await cited_markdown(answer, row.question))
        return 0
    if html is not None:
        page = await asyncio.to_thread(trace_html, row, events, [asdict(one) for one in excerpts])
        await asyncio.to_thread(_write_page, html, page)
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
    """Writes the page whole or not at all. A link that has its name is replaced; a device or a pipe is written to
    directly."""
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
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Is the answer true of the texts as they are now? Exit code 0: still true, 1: changed, 2: unknown.",
        ),
    ] = False,
) -> None:
    """Run a trace's programs again, without a model, and say whether they print the same."""
    run(_check(name, root) if check else _replay(name, root, strict, steps, record))


async def _check(name: str, root: Path | None) -> int:
    from rlm_ls.engine.trace.check import CheckedSubmission
    from rlm_ls.engine.trace.check import check as check_events

    async with session() as opened:
        events, root = await _events(opened, name, root)
        try:
            checked = await check_events(opened.engine, events, root=root)
        except RlmError as error:
            checked = CheckedSubmission("cannot tell", (), (str(error),))
    for line in checked.changes:
        out.print(f"changed: {line}", markup=False)
    for line in checked.unknown:
        out.print(f"not known: {line}", markup=False)
    out.print(checked.verdict, style=STYLES[checked.verdict], markup=False)
    return VERDICTS[checked.verdict]


async def _events(opened: Session, name: str, root: Path | None) -> tuple[list[dict[str, Any]], Path | None]:
    """The events of a run or of a recording file, and the folder that a recording's paths start from."""
    from rlm_ls.store.recording import read_recording

    if Path(name).is_file():
        recording = await asyncio.to_thread(read_recording, Path(name))
        return list(recording.events), root or Path.cwd()
    row = await opened.engine.store.run(name)
    return await opened.engine.store.events(row.run_id), root


async def _replay(name: str, root: Path | None, strict: bool, steps: bool, record: Path | None) -> int:
    from rlm_ls.cli.commands.ask import write_trace
    from rlm_ls.cli.terminal.screen import Screen, show_answer
    from rlm_ls.engine.trace.replay import replay as replay_events

    settings = user_settings()
    if record is not None:
        settings = settings.model_copy(update={"trace": "full"})
    async with session(settings) as opened:
        events, root = await _events(opened, name, root)
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
