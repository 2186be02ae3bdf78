"""Documents, and places in them. Everything here is immutable."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

CHECKPOINT = 1 << 17
"""Bytes between two checkpoints of a Document's line index: as many as are measured together."""

SMALL = 1 << 20
"""Texts below so many bytes are copied into a pack, and searched many at a time."""

NODE = "node://"
"""How the address of a file begins that lies on a node of a cluster: `node://host/path`."""

ANYWHERE = "*"
"""The place of what every machine can read that has the credentials."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a Document's bytes lie: `size` bytes at `offset` of the file at `path`.

    Large files on disk are their own source; open buffers, small files and transcoded texts share one private
    pack file per Context. Only the search workers open `path`. With a `version` it is the address of a text that lies
    elsewhere and stays there.
    """

    path: str
    offset: int
    size: int
    version: str = ""

    @property
    def place(self) -> str:
        """Which machines can read it: "" for this one, ANYWHERE, or the host of a cluster's node."""
        if not self.version:
            return ""
        return self.path[len(NODE) :].partition("/")[0] if self.path.startswith(NODE) else ANYWHERE


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document that is not text itself: a page, a slide, a sheet, a chapter, a message, a cell, what stands
    below a heading.

    `label` names it among its kind ("12"; a sheet's or heading's name); `title` is what it is about, or "". It begins
    at a `line` (from 1) and a byte `start`, and ends where the next one of its level or above begins. A sheet's first
    row is the line `rows` (0: it has none), `columns` what stands in that.
    """

    kind: str
    label: str
    title: str
    level: int
    line: int
    start: int
    rows: int = 0
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As an outline shows it: `3: The third slide`, `2 code: import os`."""
        if self.kind == "cell":
            return f"{self.label} {self.title}"
        return f"{self.label}: {self.title}" if self.title else self.label


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a Document's text was taken out of: its `kind` ("pdf", "office", "mail" …), its sections in order, and
    `notes`: what its readers must be told, such as that pages hold no text."""

    kind: str
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()

    def place(self, line: int, end_line: int) -> str:
        """Where lines are, as a reader of the original finds them: `page 12`, `sheet Sales, row 7`; or ""."""
        number = bisect_right(self.sections, line, key=_line) - 1
        if number < 0:
            return ""
        one, last = self.sections[number], self.sections[bisect_right(self.sections, end_line, key=_line) - 1]
        name = f"section {one.label}" if one.kind in ("heading", "part") else f"{one.kind} {one.label}"
        if one is not last:
            return f"{name} to {last.label}"
        if not one.rows or line < one.rows:
            return name
        first, final = line - one.rows + 1, end_line - one.rows + 1
        return f"{name}, row {first}" if first == final else f"{name}, rows {first}–{final}"


def _line(section: Section) -> int:
    return section.line


@dataclass(frozen=True, slots=True)
class Document:
    """One text as a run sees it: UTF-8 bytes, without a byte order mark.

    `path` is the name shown to models and people, unique within a Context. Lines end at `\\n`, `\\r\\n` or a lone
    `\\r` (LSP's rule, not `str.splitlines`'s). `checkpoints[k]` is the number of line ends in the first
    `k * CHECKPOINT` bytes, the last one that of all; a SMALL text may have no more than the first and the last. `lines`
    counts a last line without an end, and a text of 0 bytes has 0 lines.

    `encoding` is the file's own: Python's name of a codec; `assumed`: nobody said so, it is what the bytes look like.
    `faults` of its bytes were not text in it, and are U+FFFD. A text that was `unpacked` from a compressed file or an
    archive, or taken out of a document that is not text (`extraction`), is not the file's own (`inside`): its lines
    are not those of the file, so that a place in it is, for an editor, the file's first line.
    """

    uri: str
    path: str
    language: str
    version: int | None
    source: Source
    characters: int
    lines: int
    longest_line: int
    ascii: bool
    crlf: bool
    checkpoints: tuple[int, ...]
    encoding: str = "utf-8"
    assumed: bool = False
    faults: int = 0
    drawn: bool = False
    unpacked: bool = False
    extraction: Extraction | None = None

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def inside(self) -> bool:
        """Whether the text is not the file's own."""
        return self.unpacked or self.extraction is not None

    @property
    def sections(self) -> tuple[Section, ...]:
        return () if self.extraction is None else self.extraction.sections

    def place(self, line: int, end_line: int) -> str:
        """`page 12`: how the place of lines is called in the original; "" where lines are the name of it."""
        return "" if self.extraction is None else self.extraction.place(line, end_line)


@dataclass(frozen=True, slots=True)
class Span:
    """A region of a Document: bytes `start` to `end` (exclusive), lines `line` to `end_line` (from 1, inclusive).

    Spans of lines leave out the last line's end.
    """

    doc: str
    start: int
    end: int
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A Span and what was found there.

    `text` is the line or lines, or for a long line a window of it around the match (cut ends marked with `…`).
    `column` and `end_column` are character columns of the match in its line, from 1; both 0 when the whole line is
    meant. `groups` holds the groups of a regex match (None where a group took no part); `word` says which of several
    searched words was found. `match` is what matched, cut where it is long; `first_line` the number of the first line
    of `text` where that is not the span's.
    """

    span: Span
    text: str
    column: int = 0
    end_column: int = 0
    groups: tuple[str | None, ...] = ()
    word: str | None = None
    match: str = ""
    first_line: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that the scope names and the Context does not hold, with an error code of rlm_ls.errors."""

    uri: str
    path: str
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `end` of document number `doc`, less the lines that a filter refuses.

    `filters` are (pattern, keep) pairs, applied in order to whole lines.
    """

    doc: int
    start: int
    end: int
    filters: tuple[tuple[str, bool], ...] = ()


Selection = Sequence[Part]
"""What a search looks at, in order. Lazy: filters are evaluated by the search that uses it."""


def line_want(document: Document, line: int) -> tuple[int, int]:
    """Where to count from, and how many line starts to pass, to come to a line (from 1)."""
    if line <= 1:
        return 0, 0
    block = min(bisect_left(document.checkpoints, line - 1) - 1, _last(document))
    return block * CHECKPOINT, line - 1 - document.checkpoints[block]


def base_of(document: Document, at: int) -> tuple[int, int]:
    """The last checkpoint at or before a byte: its offset, and the lines that start up to it."""
    block = min(at // CHECKPOINT, _last(document))
    return block * CHECKPOINT, document.checkpoints[block]


def counts_between(document: Document, start: int, end: int) -> tuple[int, ...]:
    """The lines that start up to each checkpoint after `base_of(document, start)` and before `end`."""
    block, last = (min(at // CHECKPOINT, _last(document)) for at in (start, end))
    return document.checkpoints[block + 1 : last + 1]


def _last(document: Document) -> int:
    """The number of the last checkpoint whose byte is known: the one after it is the text's end."""
    return max(0, len(document.checkpoints) - 2)
