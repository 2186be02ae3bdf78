"""Verbs of compiled programs (L2, L3). A program itself is called by its name: see executors/dsl.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlm_ls.errors import LevelUnavailable
from rlm_ls.executors import authoring
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.programs import Programs
from rlm_ls.executors.registry import verb
from rlm_ls.executors.wasm.combine import Combine


@verb(returns="str | number | list | dict", level="wasm")
async def map_reduce(desk: Desk, program: str, within: Any = None, combine: Combine = "concat") -> Any:
    """Run a compiled program over shards of the text, on all cores, and combine what it returns.

    Shards are whole lines, and small documents whole; each is a call of its own. concat joins the outputs, in order.
    count is how many lines they have; unique their different lines, in order. sum, max and min are of the numbers that
    the outputs are, or, for lines of `key number` or JSON objects of numbers, a dict by key, the largest first.
    map_reduce(NAME, combine="sum")
    """
    return await _programs(desk).map_reduce(desk, program, within, combine)


@verb(returns="program", shape="program", level="wasm", later=True)
async def write_program(
    desk: Desk, intent: str, language: str = "rust", name: str | None = None
) -> Callable[..., None]:
    """Have the code model write and compile a program from words; call what is returned, or its name.

    Say what one call is given (text, whole lines) and the exact form of its output. A program that does not compile
    goes back to that model with the compiler's first error, three tries in all.
    errors = write_program("count ERROR lines by host, one line `host count` each"); map_reduce(errors, combine="sum")
    """
    return await authoring.write(desk, _programs(desk), intent, language, name)


def _programs(desk: Desk) -> Programs:
    if desk.programs is None:
        raise LevelUnavailable(
            "Compiled programs are off here (levels wasm, native).",
            "Use count, top, stats and extract over the text, or Python over small extracts.",
        )
    return desk.programs
