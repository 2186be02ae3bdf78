"""Replies that have to fit a JSON schema: read, checked, and where one fails asked for once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rlm_ls.executors.submodels.calls import FailedSubCall, SubCall, SubModelCalls
from rlm_ls.executors.submodels.prompts import mend


async def ask(sub_models: SubModelCalls, calls: Sequence[SubCall], schema: dict[str, Any] | None) -> list[Any]:
    """The replies in order: texts, or JSON values where there is a schema; a FailedSubCall in the place of one that
    failed."""
    told = await sub_models.ask(calls)
    if schema is None:
        return [reply if isinstance(reply, FailedSubCall) else reply.text for reply in told]
    values: list[Any] = list(told)
    problems = await _read(sub_models, values, range(len(told)), schema)
    again = {at: replace(calls[at], prompt=mend(calls[at].prompt, *said)) for at, said in problems.items()}
    for at, reply in zip(again, await sub_models.ask(list(again.values())), strict=True):
        values[at] = reply
    for at, (_, problem) in (await _read(sub_models, values, again, schema)).items():
        values[at] = FailedSubCall(f"the reply does not fit the schema: {problem}")
    return values


async def _read(
    sub_models: SubModelCalls, values: list[Any], places: Sequence[int] | dict[int, Any], schema: dict[str, Any]
) -> dict[int, tuple[str, str]]:
    """Puts JSON values in the places of replies that fit; of the others, their text and what is wrong with it."""
    texts = {at: values[at].text for at in places if not isinstance(values[at], FailedSubCall)}
    wrong = {}
    judged = await sub_models.checker.replies(list(texts.values()), schema)
    for (at, text), (value, problem) in zip(texts.items(), judged, strict=True):
        values[at] = value
        if problem:
            wrong[at] = text, problem
    return wrong
