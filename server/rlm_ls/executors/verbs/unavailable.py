"""Verbs of the levels that this version does not run. They say so plainly, and what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

from rlm_ls.errors import LevelUnavailable
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.registry import verb


def _no_programs(name: str) -> NoReturn:
    raise LevelUnavailable(
        f"{name}() is not available here: this version compiles no programs (L2, L3).",
        "Use count, top, stats and extract over the text, or Python over small extracts.",
    )


@verb(returns="Any", shape="unavailable")
async def map_reduce(desk: Desk, program: Any, within: Any = None, combine: str = "concat") -> None:
    """Run a compiled program over shards of the text. Not available in this version."""
    _no_programs("map_reduce")


@verb(returns="str", shape="unavailable")
async def write_program(desk: Desk, intent: str, language: str = "rust") -> None:
    """Have the code model write and compile a program. Not available in this version."""
    _no_programs("write_program")
