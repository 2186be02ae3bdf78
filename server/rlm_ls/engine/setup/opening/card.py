"""The card of a Context: the description of the texts in a model's first message. It holds names, sizes and a few
lines, never the whole text."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from weakref import WeakKeyDictionary

from rlm_ls.context.document import Document, Part
from rlm_ls.context.rotation import logs
from rlm_ls.context.search.fields import roles
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.columns import Documents
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.surroundings import Surroundings
from rlm_ls.engine.setup.opening.structure import structures
from rlm_ls.errors import SearchTimeout

LISTED = 12
"""Documents listed with their sizes."""
NAMED = 60
"""Documents listed by name and lines; of more, the folders are counted and the largest named."""
OPEN_SHOWN = 8
MARKS_SHOWN = 5
EXCERPTED = 2
PARTS_SHOWN = 10
ROTATED = 5
EXCERPT_LINES = 3
NAME = 180
"""Characters of a path."""
LINE = 100
"""Characters of an excerpt's line."""

FIELDS_SHOWN = 20
FIELD = 60
"""Characters of a field's name."""
FEWEST_RECORDS = 5

LINE_END = re.compile(r"\r\n|\r|\n")


async def card(context: Context, search: Search, surroundings: Surroundings, *, middle: bool = True) -> str:
    """Documents with sizes, languages and longest lines; a few lines from the start of the largest, and from the
    `middle`, where no nearer ones are shown."""
    documents = context.documents
    described, largest = await asyncio.to_thread(_described, documents)  # they may be 100,000
    parts = [*described, *await structures(documents, search)]
    limited = await asyncio.to_thread(_limited, context)
    if limited:
        parts.append(await _selected(limited, context, search))
    parts += _surroundings(context, surroundings)
    # Side by side: each asks the workers several times, one after the other.
    shown = await asyncio.gather(*(_shown(documents, one, search, limited.get(one), middle) for one in largest))
    return "\n".join(chain(parts, *shown))


_SHOWN: WeakKeyDictionary[Documents, dict[tuple[int, bool], list[str]]] = WeakKeyDictionary()


async def _shown(documents: Documents, number: int, search: Search, part: Part | None, with_middle: bool) -> list[str]:
    """What a large document holds, and some of its lines, or of the part that is selected. Of a whole one that is the
    same for every question."""
    known = _SHOWN.setdefault(documents, {})
    if part is None and (number, with_middle) in known:
        return known[number, with_middle]
    document = documents[number]
    try:
        fields, late = await _fields(document, number, search), False
    except SearchTimeout:  # a help, which a question does not fail for
        fields, late = [], True
    if part is not None:
        return fields + await _within(part, search)
    said = fields + await _excerpts(document, number, search, with_middle)
    if not late:
        known[number, with_middle] = said
    return said


async def whole_text(context: Context, search: Search) -> str:
    """The text of a Context small enough for one call, each line with its number."""
    parts = []
    for part in context.limit:
        document = context.documents[part.doc]
        span = await search.span_at(part.doc, part.start, part.end)
        text = await search.read(span)
        numbered = (f"{span.line + offset}| {line}" for offset, line in enumerate(LINE_END.split(text)))
        parts.append(f"=== {document.path} ===\n" + "\n".join(numbered))
    return "\n".join(parts)


_DESCRIBED: WeakKeyDictionary[Documents, tuple[list[str], list[int]]] = WeakKeyDictionary()


def _described(documents: Documents) -> tuple[list[str], list[int]]:
    """What is said of documents, and the numbers of the largest: the same for every question about the same ones."""
    said = _DESCRIBED.get(documents)
    if said is None:
        lines = [_heading(documents), *_listing(documents), *_rotated(documents)]
        said = _DESCRIBED[documents] = lines, sorted(documents.largest(EXCERPTED))
    return said


def _named(path: str) -> str:
    """A path that fits a line: of a longer one the ends, which the asker may know it by; docs() has it whole."""
    return path if len(path) <= NAME else f"{path[: NAME // 3]}…{path[-NAME * 2 // 3 :]}"


def _heading(documents: Documents) -> str:
    if len(documents) == 1:
        return "Context: 1 document"
    return f"Context: {len(documents):,} documents, {human_size(sum(documents.sizes))}, {sum(documents.lines):,} lines"


def _listing(documents: Documents) -> list[str]:
    if len(documents) <= LISTED:
        return [_line(document) for document in documents]
    if len(documents) <= NAMED:
        return ["(lines): " + ", ".join(f"{_named(document.path)} ({document.lines:,})" for document in documents)]
    kinds = Counter(language or "text" for language in documents.languages)
    folders = Counter(path.split("/", 1)[0] if "/" in path else "." for path in documents.paths)
    largest = [documents[number] for number in documents.largest(8)]
    return [
        "Languages: " + ", ".join(f"{name} {count:,}" for name, count in kinds.most_common(8)),
        "Folders: " + ", ".join(f"{_named(name)}/ {count:,}" for name, count in folders.most_common(20)),
        "Largest:",
        *(_line(document) for document in largest),
        'docs(glob) lists more, e.g. docs("src/**").',
    ]


