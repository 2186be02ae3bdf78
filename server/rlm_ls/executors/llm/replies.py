"""Replies that have to fit a JSON schema: read, checked, and where one fails asked for once more."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import validator_for

from rlm_ls.errors import ProgramError
from rlm_ls.executors.llm.prompts import mend
from rlm_ls.executors.minds import Failed, Minds, SubCall

_FENCED = re.compile(r"\s*```[\w-]*\n(.*?)\n?```\s*", re.DOTALL)


def check_schema(schema: dict[str, Any] | None) -> None:
    """Raises ProgramError for a schema that is none."""
    if schema is None:
        return
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise ProgramError(f"schema is no JSON schema: {error.message}.", 'E.g. {"type": "string"}.') from None


async def ask(minds: Minds, calls: Sequence[SubCall], schema: dict[str, Any] | None) -> list[Any]:
    """The replies in order: texts, or JSON values where there is a schema; a Failed in the place of one that failed."""
    told = await minds.ask(calls)
    if schema is None:
        return [reply if isinstance(reply, Failed) else reply.text for reply in told]
    values: list[Any] = []
    wrong: dict[int, tuple[str, str]] = {}
    for index, reply in enumerate(told):
        value, problem = (reply, "") if isinstance(reply, Failed) else read(reply.text, schema)
        values.append(value)
        if problem and not isinstance(reply, Failed):
            wrong[index] = (reply.text, problem)
    again = [replace(calls[at], prompt=mend(calls[at].prompt, *said)) for at, said in wrong.items()]
    for at, reply in zip(wrong, await minds.ask(again), strict=True):
        value, problem = (reply, "") if isinstance(reply, Failed) else read(reply.text, schema)
        values[at] = Failed(f"the reply does not fit the schema: {problem}") if problem else value
    return values


def read(text: str, schema: dict[str, Any]) -> tuple[Any, str]:
    """The JSON value of a reply, fenced or not, and what is wrong with it (empty: nothing)."""
    fenced = _FENCED.fullmatch(text)
    try:
        value = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        return None, f"no JSON ({error})"
    first = next(validator_for(schema)(schema).iter_errors(value), None)
    if first is None:
        return value, ""
    place = "/".join(str(part) for part in first.absolute_path)
    return None, f"{place + ': ' if place else ''}{first.message}"[:500]
