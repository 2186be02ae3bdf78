"""Which fields a log has: their names and types, of some of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rlm_ls.context.ops.fields.records import is_logfmt, record_of
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File

HEAD = 1 << 16
"""Bytes looked at, at the start, in the middle and at the end."""

MOST_LINES = 200
"""Lines of each of these."""

MOST_FIELDS = 200
DEEP = 4

FORMAT_SHARE = 0.8
"""Of the lines, for a log to be called structured."""

Described = tuple[str, list[tuple[str, str]]]
"""The form (`JSON`, `logfmt`, or empty where the lines are no such thing) and the fields, the frequent first, with the
type of most of their values."""


def describe(deadline: Deadline, file: File) -> Described:
    """The fields of a Document."""
    sample: list[bytes] = []
    with opened(file) as reader:
        for at in dict.fromkeys((0, reader.size // 2, max(0, reader.size - HEAD))):
            start = reader.next_line(at, reader.size)
            text = reader.read(start, start + HEAD).replace(b"\r", b"\n")
            some = [line for line in text.split(b"\n") if line.strip()]
            # The last may be cut off.
            sample += some[: MOST_LINES if start + HEAD >= reader.size else min(MOST_LINES, max(1, len(some) - 1))]
            if reader.size <= HEAD:
                break
    return described(sample, deadline)


def described(sample: list[bytes], deadline: Deadline | None = None) -> Described:
    """The fields of some lines."""
    types: dict[str, Counter[str]] = {}
    structured = Counter[str]()
    for line in sample:
        if deadline is not None and deadline.late():
            break
        record = record_of(line)
        kind = "JSON" if b"{" in line and record else "logfmt" if is_logfmt(line) else ""
        structured[kind] += 1
        for part in record:
            for name, value in _leaves(part):
                if name in types or len(types) < MOST_FIELDS:
                    types.setdefault(name, Counter())[_type(value)] += 1
    kind, count = max(structured.items(), key=lambda item: item[1], default=("", 0))
    if count < FORMAT_SHARE * len(sample):
        kind = ""
    fields = sorted(types.items(), key=lambda item: -item[1].total())
    return kind, [(name, _usual(seen)) for name, seen in fields]


def _usual(seen: Counter[str]) -> str:
    known = [(kind, count) for kind, count in seen.items() if kind != "null"]
    return max(known, key=lambda item: item[1])[0] if known else "null"


def _leaves(part: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if isinstance(value, dict) and value and depth < DEEP:
            yield from _leaves(value, f"{before}{key}.", depth + 1)
        else:
            yield f"{before}{key}", value


def _type(value: Any) -> str:
    if isinstance(value, str):
        return "number" if _is_number(value) else "text"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else "list" if isinstance(value, list) else "object"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdecimal()