def _rotated(documents: Documents) -> list[str]:
    found = logs(documents.paths)
    if not found:
        return []
    more = f" and {len(found) - ROTATED:,} more" if len(found) > ROTATED else ""
    return [f"Rotated, oldest first: {', '.join(map(_named, found[:ROTATED]))}{more}"]


def _surroundings(context: Context, here: Surroundings) -> list[str]:
    """Where the asker is, what is open, what was edited, what is marked as wrong; each only if there is any."""
    lines = []
    if here.cursor is not None and (document := context.document(here.cursor[0])) is not None:
        lines.append(f"Cursor: {_named(document.path)}:{here.cursor[1] + 1}")
    if len(context.documents) > 1 and (opened := [_named(d.path) for uri in here.open if (d := context.document(uri))]):
        lines.append(f"Open: {', '.join(opened[:OPEN_SHOWN])}")
    edits = [f"{_named(d.path)}:{edit.line + 1}" for edit in here.edits if (d := context.document(edit.uri))]
    if edits:
        lines.append(f"Edited lately: {', '.join(edits[:OPEN_SHOWN])}")
    marks = [(_named(d.path), mark) for mark in here.diagnostics if (d := context.document(mark.uri))]
    for path, mark in marks[:MARKS_SHOWN]:
        lines.append(f"Marked {path}:{mark.line + 1}: {mark.severity}: {' '.join(mark.message.split())[:LINE]}")
    if len(marks) > MARKS_SHOWN:
        lines.append(f"{len(marks):,} such marks in all: diagnostics() lists them.")
    return lines


def _line(document: Document) -> str:
    language = f", {document.language}" if document.language else ""
    longest = f", longest line {document.longest_line:,}" if document.longest_line > 300 else ""
    return f"- {_named(document.path)}: {document.lines:,} lines, {human_size(document.size)}{language}{longest}"


def _limited(context: Context) -> dict[int, Part]:
    """By its number, the first part of each document that the question may look at only in part."""
    first: dict[int, Part] = {}
    for part in () if context.whole else context.limit:
        if part.filters or (part.start, part.end) != (0, context.documents[part.doc].size):
            first.setdefault(part.doc, part)
    return first


async def _selected(limited: Mapping[int, Part], context: Context, search: Search) -> str:
    shown = [part for part in context.limit if part.doc in limited][:PARTS_SHOWN]
    spans = [await search.span_at(part.doc, part.start, part.end) for part in shown]
    if len(context.documents) == 1:
        places = ", ".join(f"{span.line:,}-{span.end_line:,}" for span in spans)
    else:
        places = ", ".join(f"{_named(span.doc)}:{span.line:,}-{span.end_line:,}" for span in spans)
    more = " and more" if len(context.limit) > len(shown) else ""
    filtered = " (of these the lines that a filter kept)" if any(part.filters for part in shown) else ""
    return f"The question is about the selection only: lines {places}{more}{filtered}. Verbs see nothing else."


async def _within(part: Part, search: Search) -> list[str]:
    """First lines of a selection."""
    if part.filters:
        return []
    span = await search.span_at(part.doc, part.start, part.end)
    last = min(span.end_line, span.line + 2 * EXCERPT_LINES - 1)
    return [f"Its first lines in {_named(span.doc)}:", *await _numbered(search, part.doc, span.line, last)]


async def _excerpts(document: Document, number: int, search: Search, with_middle: bool) -> list[str]:
    if document.lines <= 3 * EXCERPT_LINES:
        return [f"All of {_named(document.path)}:", *await _numbered(search, number, 1, document.lines)]
    first = [f"First lines of {_named(document.path)}:", *await _numbered(search, number, 1, EXCERPT_LINES)]
    if not with_middle:
        return first
    middle = document.lines // 2
    return [*first, "Middle:", *await _numbered(search, number, middle, middle + EXCERPT_LINES - 2)]


async def _numbered(search: Search, number: int, first: int, last: int) -> list[str]:
    hit = await search.lines(number, first, last)
    lines = LINE_END.split(hit.text)
    return [
        f"{hit.span.line + offset}| {line[:LINE]}{'…' if len(line) > LINE else ''}" for offset, line in enumerate(lines)
    ]


async def _fields(document: Document, number: int, search: Search) -> list[str]:
    """What a structured log's lines hold, and how that is asked for."""
    if document.lines < FEWEST_RECORDS:
        return []
    form, fields = await search.describe(number)
    if not form or not fields:
        return []
    names = [f"{' '.join(name.split())[:FIELD]} {kind}" for name, kind in fields[:FIELDS_SHOWN]]
    more = f", {len(fields) - FIELDS_SHOWN} more" if len(fields) > FIELDS_SHOWN else ""
    by_type = {kind: name for name, kind in reversed(fields)}
    some = json.dumps((roles([name for name, _ in fields]).get("level") or fields[0][0])[:FIELD], ensure_ascii=False)
    number_field = json.dumps(by_type.get("number", "took")[:FIELD], ensure_ascii=False)
    return [
        f"{form} fields of {_named(document.path)}: {', '.join(names)}{more}. count, top, stats, extract, filter take "
        f'them: top(field={some}), stats(field={number_field}), filter("regex of the value", field={some})'
    ]


def human_size(size: int) -> str:
    """`1,234 bytes`, `20.1 MB`."""
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1e3:,.0f} KB" if size < 1_000_000 else f"{size / 1e6:,.1f} MB"
