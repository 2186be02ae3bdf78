"""A line of a structured log as a record: JSON or logfmt, by itself or in what a collector wrapped it in.

Known: Docker's json-file (`{"log": …, "stream": …, "time": …}`) and what collectors make of it, journald's JSON export
(`{"MESSAGE": …}`), the container runtimes' `2026-… stdout F …`, and any prefix, syslog's or another, before an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from rlm_ls.context.sources.drawing import drawn

Record = tuple[Mapping[str, Any], ...]
"""What a line holds, the innermost first; empty where it is no record. An envelope's own fields come after."""

LONGEST = 1 << 20
"""Bytes of a line that is read as a record."""

MOST_OPENINGS = 3
"""Braces of a line with a prefix at which an object is looked for."""

MOST_PAIRS = 500
"""Pairs of one logfmt line."""

MOST_WRAPPED = 4
"""Envelopes in one another."""

WRAPPING = ("log", "MESSAGE", "message", "msg")
"""Fields whose text may be a record itself."""

TEXTUAL = ("log", "MESSAGE")
"""Those of them in which logfmt counts too: of a message for people, `a=b` is only a part."""

RUNTIME_FIELDS = ("time", "stream", "flag")
"""What a container runtime writes before each line."""

_RUNTIME = re.compile(rb"(\d{4}-\d\d-\d\dT\S+) (stdout|stderr) ([FP](?::\S+)?) ")
_KEY = r"[A-Za-z_@][\w.\-/@]*"
VALUE = rf'"(?:[^"\\]|\\.)*"|[^\s",;]*(?:[,;](?!{_KEY}=)[^\s",;]*)*'
"""A pair's value: quoted, or up to a blank or the comma before the next pair."""
_PAIR = re.compile(rf"(?:^|(?<=[\s,;|(\[{{]))({_KEY})=({VALUE})", re.ASCII)
AS_BYTES = re.compile(rb'"MESSAGE" ?: ?\[')
"""How journald writes a message that is no UTF-8, or holds a control character: as the numbers of its bytes."""
_CLOSED = {")": "(", "]": "["}
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def record_of(line: bytes, depth: int = 0) -> Record:
    """The record that a line is."""
    line = line.strip()
    if not line or len(line) > LONGEST or depth > MOST_WRAPPED:
        return ()
    if line[:1] == b"{":
        found = _object(line)
        return _unwrapped(found, depth) if found is not None else _pairs(line)
    if (runtime := _RUNTIME.match(line)) is not None:
        outer = dict(zip(RUNTIME_FIELDS, (part.decode("utf-8", "replace") for part in runtime.groups()), strict=True))
        return (*record_of(line[runtime.end() :], depth + 1), outer)
    return _after_a_prefix(line, depth) or _pairs(line)


def _after_a_prefix(line: bytes, depth: int) -> Record:
    if not line.endswith(b"}"):
        return ()
    at = line.find(b"{")
    for _ in range(MOST_OPENINGS):
        if at < 0:
            break
        if (found := _object(line[at:])) is not None:
            return (*_unwrapped(found, depth), *_pairs(line[:at]))
        at = line.find(b"{", at + 1)
    return ()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = from_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value else None


def _unwrapped(outer: dict[str, Any], depth: int) -> Record:
    for name in WRAPPING:
        text = outer.get(name)
        if name == "MESSAGE" and isinstance(text, list):  # AS_BYTES
            try:
                text = outer[name] = bytes(text).decode("utf-8", "replace")
            except (ValueError, TypeError):
                continue
        if not isinstance(text, str) or len(text) < 3:
            continue
        if "\x1b" in text:  # what was written for a terminal
            text = outer[name] = drawn(text.encode("utf-8", "replace")).decode()
        inner = text.strip()
        if inner.startswith("{") or (name in TEXTUAL and ("=" in inner or inner.endswith("}"))):
            return (*record_of(inner.encode("utf-8", "replace"), depth + 1), outer)
    return (outer,)


def _pairs(line: bytes) -> Record:
    if b"=" not in line:
        return ()
    found: dict[str, str] = {}
    for match in _PAIR.finditer(line.decode("utf-8", "replace")):
        found.setdefault(match[1], unquoted(match[2]))
        if len(found) >= MOST_PAIRS:
            break
    return (found,) if found else ()


def unquoted(value: str) -> str:
    """The value of a logfmt pair as it was meant."""
    if value[:1] != '"':
        value = value.rstrip(",;")
        opening = _CLOSED.get(value[-1:])
        return value[:-1] if opening is not None and opening not in value else value
    return _ESCAPED.sub(lambda one: _ESCAPES.get(one[1], one[1]), value[1:-1]) if "\\" in value else value[1:-1]


def is_logfmt(line: bytes) -> bool:
    """Whether a line is logfmt from its first word on, and not a sentence with pairs in it."""
    match = _PAIR.match(line.strip()[:1000].decode("utf-8", "replace"))
    return match is not None
