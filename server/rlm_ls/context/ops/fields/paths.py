"""A field's name as people write it (`level`, `http.status`, `items[0].id`), and its value in a record."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rlm_ls.context.ops.fields.records import AS_BYTES, RUNTIME_FIELDS, VALUE, Record, record_of, unquoted

MISSING = object()
"""There is no such field. One that is null is None."""

MOST_STEPS = 20

_INDEX = re.compile(r"\[(\d{1,9})\]")
_BEFORE_A_PAIR = frozenset(b" \t\n\r\f\v,;|([{")
_VALUE = re.compile(VALUE.encode())
_PAIRED = re.compile(r"[A-Za-z_@][A-Za-z0-9_.\-/@]*")
_PLAIN = re.compile(r"[A-Za-z0-9_@\-]+")


@lru_cache(maxsize=256)
def steps(name: str) -> tuple[str, ...]:
    """The name cut at its dots and brackets."""
    return tuple(_INDEX.sub(r".\1", name).strip(".").split(".", MOST_STEPS))


def value_in(record: Record, name: str) -> Any:
    """The field's value, MISSING if there is none: of the innermost part of the record that has it."""
    for part in record:
        value = part.get(name, MISSING)
        if value is MISSING and ("." in name or "[" in name):
            value = _inside(part, steps(name))
        if value is not MISSING:
            return value
    return MISSING


def _inside(value: Any, path: tuple[str, ...]) -> Any:
    """Keys may hold dots themselves: the longest that is there is taken."""
    if not path:
        return value
    if isinstance(value, list):
        number = int(path[0]) if path[0].isdigit() else -1
        return _inside(value[number], path[1:]) if 0 <= number < len(value) else MISSING
    if not isinstance(value, Mapping):
        return MISSING
    for count in range(len(path), 0, -1):
        key = ".".join(path[:count])
        if key in value:
            return _inside(value[key], path[count:])
    return MISSING


def mark(name: str) -> bytes:
    """Bytes that a line must hold to have the field; empty where none are certain."""
    last = next((step for step in reversed(steps(name)) if not step.isdigit()), "")
    return last.encode() if _PLAIN.fullmatch(last) else b""


class FieldOf:
    """Reads one field of a line. In logfmt only that pair is looked at, where it is not within a quoted value."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._mark = mark(name)
        self._looked_at: tuple[bytes, bytes] = (b"", self._mark)
        quick = _PAIRED.fullmatch(name) and name not in RUNTIME_FIELDS
        self._key = f"{name}=".encode() if quick else b""

    def mark(self, text: bytes) -> bytes:
        """Bytes that a line of this text must hold to have the field; empty where none are certain."""
        if text is not self._looked_at[0]:
            hidden = b'"MESSAGE"' in text and AS_BYTES.search(text) is not None
            self._looked_at = text, b"" if hidden else self._mark
        return self._looked_at[1]

    def __call__(self, line: bytes) -> Any:
        key = self._key
        if not key or b"{" in line:
            return value_in(record_of(line), self.name)
        at = line.find(key)
        while at > 0 and line[at - 1] not in _BEFORE_A_PAIR:
            at = line.find(key, at + 1)
        if at < 0:
            return MISSING
        if line.count(b'"', 0, at) % 2 or line.find(b"\\", 0, at) >= 0:  # perhaps within a quoted value
            return value_in(record_of(line), self.name)
        start = at + len(key)
        end = line.find(b" ", start)
        value = line[start:] if end < 0 else line[start:end]
        if not value.isalnum() and (found := _VALUE.match(line, start)) is not None:
            value = found[0]
        return unquoted(value.decode("utf-8", "replace"))


def rendered(value: Any) -> bytes:
    """A value as a text: a string as it is, all others as JSON."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if type(value) is int or type(value) is float:
        return repr(value).encode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
