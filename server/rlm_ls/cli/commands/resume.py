"""`rlm-ls resume RUN`, `rlm-ls again RUN`: go on with a run that broke off; look again at what has gone on since."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from rlm_ls.cli.commands.ask import run_on_screen, show_result
from rlm_ls.cli.terminal.consent import consent
from rlm_ls.cli.terminal.screen import Screen
from rlm_ls.cli.terminal.session import run, session, user_settings
from rlm_ls.engine.engine import new_run_id
from rlm_ls.engine.live.again import again as looking_again
from rlm_ls.engine.request import Budget


def resume(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run id, a prefix, or last.")] = "last",
    model: Annotated[
        str | None, typer.Option(help="Another model than was asked then, on purpose; it is told the whole run.")
    ] = None,
    turns: Annotated[int | None, typer.Option(min=1, help="A limit that is to differ; so the others.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1)] = None,
    usd: Annotated[float | None, typer.Option(min=0)] = None,
    tokens: Annotated[int | None, typer.Option(min=1)] = None,
    sub_calls: Annotated[int | None, typer.Option(min=0)] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Spend more than budget.askAboveUsd without asking.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the Answer as JSON.")] = False,
    steps: Annotated[bool, typer.Option("--steps", "-s", help="Show plans, programs and outputs.")] = False,
) -> None:
    """Go on with a run that was killed or found no answer. What was paid for is not asked for again."""
    limits = {"turns": turns, "seconds": seconds, "usd": usd, "tokens": tokens, "sub_calls": sub_calls}
    run(_resume(name, model, limits, yes, as_json, Screen(steps=steps, quiet=as_json)))


async def _resume(
    name: str, model: str | None, limits: dict[str, float | None], yes: bool, as_json: bool, screen: Screen
) -> int:
    async with session(user_settings()) as opened:
        run_id = (await opened.engine.store.run(name)).run_id
        async with run_on_screen(opened, run_id, screen):
            budget = Budget.of(limits)
            asking = consent(screen, yes=yes)
            answer = await opened.engine.resume(run_id, screen, budget=budget, consent=asking, choice=model)
    return show_result(answer, "json" if as_json else "text")


def again(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run id, a prefix, or last.")] = "last",
    model: Annotated[str | None, typer.Option(help="Another model than was named then.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Spend more than budget.askAboveUsd without asking.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the Answer as JSON.")] = False,
    steps: Annotated[bool, typer.Option("--steps", "-s", help="Show plans, programs and outputs.")] = False,
) -> None:
    """Ask the question of a run again, of its texts as they are now: its model is told what is new in them."""
    run(_again(name, model, yes, as_json, Screen(steps=steps, quiet=as_json)))


async def _again(name: str, model: str | None, yes: bool, as_json: bool, screen: Screen) -> int:
    async with session(user_settings()) as opened:
        run_id = new_run_id()
        request = replace(await looking_again(opened.engine, name, model=model), run_id=run_id)
        async with run_on_screen(opened, run_id, screen):
            answer = await opened.engine.ask(request, screen, consent=consent(screen, yes=yes))
    return show_result(answer, "json" if as_json else "text")
