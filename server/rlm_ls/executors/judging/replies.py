"""Replies that are to be JSON, read and checked."""

from __future__ import annotations

import json
from typing import Any

from rlm_ls.context.clock import Clock
from rlm_ls.errors import ProgramError
from rlm_ls.executors.judging.plain import DATA, plain
from rlm_ls.executors.judging.schemas import first_problem


def read(_clock: Clock, texts: list[str], schema: dict[str, Any]) -> list[tuple[Any, str]]:
    """The JSON value of each reply, fenced or not, and what is wrong with it (empty: nothing)."""
    return [_read(text, schema) for text in texts]


def _read(text: str, schema: dict[str, Any]) -> tuple[Any, str]:
    try:
        value = plain(json.loads(_unfenced(text)), DATA, "the reply")
    except ProgramError as error:
        return None, error.message
    except (ValueError, RecursionError) as error:
        return None, f"no JSON ({str(error)[:200]})"
    problem = first_problem(value, schema)
    return (None, problem) if problem else (value, "")


def _unfenced(text: str) -> str:
    """What stands between the fences, if the reply is one fenced block."""
    stripped = text.strip()
    if not (stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped):
        return text
    return stripped[stripped.index("\n") + 1 : -3]
