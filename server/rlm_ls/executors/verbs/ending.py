"""Verbs about the run itself."""

from __future__ import annotations

from typing import Any

from rlm_ls.executors.scripts.host import Submission, VerbHost
from rlm_ls.executors.scripts.shares import cut
from rlm_ls.executors.verbs.registry import help_text, verb


@verb(returns="", everyday=15)
async def submit(host: VerbHost, answer: Any, cite: Any = None, data: Any = None) -> None:
    """cite: Spans or "path:line"

    The end: the answer in Markdown.

    `cite` lists the Spans that prove it; `data` is for a caller's schema.

    It counts once the script has ended without an error. `cite` takes Spans, "path:line" or "path:first-last".
    """
    host.submission = Submission(answer, cite, data)


@verb(returns="dict")
async def budget(host: VerbHost) -> dict[str, Any]:
    """What is left: turns, seconds, tokens, usd."""
    return dict(host.remaining())


@verb(returns="None")
async def show(host: VerbHost, x: Any, n: int = 20) -> None:
    """Print the first n items of a list or dict, one a line, and how many more there are."""


@verb(returns="None")
async def more(host: VerbHost) -> str:
    """Print the next page of what an observation had no room for."""
    if not host.unseen:
        return "(nothing was cut, or all of it has been shown)"
    host.paged = True
    page, host.unseen = cut(host.unseen, host.page)
    return page + (f"\n[… {len(host.unseen):,} more characters: more()]" if host.unseen else "")


@verb(returns="str")
async def help_(host: VerbHost, verb: str = "") -> str:
    """Print one verb's documentation in full: help("stats")."""
    return help_text(verb)
