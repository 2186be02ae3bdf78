"""The text that every match of a pattern holds, whatever else it is: where that is not, there is no match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from rlm_ls.context.patterns.python_re import nodes as sre
from rlm_ls.context.patterns.translation import Parsed, class_ranges

LEAST = 3
"""Bytes of a text that is worth looking for: shorter ones stand everywhere."""

_NOTHING = (sre.AT, sre.ASSERT, sre.ASSERT_NOT)
"""Nodes that take nothing: what stands before one and after it stands together."""


def required(parsed: Parsed) -> tuple[bytes, bool]:
    """The longest such text, of texts equally long the first, in UTF-8; and whether every match begins with it. Empty
    where none is known."""
    if parsed.tree is None:
        return b"", False
    try:
        runs = "".join(_letters(parsed.tree, parsed.flags)).split("\n")  # which stands in no line
    except RecursionError:
        return b"", False
    text = max(runs, key=len)
    return (text.encode(), text == runs[0]) if len(text.encode()) >= LEAST else (b"", False)


def _letters(nodes: Iterable[tuple[Any, Any]], flags: int) -> Iterator[str]:
    """The characters that are certain, in order, and a line end for whatever is not."""
    for name, value in nodes:
        if name is sre.LITERAL and _is_itself(value, flags):
            yield chr(value)
        elif name is sre.SUBPATTERN:
            _, added, removed, body = value
            yield from _letters(body, (flags | added) & ~removed)
        elif name is sre.ATOMIC_GROUP:
            yield from _letters(value, flags)
        elif name in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT) and value[0]:
            yield "\n"
            yield from _letters(value[2], flags)
            yield "\n"
        elif name not in _NOTHING:
            yield "\n"


def _is_itself(point: int, flags: int) -> bool:
    """Whether a character stands for itself alone, in proper UTF-8: U+FFFD also stands for what is none."""
    if 0xD800 <= point <= 0xDFFF or point == 0xFFFD:
        return False
    return not flags & re.IGNORECASE or class_ranges(sre.LITERAL, point, flags) == ((point, point),)
