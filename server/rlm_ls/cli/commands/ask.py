"""`rlm-ls ask "question" FILE…`"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rlm_ls import __version__
from rlm_ls.cli.terminal.consent import consent
from rlm_ls.cli.terminal.console import err, write, write_json
from rlm_ls.cli.terminal.native_consent import native_consent
from rlm_ls.cli.terminal.screen import Screen, show_answer
from rlm_ls.cli.terminal.session import EXIT, Session, on_interrupt, run, session, user_settings
from rlm_ls.cli.terminal.streams import STDIN, read_whole
from rlm_ls.context.scope import Scope, Stream
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import new_run_id
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.tables import as_csv as csv_of
from rlm_ls.engine.trace.tables import tables
from rlm_ls.errors import BadRequest
from rlm_ls.settings.sections import ClusterSettings, Settings
from rlm_ls.store.recording import Header, relativise, write_recording
from rlm_ls.visible import visible_line

Form = Literal["text", "json", "csv"]
"""How an answer is printed."""


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    paths: Annotated[list[str] | None, typer.Argument(help="Files, folders or addresses; - is standard input.")] = None,
    model: Annotated[
        str | None, typer.Option(help="LiteLLM model, several with commas, offline, recorded:FILE.")
    ] = None,
    turns: Annotated[int | None, typer.Option(min=1)] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1)] = None,
    usd: Annotated[float | None, typer.Option(min=0)] = None,
    tokens: Annotated[int | None, typer.Option(min=1)] = None,
    sub_calls: Annotated[int | None, typer.Option(min=0, help="Most calls of sub-models.")] = None,
    depth: Annotated[int | None, typer.Option(min=0, help="Levels of child runs.")] = None,
    levels: Annotated[str | None, typer.Option(help="Kinds of programs, e.g. dsl or dsl,llm.")] = None,
    coordinator: Annotated[bool, typer.Option(help="The model only delegates, to sub-models and child runs.")] = False,
    schema: Annotated[Path | None, typer.Option(help="JSON schema that the answer's data must fit.")] = None,
    follow: Annotated[str | None, typer.Option(help="Follow up on this run (id, prefix, or last).")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the files: auto (default), utf-8, latin-1, utf-8-replace, …")
    ] = None,
    include: Annotated[list[str] | None, typer.Option(help="Glob of files to take from folders.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Glob of files to leave out.")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Cluster that searches: tls://HOST:PORT, or local:4 on this machine.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Write the run as a recording.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the Answer as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the answer's data and tables as CSV.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend above budget.askAboveUsd without asking.")] = False,
    steps: Annotated[bool, typer.Option("--steps", "-s", help="Show plans, programs and outputs.")] = False,
) -> None:
    """Answer a question about files, folders or standard input, with citations."""
    settings = user_settings()
    if encoding:
        settings = settings.model_copy(update={"context": settings.context.model_copy(update={"encoding": encoding})})
    if cluster:
        settings = settings.model_copy(update={"cluster": ClusterSettings(address=cluster)})
    if record:
        settings = settings.model_copy(update={"trace": "full"})
    run(
        _ask(
            settings,
            paths or ["."],
            lambda streams: AskRequest(
                question=in_order(question, paths or []),
                scope=scope_of(paths or ["."], include or [], exclude or [], streams),
                model=model,
                levels=None if levels is None else tuple(level.strip() for level in levels.split(",") if level.strip()),
                budget=Budget(turns, seconds, usd, tokens, sub_calls, depth),
                schema=answer_schema(schema),
                follow_up=follow,
                run_id=new_run_id(),
                coordinator=coordinator,
            ),
            record,
            "csv" if as_csv else "json" if as_json else "text",
            Screen(steps=steps, quiet=as_json or as_csv),
            yes,
        )
    )


async def _ask(
    settings: Settings,
    paths: list[str],
    make: Callable[[dict[str, Stream]], AskRequest],
    record: Path | None,
    form: Form,
    screen: Screen,
    yes: bool,
) -> int:
    async with read_whole(paths, settings.context.unpack_mb << 20) as streams, session(settings) as opened:
        request = await asyncio.to_thread(make, streams)
        assert request.run_id is not None
        run_id = request.run_id
        async with run_on_screen(opened, run_id, screen):
            answer = await opened.engine.ask(request, screen, consent=consent(screen, yes=yes))
        if record is not None:
            events = await opened.engine.store.events(run_id)
            await asyncio.to_thread(write_trace, record, events, answer)
            err.print(f"recorded: {record}", markup=False)
    return show_result(answer, form)


@asynccontextmanager
async def run_on_screen(opened: Session, run_id: str, screen: Screen) -> AsyncIterator[None]:
    """A run at a terminal: what it does is shown, Ctrl-C stops it, consent to native programs can be asked for."""
    opened.engine.native_consent = native_consent(opened.engine, screen)
    async with on_interrupt(lambda: opened.engine.stop(run_id)):
        with screen:
            yield


def show_result(answer: Answer, form: Form) -> int:
    """Shows the Answer; the command's exit code."""
    if form == "json":
        write_json(answer.wire(), indent=1)
    elif form == "csv":
        found = tables(answer)
        write(csv_of(found))
        if not found:
            err.print("The answer holds no data, chart or table; without --csv it is shown as it is.", markup=False)
    else:
        show_answer(answer)
    return EXIT[answer.status]


def write_trace(
    path: Path, events: list[dict[str, Any]], answer: Answer, note: str = "", root: Path | None = None
) -> None:
    """Write a run's events as a recording, with the folder it was made in taken out. Blocks."""
    header = Header(
        rlm_ls=__version__,
        model=answer.model.removeprefix("recorded:"),
        made=datetime.now(UTC).date().isoformat(),
        note=note,
    )
    write_recording(path, relativise(events, root or Path.cwd()), header)


def in_order(question: str, paths: list[str]) -> str:
    """The question. Raises BadRequest where a file stands in the question's place, and the question in a file's."""
    if paths and _exists(question) and not any(path == STDIN or _exists(path) for path in paths):
        raise BadRequest(
            f"The question is the name of a file, {visible_line(question)}, and what stands in a file's place is none.",
            'The question comes first: rlm-ls ask "question" FILE.',
        )
    return question


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def scope_of(
    paths: list[str], include: list[str], exclude: list[str], streams: Mapping[str, Stream] | None = None
) -> Scope:
    """The Scope of command line paths: one file is a document, a folder is walked. `streams` are those read already."""
    streams = streams or {}
    roots = [path for path in paths if path not in streams and os.path.isdir(path)]
    files = [streams[path].uri if path in streams else path for path in paths if path not in roots]
    return Scope(
        kind="document" if len(files) == 1 and not roots else "files",
        files=tuple(files),
        roots=tuple(roots),
        include=tuple(include),
        exclude=tuple(exclude),
        streams=tuple(streams.values()),
    )


def answer_schema(path: Path | None) -> dict[str, Any] | None:
    """The JSON schema in a file. Raises BadRequest."""
    if path is None:
        return None
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequest(f"The schema {path} cannot be read: {error}.") from None
    if not isinstance(schema, dict):
        raise BadRequest(f"The schema {path} must be a JSON object.")
    return schema
