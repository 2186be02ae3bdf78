"""Verbs about the run itself."""

from __future__ import annotations

from typing import Any

from rlm_ls.executors.desk import Desk, Submission
from rlm_ls.executors.registry import help_text, verb


@verb(returns="", everyday=15)
async def submit(desk: Desk, answer: Any, cite: Any = None, data: Any = None) -> None:
    """end with a Markdown answer

    `cite` lists the Spans that prove it; `data` is for a caller's schema.

    It counts once the script has ended without an error. `cite` takes Spans, "path:line" or "path:first-last".
    """
    desk.submission = Submission(answer, cite, data)


@verb(returns="dict")
async def budget(desk: Desk) -> dict[str, Any]:
    """What is left: turns, seconds, tokens, usd."""
    return dict(desk.remaining())


@verb(returns="None")
async def show(desk: Desk, x: Any, n: int = 20) -> None:
    """Print the first n items of a list or dict, one a line, and how many more there are."""


@verb(returns="str")
async def help_(desk: Desk, verb: str = "") -> str:
    """Print one verb's documentation in full: help("stats")."""
    return help_text(verb)
