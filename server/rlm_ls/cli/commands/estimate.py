"""`rlm-ls estimate "question" FILE…`: what asking it may cost. No model is called."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from rlm_ls.cli.commands.ask import in_order, scope_of
from rlm_ls.cli.terminal.console import out, write_json
from rlm_ls.cli.terminal.session import run, session, user_settings
from rlm_ls.cli.terminal.streams import read_whole
from rlm_ls.engine.budget.estimate import Expected
from rlm_ls.engine.request import AskRequest


def estimate(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    paths: Annotated[list[str] | None, typer.Argument(help="Files or folders; - is standard input.")] = None,
    model: Annotated[str | None, typer.Option(help="LiteLLM model, several with commas, or offline.")] = None,
    include: Annotated[list[str] | None, typer.Option(help="Glob of files to take from folders.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Glob of files to leave out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
) -> None:
    """Say what a question may cost, before it is asked. No model is called."""
    run(_estimate(question, paths or ["."], model, include or [], exclude or [], as_json))


async def _estimate(
    question: str, paths: list[str], model: str | None, include: list[str], exclude: list[str], as_json: bool
) -> int:
    settings = user_settings()
    async with read_whole(paths, settings.context.unpack_mb << 20) as streams, session(settings) as opened:
        scope = await asyncio.to_thread(scope_of, paths, include, exclude, streams)
        request = AskRequest(question=in_order(question, paths), scope=scope, model=model)
        found = await opened.engine.estimate(request)
    if as_json:
        write_json(found.wire(), indent=1)
        return 0
    documents = "1 document" if found.documents == 1 else f"{found.documents:,} documents"
    lines = (
        f"{documents}, {found.characters:,} characters; route {found.route}, model {found.model}",
        f"likely: {_said(found.likely)}",
        f"high:   {_said(found.high)}",
        f"limit:  {found.limit.tokens:,} tokens, ${found.limit.usd:g}",
        found.basis,
    )
    for line in lines:
        out.print(line, markup=False)
    return 0


def _said(expected: Expected) -> str:
    turns = "1 turn" if expected.turns == 1 else f"{expected.turns} turns"
    calls = f", {expected.sub_calls:,} sub-calls" if expected.sub_calls else ""
    money = "price unknown" if expected.usd is None else f"${expected.usd:.4f}"
    return f"{turns}{calls}, {expected.tokens:,} tokens, {money}"
