"""Hits as they are passed from workers to scripts: each is one JSON text, made by the worker that found it.

The server hands thousands of them on to a script without parsing them: it makes no object for one.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring

from rlm_ls.context.document import Hit, Span

ROOM = 16 << 20
"""Characters of text that one call of a verb may bring into the server."""


def row_of(hit: Hit) -> str:
    """A JSON list: doc, line, end_line, start, end, text, column, end_column, groups, word, match, first_line."""
    span = hit.span
    place = (span.doc, span.line, span.end_line, span.start, span.end)
    return row(*place, hit.text, hit.column, hit.end_column, hit.groups, hit.word, hit.match, hit.first_line)


def row(
    doc: str,
    line: int,
    end_line: int,
    start: int,
    end: int,
    text: str,
    column: int,
    end_column: int,
    groups: tuple[str | None, ...],
    word: str | None,
    match: str,
    first_line: int,
) -> str:
    """`row_of` a hit of which no object is made. Written as `json.dumps` does, which sets itself up for each anew."""
    inner = ", ".join(["null" if group is None else encode_basestring(group) for group in groups]) if groups else ""
    named = "null" if word is None else encode_basestring(word)
    return (
        f"[{encode_basestring(doc)}, {line}, {end_line}, {start}, {end}, {encode_basestring(text)}, {column}, "
        f"{end_column}, [{inner}], {named}, {encode_basestring(match)}, {first_line}]"
    )


def hit_of(row: str) -> Hit:
    doc, line, end_line, start, end, text, column, end_column, groups, *found = json.loads(row)
    return Hit(Span(doc, start, end, line, end_line), text, column, end_column, tuple(groups), *found)


def windowed(row: str, width: int, *, numbered: bool) -> str:
    """The row, which has whole lines, with at most `width` characters of each: around the match, of other lines the
    first ones. "…" stands for what is left out; places stay those of the whole line. `numbered`: there are lines around
    it.
    """
    found = json.loads(row)
    text, column, end_column = found[5:8]
    if not text:
        return row
    hit = max(0, found[1] - (found[11] or found[1]))
    lines = text.split("\n")
    for number, line in enumerate(lines):
        begin, end = (column - 1, end_column - 1) if number == hit and column else (0, 0)
        if len(line) > width:
            spare = max(0, width - max(0, end - begin))
            start = max(0, min(begin - spare // 2, len(line) - width))
            shown = line[start : start + width]
            lines[number] = f"{'…' if start else ''}{shown}{'…' if start + width < len(line) else ''}"
    found[5] = "\n".join(lines)
    if not numbered:
        found[11] = 0
    return json.dumps(found, ensure_ascii=False)


def path_of(row: str) -> str:
    """The path of the document that a row is of."""
    path: str = _DECODER.raw_decode(row, 1)[0]
    return path


_DECODER = json.JSONDecoder()


class Gathered:
    """Collects rows, each with the number of its document, up to a number of rows and of characters."""

    __slots__ = ("_limit", "_room", "docs", "rows")

    def __init__(self, limit: int, room: int = ROOM) -> None:
        self.rows: list[str] = []
        self.docs = array("q")
        self._limit = limit
        self._room = room

    @property
    def limit(self) -> int:
        """How many more are wanted."""
        return max(0, self._limit - len(self.rows)) if self._room > 0 else 0

    @property
    def room(self) -> int:
        return max(0, self._room)

    def extend(self, rows: Sequence[str], docs: Iterable[int]) -> None:
        """`add` of each, at once where all fit."""
        size = sum(map(len, rows))
        if len(rows) <= self.limit and size <= self._room:
            self._room -= size
            self.rows += rows
            self.docs.extend(docs)
            return
        for row, doc in zip(rows, docs, strict=True):
            self.add(row, doc)

    def add(self, row: str, doc: int) -> None:
        """Adds a row. The first one for which there is no room, and all after it, are left out."""
        if not self.limit:
            return
        self._room -= len(row)
        if self._room >= 0:
            self.rows.append(row)
            self.docs.append(doc)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought back: at most `limit` hits of `total`, each as `row_of` writes it.

    `docs` are the numbers of their documents. `partial` is empty, or says why the search stopped early (then `total`
    is a lower bound). `hint` is a remark worth showing a model ("0 hits; 12 with fold=True").
    """

    rows: tuple[str, ...]
    docs: frozenset[int]
    total: int
    partial: str = ""
    hint: str = ""
    words: bool = False
    """Whether no line has the text itself, and these hold words of it."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        return tuple(map(hit_of, self.rows))
