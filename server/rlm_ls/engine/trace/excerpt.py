"""Excerpts: the lines around a cited place as they are now, whatever file they are in and however large it is."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rlm_ls.context.document import Document, Part, line_want
from rlm_ls.context.ops.excerpts import Shown
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.rows import hit_of
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources import uris
from rlm_ls.engine.answer import Citation
from rlm_ls.engine.setup.preparation import options
from rlm_ls.engine.trace.standing import UNREADABLE, stands
from rlm_ls.errors import BadRequest, DocumentMissing
from rlm_ls.visible import visible

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

AROUND = 60
"""Lines on either side of the cited ones, unless others are asked for."""

PAGE = 400
"""Lines of the next excerpt, earlier or later."""

MOST_LINES = 5_000
MOST_BYTES = 1 << 20
WIDTH = 4_000
"""Bytes of a line."""

Which = tuple[int, int] | Literal["around", "hour"]
"""First and last line, from 1; or those near the place; or those of its hour, by the log's own times."""


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a text, from 1, and their bytes; without those whole lines are meant."""

    uri: str
    line: int
    end_line: int
    start_byte: int = -1
    end_byte: int = -1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines `first` and on of a text of `total` lines, made visible and cut to a width.

    `cited` is where the place stands among them (index of the line, characters), None if it does not. `notes` are
    sentences for the reader. Of a text that cannot be read any more, which is not `present`, the lines are those that
    were quoted. `timed`: the cited line begins with a time.
    """

    place: Place
    path: str
    language: str
    first: int
    total: int
    lines: tuple[str, ...]
    cited: tuple[tuple[int, int], tuple[int, int]] | None
    timed: bool
    notes: tuple[str, ...] = ()
    present: bool = True

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


async def excerpt_of(engine: Engine, place: Place, which: Which, buffers: Sequence[Buffer] = ()) -> Excerpt:
    """Raises RlmError: 41xx for a text that cannot be read, BadRequest for lines that are not there."""
    async with _text(engine, place.uri, buffers) as (search, number):
        return await _excerpt(search, number, place, which)


async def excerpt_of_citation(
    engine: Engine, citation: Citation, which: Which, buffers: Sequence[Buffer] = ()
) -> Excerpt:
    """Around where the cited text stands now; what was quoted, if that can be seen no more."""
    try:
        async with _text(engine, citation.uri, buffers) as (search, number):
            now = await stands(search, citation)
            lines = search.context.documents[number].lines
            if now.state == "unmatched" and now.line > lines:
                return _quoted(citation, f"The text has only {lines:,} lines now: this is what was quoted.")
            gone = now.state == "unmatched"
            place = Place(now.uri, now.line, min(now.end_line, lines))
            if not gone:
                place = replace(place, start_byte=now.start_byte, end_byte=now.end_byte)
            found = await _excerpt(search, number, place, which)
    except UNREADABLE as error:
        return _quoted(citation, f"{error.message} This is what was quoted.")
    if gone:
        quote = visible(citation.quote).splitlines()[0][:200] if citation.quote else ""
        note = f"The cited text is no longer there; this is where it was. It read: {quote}"
    elif now.line != citation.line:
        note = f"It has moved here from line {citation.line:,}."
    else:
        return found
    return replace(found, notes=(note, *found.notes))


async def next_with(engine: Engine, place: Place, words: str, buffers: Sequence[Buffer] = ()) -> Place | None:
    """The next line after the place that holds `words`, whatever their case."""
    if not words.strip() or len(words) > WIDTH or words.splitlines() != [words]:
        raise BadRequest("Give some words of one line to look for.")
    async with _text(engine, place.uri, buffers) as (search, number):
        document = search.context.documents[number]
        line = min(place.end_line, document.lines)
        span = await search.line_span(number, line, line)
        further = (Part(number, min(span.end + 1, document.size), document.size),)
        found = await search.regex(re.escape(words), further, ignore_case=True, limit=1)
        if not found.rows:
            return None
        hit = hit_of(found.rows[0]).span
        return Place(place.uri, hit.line, hit.end_line)


# ---- reading ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _text(engine: Engine, uri: str, buffers: Sequence[Buffer]) -> AsyncIterator[tuple[Search, int]]:
    if await asyncio.to_thread(_is_folder, uri):
        raise BadRequest(f"{uris.shown(uri)} is a folder.", "Name a text.")
    scope = Scope(kind="files", files=(uri,), buffers=tuple(buffers))
    wanted = replace(options(engine.settings), lines_only=True)
    context = await Context.take(scope, engine.pool, wanted, engine.snapshot_cache)
    async with context:
        number = context.number(uri)
        if number is None and len(context.documents) == 1:
            number = 0
        if number is None:
            raise DocumentMissing(f"{uris.shown(uri)} is not in the archive any more.", "Ask again.")
        yield Search(context, engine.pool, engine.settings.verb_seconds), number


def _is_folder(uri: str) -> bool:
    path = uris.file_path(uri)
    return path is not None and os.path.isdir(path)


async def _excerpt(search: Search, number: int, place: Place, which: Which) -> Excerpt:
    document = search.context.documents[number]
    if place.line > document.lines:
        raise BadRequest(f"{document.path} has {document.lines:,} lines, and no line {place.line:,}.")
    span = await search.line_span(number, place.line, place.end_line)
    focus = (place.start_byte, place.end_byte) if place.start_byte >= 0 else (span.start, span.end)
    first, last, notes = await _lines(search, number, place, which, span.start)
    shown: Shown = await search.call(
        "excerpts.around",
        file=search.context.files[number],
        first=line_want(document, first),
        count=last - first + 1,
        focus=focus,
        width=WIDTH,
        room=MOST_BYTES,
    )
    if len(shown.lines) < last - first + 1:
        notes.append(f"Shown are {len(shown.lines):,} of these lines: they are long.")
    return Excerpt(
        place,
        document.path,
        document.language,
        first,
        document.lines,
        shown.lines,
        shown.focus,
        shown.timed,
        tuple(notes),
    )


async def _lines(search: Search, number: int, place: Place, which: Which, at: int) -> tuple[int, int, list[str]]:
    """First and last line of those asked for, as far as they are there and not too many."""
    document = search.context.documents[number]
    notes = []
    if which == "around":
        which = (place.line - AROUND, place.end_line + AROUND)
    elif which == "hour":
        which = await _hour(search, number, document, at)
        count = which[1] - which[0] + 1
        many = f"; the first {MOST_LINES:,} are shown" if count > MOST_LINES else ""
        notes.append(f"The hour has {count:,} lines{many}.")
    first = max(1, min(which[0], document.lines))
    return first, max(first, min(which[1], first + MOST_LINES - 1, document.lines)), notes


async def _hour(search: Search, number: int, document: Document, at: int) -> tuple[int, int]:
    found = await search.call("structure.logtimes.hour_around", file=search.context.files[number], at=at)
    if found is None:
        raise BadRequest("The cited line does not begin with a time.", "Go earlier or later instead.")
    span = await search.span_at(number, found[0], found[1])
    return span.line, span.end_line


def _quoted(citation: Citation, note: str) -> Excerpt:
    lines = tuple(visible(line) for line in citation.quote.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    place = Place(citation.uri, citation.line, citation.end_line)
    whole = ((0, 0), (len(lines) - 1, len(lines[-1])))
    return Excerpt(place, citation.path, "", citation.line, citation.end_line, lines, whole, False, (note,), False)
