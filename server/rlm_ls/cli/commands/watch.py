"""`rlm-ls watch "question" FILE… --every 5m`: asks again when the files have gone on, and tells of other answers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rlm_ls.cli.commands.ask import answer_schema, in_order, scope_of
from rlm_ls.cli.terminal.consent import consent
from rlm_ls.cli.terminal.console import err, out, write, write_json
from rlm_ls.cli.terminal.screen import Screen, show_answer
from rlm_ls.cli.terminal.session import EXIT, run, session, user_settings
from rlm_ls.cli.terminal.streams import STDIN
from rlm_ls.ending import on_signals
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.live.watch import Look, Watch
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.errors import RlmError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
SHORTEST, LONGEST = 0.1, 7 * 86_400.0
"""Seconds between two looks."""

SPENT = 3
"""Exit code once the budget is."""


def watch(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    paths: Annotated[list[str], typer.Argument(help="Files, folders or addresses.")],
    every: Annotated[str, typer.Option(metavar="TIME", help="Between two looks: 30s, 5m, 1h.")] = "5m",
    once_changed: Annotated[bool, typer.Option(help="End when the answer has changed.")] = False,
    looks: Annotated[int | None, typer.Option(min=1, help="End after so many looks.")] = None,
    bell: Annotated[bool, typer.Option(help="Ring the terminal's bell when the answer has changed.")] = False,
    model: Annotated[str | None, typer.Option(help="LiteLLM model, several with commas, or offline.")] = None,
    turns: Annotated[int | None, typer.Option(min=1, help="Of each look.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Of each look.")] = None,
    usd: Annotated[float | None, typer.Option(min=0, help="Of all looks together.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="Of all looks together.")] = None,
    sub_calls: Annotated[int | None, typer.Option(min=0, help="Of all looks together.")] = None,
    schema: Annotated[Path | None, typer.Option(help="JSON schema that the answer's data must fit.")] = None,
    include: Annotated[list[str] | None, typer.Option(help="Glob of files to take from folders.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Glob of files to leave out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object a line for each answer that is new.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend above budget.askAboveUsd without asking.")] = False,
    steps: Annotated[bool, typer.Option("--steps", "-s", help="Show plans, programs and outputs.")] = False,
) -> None:
    """Ask, and ask again when the files have gone on. Where they have not, no model is called. The limits of tokens and
    dollars hold for the whole watch. Exit codes: 0 at the end, 3 when the budget is spent."""
    if STDIN in paths:
        raise typer.BadParameter("standard input ends once; name files")
    pause = _seconds(every)
    screen = Screen(steps=steps, quiet=as_json)

    def request() -> AskRequest:
        return AskRequest(
            question=in_order(question, paths),
            scope=scope_of(paths, include or [], exclude or []),
            model=model,
            budget=Budget(turns, seconds, usd, tokens, sub_calls),
            schema=answer_schema(schema),
        )

    run(_watch(request, screen, pause, once_changed, looks, as_json, yes, bell))


async def _watch(
    make: Callable[[], AskRequest],
    screen: Screen,
    pause: float,
    once_changed: bool,
    looks: int | None,
    as_json: bool,
    yes: bool,
    bell: bool,
) -> int:
    ended = _until_signalled()
    async with session(user_settings()) as opened:
        try:
            request = await asyncio.to_thread(make)
            watch = Watch(opened.engine, request, screen, consent(screen, yes=yes))
            trouble, count = "", 0
            while True:
                try:
                    with screen:
                        look = await watch.look()
                    if look.spent:
                        _say(look.spent)
                        return SPENT
                    trouble, first = "", not count
                    count += 1
                    _show(look, first, as_json, bell)
                    if first and look.answer is not None and look.answer.status != "answered":
                        return EXIT[look.answer.status]
                    if once_changed and look.changed and not first:
                        return 0
                except RlmError as error:
                    if not count:
                        raise
                    if str(error) != trouble:  # a rotation under way, or a provider that is down: once is enough
                        trouble = str(error)
                        _say(f"{error.message} The next look may find it otherwise.")
                if looks is not None and count >= looks:
                    return 0
                await asyncio.sleep(pause)
        except asyncio.CancelledError:
            return ended[0] if ended else 130


def _until_signalled() -> list[int]:
    """Ctrl-C and SIGTERM cancel the command at once, wherever it is; its exit code then stands in the list."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    ended: list[int] = []

    def tell(code: int) -> None:
        ended.append(code)
        loop.call_soon_threadsafe(task.cancel)

    on_signals((signal.SIGINT,), lambda: tell(130), 130)
    if os.name != "nt":
        on_signals((signal.SIGTERM,), lambda: tell(143), 143)
    return ended


def _show(look: Look, first: bool, as_json: bool, bell: bool) -> None:
    answer, news = look.answer, " ".join(look.news)
    if answer is None:
        if err.is_terminal:
            _say("as it was")
    elif as_json:
        if first or look.changed or answer.status != "answered":
            _write_line(look, first, answer)
    elif first:
        show_answer(answer)
    elif answer.status != "answered":
        _say(f"{news} No answer could be found: {answer.reason}.")
    elif not look.changed:
        _say(f"{news} The answer is the same.")
    else:
        if bell and out.is_terminal:
            out.bell()
        lines = "".join(f"{line}\n" for line in look.difference)
        write(f"\n{_now()} The answer has changed. {news}\n{lines}\n")
        show_answer(answer)


def _write_line(look: Look, first: bool, answer: Answer) -> None:
    write_json(
        {
            "at": datetime.now().astimezone().isoformat(timespec="seconds"),
            "changed": look.changed and not first,
            "news": look.news,
            "difference": look.difference,
            "answer": answer.wire(),
        }
    )
    sys.stdout.flush()


def _say(text: str) -> None:
    err.print(f"{_now()} {text}", markup=False, style="dim")


def _now() -> str:
    return f"[{datetime.now():%H:%M:%S}]"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", text.strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not SHORTEST <= seconds <= LONGEST:
        raise typer.BadParameter(f"--every wants a time such as 30s, 5m or 1h, from 0.1s to 7d, not {text!r}")
    return seconds
