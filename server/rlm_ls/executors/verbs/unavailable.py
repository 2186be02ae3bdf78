"""Verbs of the levels that this version does not run. They say so plainly, and what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

from rlm_ls.errors import LevelUnavailable
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.registry import verb


def _no_sub_models(name: str) -> NoReturn:
    raise LevelUnavailable(
        f"{name}() is not available here: this version has no sub-models (L4).",
        "Narrow the text with verbs, print the few lines that matter, and judge them yourself.",
    )


@verb(returns="str", shape="unavailable")
async def llm(desk: Desk, prompt: str, over: Any = None) -> None:
    """Ask a sub-model. Not available in this version."""
    _no_sub_models("llm")


@verb(returns="list[str]", shape="unavailable")
async def llm_map(desk: Desk, prompt: str, spans: Any) -> None:
    """Ask a sub-model about each of many spans. Not available in this version."""
    _no_sub_models("llm_map")


@verb(returns="str", shape="unavailable")
async def llm_reduce(desk: Desk, directive: str, spans: Any) -> None:
    """Run a sub-model over spans, carrying a result along. Not available in this version."""
    _no_sub_models("llm_reduce")


@verb(returns="str", shape="unavailable")
async def rlm(desk: Desk, question: str, within: Any = None) -> None:
    """Start a child run. Not available in this version."""
    _no_sub_models("rlm")
