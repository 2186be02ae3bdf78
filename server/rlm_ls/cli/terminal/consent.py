"""Asking at the terminal before a run spends more than `budget.askAboveUsd`."""

from __future__ import annotations

from rlm_ls.cli.terminal.console import err
from rlm_ls.cli.terminal.keyboard import is_interactive, typed_line
from rlm_ls.cli.terminal.screen import Screen
from rlm_ls.engine.budget.consent import Ask


def consent(screen: Screen, *, yes: bool) -> Ask | None:
    """The function that the engine calls as `consent`. With `yes` the user has agreed beforehand. None where there is
    no user at a terminal to ask."""
    if yes:
        return _agree
    if not is_interactive():
        return None

    async def ask(question: str) -> bool:
        with screen.paused():
            err.print(f"{question} [y/N] ", end="", markup=False)
            return (await typed_line()).strip().lower() in {"y", "yes"}

    return ask


async def _agree(_: str) -> bool:
    return True
