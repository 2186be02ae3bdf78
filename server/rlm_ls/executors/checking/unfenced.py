"""A script that a reply holds without a fence: bare, between tags, or as the call of a tool, of which we offer none.
Models write what they were trained to write."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.scripts.echo import MAX_SOURCE, parsed

DEEPEST = 4
"""Tags within each other that are opened."""
MOST_CALLS = 20

_TAG = re.compile(r"^[ \t]*<([\w:|.-]{1,40})(?:[ =][^<>\n]{0,200})?>", re.MULTILINE)
_CALLS_MARK = "[TOOL_CALLS]"


def script_of(_clock: Deadline, reply: str, verbs: frozenset[str]) -> str:
    """The script that a reply without a fenced block is, "" if it is none: all of it, or all between its tags, is
    Python in which a verb is called, or is the call of a verb in JSON."""
    if len(reply) > MAX_SOURCE:
        return ""
    for text in _between_tags(reply):
        if _calls_a_verb(text, verbs):
            return text
        if called := _calls(text.strip().removeprefix(_CALLS_MARK), verbs):
            return called
    return ""


def _between_tags(reply: str) -> Iterator[str]:
    """The reply, and what stands between tags that begin a line of it and end it, within each other."""
    text: str | None = reply
    for _ in range(DEEPEST):
        if text is None:
            return
        yield textwrap.dedent(text).strip("\n")
        text = _inside(text)


def _inside(text: str) -> str | None:
    """What the last tags hold, or what follows a tag that nothing closes."""
    bare = text.rstrip()
    if bare.endswith(">") and (closing := bare.rfind("</")) >= 0:
        name = bare[closing + 2 : -1]
        opened = next((tag for tag in _TAG.finditer(text) if tag[1] == name), None)
        return bare[opened.end() : closing] if opened else None
    opened = _TAG.search(text)
    return None if opened is None or f"</{opened[1]}>" in text else text[opened.end() :]


def _calls_a_verb(text: str, verbs: frozenset[str]) -> bool:
    tree = parsed(text)
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree is not None else ()
    return any(isinstance(function, ast.Name) and function.id in verbs for function in called)


def _calls(text: str, verbs: frozenset[str]) -> str:
    """The calls of verbs in a text that is JSON and nothing else."""
    if not text.startswith(("{", "[")):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    made = [_call(one, verbs) for one in (value[:MOST_CALLS] if isinstance(value, list) else [value])]
    if not all(made):
        return ""
    return made[0] if len(made) == 1 else "\n".join(f"print({one})" for one in made)


def _call(value: Any, verbs: frozenset[str]) -> str:
    if not isinstance(value, dict):
        return ""
    function = value.get("function")
    if isinstance(function, dict):
        value = function
    name, given = _first(value, "name", "tool", "function", "action"), _first(value, "arguments", "parameters", "args")
    name = name if isinstance(name, str) else ""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None if name in verbs else {"code": given}
    if not isinstance(given, dict):
        return ""
    if name in verbs:
        return f"{name}(**{given!r})"
    code = _first(given, "code", "script", "source")
    return code if isinstance(code, str) and _calls_a_verb(code, verbs) else ""


def _first(value: dict[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if name in value), None)
