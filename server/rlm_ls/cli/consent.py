"""Asking at the terminal before a run spends more than `budget.askAboveUsd`."""

from __future__ import annotations

from rlm_ls.cli.door import err
from rlm_ls.cli.screen import Screen
from rlm_ls.cli.terminal import somebody_there, typed_line
from rlm_ls.engine.consent import Ask


def consent(screen: Screen, *, yes: bool) -> Ask | None:
    """The engine's `consent`: `yes` agrees beforehand; None where nobody sits at a terminal."""
    if yes:
        return _agree
    if not somebody_there():
        return None

    async def ask(question: str) -> bool:
        with screen.paused():
            err.print(f"{question} [y/N] ", end="", markup=False)
            return (await typed_line()).strip().lower() in {"y", "yes"}

    return ask


async def _agree(_: str) -> bool:
    return True
