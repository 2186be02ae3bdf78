"""Patterns that are simple enough for Python's own engine to take linear time: it returns captured values five times as
quickly as RE2, with one call for a whole window.

Such a pattern is a text or `^`, then characters and repeated characters, with groups that are not repeated, and `\\b`
where nothing that is repeated stands before it. Two conditions keep it linear. What follows a repeated character never
starts with that character, so that stepping back fails at once. And the text that it starts with does not fit within
any repeat that something follows, so that a new start within what was already looked at happens at most once per part
of the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from rlm_ls.context.patterns.characters import ASCII, Ranges, intersect, merge
from rlm_ls.context.patterns.python_re import nodes as sre
from rlm_ls.context.patterns.translation import Parsed, class_ranges

_LINE: Ranges = ((0, 9), (11, 127))

_BOUNDARY = r"\b"

_OTHERS: Ranges = ((128, 255),)
"""The bytes of characters that are not ASCII."""


@dataclass(slots=True, eq=False)
class _Item:
    """Characters and how often they are there (`most` None: without end); or a bracket or anchor, `mark`."""

    ranges: Ranges
    least: int = 1
    most: int | None = 1
    mark: str = ""


def plain(parsed: Parsed) -> re.Pattern[bytes] | None:
    """The pattern for bytes that are pure ASCII, line by line, if it is plain; else None."""
    items = None if parsed.tree is None else _items(parsed.tree, parsed.flags, wide=False)
    if items is None or not _linear(items, _parts(items)):
        return None
    return re.compile(_text(items, wide=False))


Found = Literal["matches", "count", "lines", "values"]
"""What a `wide` pattern finds."""


def wide(parsed: Parsed, found: Found) -> re.Pattern[bytes] | None:
    """The pattern for any UTF-8, each byte of other characters taken for any of them, if it is plain so; else None.

    Where every match it finds is ASCII these are the matches there are: it finds whatever the pattern does, and of
    ASCII nothing else. Of `lines` it finds one match in each that holds one, the shortest: what is left of the
    line goes with it, and group 1 is what has to be ASCII. Of `values` it has the groups: None where they do not
    hold all that may be other than ASCII. For a `count` it has as little of each match as tells that it is ASCII.
    """
    lines = found == "lines"
    items = None if parsed.tree is None else _items(parsed.tree, parsed.flags, wide=True)
    if items is None:
        return None
    if any(item.mark == _BOUNDARY for item in items[1:-1]):
        return None  # what stands beside it there is not all in the match, or may be no single byte
    parts = _parts(items)
    while lines and parts:
        parts[-1].most = parts[-1].least
        if parts[-1].least:
            break
        items.remove(parts.pop())
    # A byte is not a character: how many of them there are must not matter where something follows.
    if any(part.most is not None and part.ranges[-1:] == _OTHERS for part in parts[:-1]) or not _linear(items, parts):
        return None
    if found == "values":
        return re.compile(_text(items, wide=True)) if _tell(items) else None
    items = [_Item((), mark="(?:") if item.mark == "(" else item for item in items]
    text = _text(_counted(items, parts) if found == "count" else items, wide=True)
    return re.compile(b"(" + text + b")[^\n]*" if lines else text)


def _counted(items: list[_Item], parts: list[_Item]) -> list[_Item]:
    """What finds as many matches and makes less of each: what it ends with is there no oftener than it has to be, where
    no other match begins in what is left; and a group holds what may be other than ASCII, where that is one character.
    """
    if any(item.mark == _BOUNDARY for item in items):
        return items
    last = parts[-1]
    if last.least and not intersect(last.ranges, parts[0].ranges):
        last.most = last.least
    others = [part for part in parts if part.ranges[-1:] == _OTHERS]
    if len(others) != 1 or (others[0].least, others[0].most) != (1, 1) or len(others[0].ranges) == 1:
        return items
    at = items.index(others[0])
    within = [_Item(others[0].ranges[:-1]), _Item((), mark="|("), _Item(_OTHERS), _Item((), mark="))")]
    return [*items[:at], _Item((), mark="(?:"), *within, *items[at + 1 :]]


def _tell(items: list[_Item]) -> bool:
    """Whether the groups, or the match where there are none, hold every byte that may be other than ASCII."""
    if not any(item.mark == "(" for item in items):
        return True
    if items[-1].mark == _BOUNDARY or (items[0].mark == _BOUNDARY and not _bounded_text(items)):
        return False  # a byte of another character stands in the match for it, and in no group
    within: list[str] = []
    for item in items:
        if item.mark == ")":
            within.pop()
        elif item.mark in ("(", "(?:"):
            within.append(item.mark)
        elif item.ranges[-1:] == _OTHERS and "(" not in within:
            return False
    return True


def doubt(parsed: Parsed) -> re.Pattern[bytes] | None:
    """Where this matches, the bytes do not tell whether the text that a `wide` pattern begins with is at a boundary: it
    follows a character that is not ASCII. None if it begins with no such text."""
    items = None if parsed.tree is None else _items(parsed.tree, parsed.flags, wide=True)
    text = _bounded_text(items or [])
    return re.compile(text + b"(?<=[\x80-\xff]" + text + b")") if text else None


def _parts(items: list[_Item]) -> list[_Item]:
    return [item for item in items if not item.mark]


def _items(nodes: Any, flags: int, wide: bool) -> list[_Item] | None:
    found: list[_Item] = []
    for name, value in nodes:
        if name in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            found.append(_Item(_ranges(name, value, flags, wide)))
        elif name is sre.MAX_REPEAT and len(value[2]) == 1:
            ((inner, of),) = value[2]
            if inner not in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
                return None
            most = None if value[1] is sre.MAXREPEAT else int(value[1])
            found.append(_Item(_ranges(inner, of, flags, wide), int(value[0]), most))
        elif name is sre.SUBPATTERN:
            number, added, removed, body = value
            inside = _items(body, (flags | added) & ~removed, wide)
            if inside is None:
                return None
            found += [_Item((), mark="(" if number is not None else "(?:"), *inside, _Item((), mark=")")]
        elif name is sre.AT and value in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
            found.append(_Item((), mark="(?m:^)"))
        elif name is sre.AT and value is sre.AT_BOUNDARY and _settled(found):
            found.append(_Item((), mark=_BOUNDARY))
        else:
            return None
    return found


def _settled(items: list[_Item]) -> bool:
    """Whether what comes before cannot step back: then a boundary that is not there fails at once."""
    parts = _parts(items)
    return not parts or parts[-1].least == parts[-1].most == 1


def _ranges(name: Any, value: Any, flags: int, wide: bool) -> Ranges:
    ranges = class_ranges(name, value, flags)
    of_line = intersect(intersect(ranges, _LINE), ASCII)
    # Not merged with the others: it is the last, and to be told.
    return of_line + _OTHERS if wide and ranges and ranges[-1][1] > 127 else of_line


def _linear(items: list[_Item], parts: list[_Item]) -> bool:
    anchored = items[0].mark == "(?m:^)" if items else False
    if any(item.mark == "(?m:^)" for item in items[1:]) or not parts:
        return False
    if any(not part.ranges for part in parts) or sum(part.least for part in parts) == 0:
        return False
    prefix = []
    for part in parts:
        if part.least != 1 or part.most != 1:
            break
        prefix.append(part.ranges)
    if not prefix and not anchored and (len(parts) > 1 or parts[0].least > 1):
        return False
    for number, part in enumerate(parts):
        if part.least == part.most == 1 or (number == len(parts) - 1 and part.least <= 1):
            continue  # cannot fail after it has looked at more than one character
        if intersect(part.ranges, _firsts(parts[number + 1 :])):
            return False
        if not anchored and all(intersect(part.ranges, one) for one in prefix):
            return False
    return True


def _firsts(parts: list[_Item]) -> Ranges:
    """What may come first in these."""
    found: list[Ranges] = []
    for part in parts:
        found.append(part.ranges)
        if part.least:
            break
    return merge(found)


def _text(items: list[_Item], *, wide: bool) -> bytes:
    """`wide`: beside a boundary a byte of another character goes into the match, which thereby tells of it."""
    boundary = rb"(?:[\x80-\xff]|\b)" if wide else rb"\b"
    if text := _bounded_text(items):
        # An engine leaps to a text that it begins with, and looks at every byte for a boundary.
        rest = items[1 + len(_leading(items)) :]
        return text + rb"(?<=\b" + text + b")" + _text(rest, wide=wide)
    return b"".join([boundary if item.mark == _BOUNDARY else _written(item) for item in items])


def _bounded_text(items: list[_Item]) -> bytes:
    """The text behind the boundary that the items begin with; empty if none does."""
    if not items or items[0].mark != _BOUNDARY:
        return b""
    return b"".join([_written(item) for item in _leading(items)])


def _leading(items: list[_Item]) -> list[_Item]:
    return list(takewhile(_is_letter, items[1:]))


def _is_letter(item: _Item) -> bool:
    """Whether it is one given character, once."""
    return not item.mark and item.least == item.most == 1 and len(item.ranges) == 1 and len(set(item.ranges[0])) == 1


def _written(item: _Item) -> bytes:
    if item.mark:
        return item.mark.encode()
    text = "[" + "".join(f"\\x{low:02x}-\\x{high:02x}" for low, high in item.ranges) + "]"
    if len(item.ranges) == 1 and item.ranges[0][0] == item.ranges[0][1]:
        text = re.escape(chr(item.ranges[0][0]))
    if (item.least, item.most) == (1, 1):
        return text.encode()
    return (text + f"{{{item.least},{'' if item.most is None else item.most}}}").encode()
