"""What crosses between a script and its verbs: JSON text, both ways, and long strings beside it.

The sandbox would turn each value into a Python object while nothing else in the server runs: half a second for 50,000
Spans. Text it copies. So the prelude packs arguments and unpacks results inside the sandbox, in the script's own time,
and what a script may pass is bounded here, by its length, before anything is made of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic_core import from_json

from rlm_ls.context.gc_pause import garbage_collection_paused
from rlm_ls.context.search.rows import ROOM
from rlm_ls.errors import ProgramError

MOST_JSON = 2 << 20
"""Characters of a call's arguments, long strings apart: 50,000 Spans, as many as a verb hands out, take fewer."""

MOST_NESTED = 60_000
"""Lists and dicts in a call's arguments."""

MOST_TEXT = ROOM
"""Characters of the long strings among a call's arguments."""

BYTES_PER_VALUE = 40

QUICK = 64 << 10
"""Characters that are read on the event loop; more is read in a thread."""

SLICE = 100
"""Rows written at a time: while the encoder works, no other thread does."""


@dataclass(frozen=True, slots=True)
class Given:
    """An object of one of the prelude's classes, as a script passed it: its class and its fields, unchecked."""

    name: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """A list that is JSON already, in texts of some rows each."""

    texts: Sequence[str]
    count: int

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True, slots=True)
class LongSpan:
    """One Span, whose text may be long."""

    row: tuple[Any, ...]


FIELDS = {
    "Span": ("doc", "start", "end", "line", "end_line"),
    "Doc": ("path",),
    "Entry": ("kind", "name", "level", "span"),
    "Selection": ("label", "parts"),
    "Diagnostic": ("doc", "line", "end_line", "severity", "message", "source", "code"),
    "FailedSubCall": ("error",),
}
"""The fields of the prelude's classes that cross to the server. A Span's text does not: verbs read it afresh."""


async def received(packed: Any, texts: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """A verb's name and arguments, from what the prelude packed. Raises ProgramError for more than may be passed."""
    if not isinstance(packed, str) or not isinstance(texts, str):
        raise ProgramError("A verb was called in a way that is not its own.", "Call it by its name.")
    if len(packed) > MOST_JSON or packed.count("[") + packed.count("{") > MOST_NESTED:
        raise ProgramError(
            "Too much was passed to a verb.",
            "At most 50,000 Spans, or some thousands of other values: pass a Selection (region, filter) or fewer, "
            "larger Spans.",
        )
    if len(texts) > MOST_TEXT:
        raise ProgramError(
            f"More than {MOST_TEXT >> 20} million characters were passed to a verb.", "Pass less text, or Spans of it."
        )
    if len(packed) <= QUICK:
        return _unpacked(packed, texts)
    with garbage_collection_paused(len(packed) // BYTES_PER_VALUE, kept=False):
        return await asyncio.to_thread(_unpacked, packed, texts)


def _unpacked(packed: str, texts: str) -> tuple[str, list[Any], dict[str, Any]]:
    try:
        name, args, kwargs = _value(from_json(packed), _Cut(texts))
        if not (isinstance(name, str) and isinstance(args, list) and isinstance(kwargs, dict)):
            raise TypeError
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise ProgramError(
            "What was passed to a verb cannot be read.", "Pass strings, numbers, lists, Spans."
        ) from None
    return name, args, kwargs


class _Cut:
    """Long strings, in the order in which they were taken out."""

    def __init__(self, texts: str) -> None:
        self._texts = texts
        self._at = 0

    def next(self, length: int) -> str:
        start, self._at = self._at, self._at + max(0, int(length))
        return self._texts[start : self._at]


def _value(value: Any, texts: _Cut) -> Any:
    if isinstance(value, list):
        return [_value(one, texts) if isinstance(one, (list, dict)) else one for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("$")
    if kind is None:
        return {key: _value(one, texts) for key, one in value.items()}
    if kind == "text":
        return texts.next(value["of"])
    if kind == "dict":
        return {key: _value(one, texts) for key, one in value["of"].items()}
    if kind == "Spans":
        return list(_spans(value["of"], value["at"]))
    return Given(kind, dict(zip(FIELDS[kind], _value(value["of"], texts), strict=True)))


def _spans(docs: list[str], numbers: list[int]) -> Iterator[Given]:
    """A list of Spans, packed in one list of numbers: which of the documents, start, end, line, end_line."""
    names = FIELDS["Span"]
    for at in range(0, len(numbers), 5):
        doc, *place = numbers[at : at + 5]
        yield Given("Span", dict(zip(names, (docs[doc], *place), strict=True)))


async def handed_over(value: Any, note: Callable[[str], None]) -> tuple[str, str | None]:
    """A verb's result for the prelude: JSON, and one long string beside it, or None. A list that is larger than may
    be brought into a script is cut, and `note` told. Raises ProgramError for anything else that is."""
    if isinstance(value, str):
        _check(len(value))
        return "null", value
    if isinstance(value, LongSpan):
        text = value.row[5]
        _check(len(text))
        return json.dumps((*value.row[:5], None, *value.row[6:]), ensure_ascii=False), text
    if isinstance(value, Rows):
        return await asyncio.to_thread("[{}]".format, ",".join(value.texts)), None
    if callable(value):
        return json.dumps(value.__name__), None
    if isinstance(value, (list, dict)) and len(value) > SLICE:
        return await asyncio.to_thread(_written, value, note), None
    text = json.dumps(value, ensure_ascii=False)
    _check(len(text))
    return text, None


def _written(value: list[Any] | dict[str, Any], note: Callable[[str], None]) -> str:
    """JSON of a long list or dict, slice by slice, so that other threads get a turn."""
    parts: list[str] = []
    room, count = ROOM, 0
    for some in _slices(value):
        text = json.dumps(some, ensure_ascii=False)[1:-1]
        room -= len(text)
        if room < 0:
            if isinstance(value, dict):
                _check(ROOM + 1)
            note(f"only the first {count:,} of {len(value):,}: together they are over {ROOM >> 20} million characters")
            break
        parts.append(text)
        count += len(some)
    return "{" + ",".join(parts) + "}" if isinstance(value, dict) else "[" + ",".join(parts) + "]"


def _slices(value: list[Any] | dict[str, Any]) -> Iterator[list[Any] | dict[str, Any]]:
    if isinstance(value, list):
        yield from (value[at : at + SLICE] for at in range(0, len(value), SLICE))
        return
    items: Iterable[tuple[str, Any]] = iter(value.items())
    while some := dict(islice(items, SLICE)):
        yield some


def _check(length: int) -> None:
    if length > ROOM:
        raise ProgramError(
            f"The result is over {ROOM >> 20} million characters.", "Ask for less: a smaller region, fewer values."
        )
