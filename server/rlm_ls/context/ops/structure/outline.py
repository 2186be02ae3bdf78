"""What a document is made of: definitions, headings, hours of a log, or at the least blocks of equal size."""

from __future__ import annotations

from itertools import pairwise

from rlm_ls.context.document import Span
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.ops.structure import columns, definitions, headings, listing, logtimes
from rlm_ls.context.ops.structure.sections import spans_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File

BLOCKS = 20
MOST = 100_000
"""More than a script is given (verbs/dividing.py), so that it can be told how many there are."""

SIGNATURE = 160
"""Characters of a part's first line."""
HEAD = 2_000
"""Bytes in which the name of a part is looked for."""
UNSIGNED = ("block", "hour", "minute", "day", "cell")

Found = tuple[str, str, int, int, int]
"""Kind, name, level from 1, start and end."""


def outline(
    deadline: Deadline, file: File, language: str, parse: bool, lines: int
) -> list[tuple[str, str, int, Span, str]]:
    """Kind, name, level, span and first line of each part, in order, at most MOST."""
    with opened(file) as reader:
        found: list[Found] = []
        if parse and language in definitions.LANGUAGES:
            found = definitions.definitions(reader.read(0, reader.size), language)
        if language == "csv":
            found = columns.columns(reader)
        found = found or headings.headings(deadline, reader, file, language)
        if not found:
            found = listing.listing(deadline, reader, file)
        if not found and lines >= BLOCKS:
            found = logtimes.buckets(deadline, reader) or headings.ruled(deadline, reader, file) or _blocks(reader)
        found = sorted(found, key=lambda one: (one[3], -one[4]))[:MOST]
        found = [(kind, name, level, reader.line_start(start), end) for kind, name, level, start, end in found]
        spans = spans_of(reader, file, [(start, end) for *_, start, end in found], (0, 0))
        return [
            (kind, name, level, span, _signature(reader, span, name) if kind not in UNSIGNED else "")
            for (kind, name, level, _, _), span in zip(found, spans, strict=True)
        ]


def _signature(reader: Reader, span: Span, name: str) -> str:
    """The line that names the part: with decorators or comments before a definition not its first."""
    head = reader.read(span.start, min(span.end, span.start + HEAD)).decode("utf-8", "replace")
    named = next((line for line in head.splitlines() if name in line), "")
    return named.strip()[:SIGNATURE]


def _blocks(reader: Reader) -> list[Found]:
    starts = [reader.next_line(reader.size * number // BLOCKS, reader.size) for number in range(BLOCKS)]
    starts = [*dict.fromkeys(start for start in starts if start < reader.size), reader.size]
    found: list[Found] = []
    for start, end in pairwise(starts):
        text = reader.read(start, min(end, start + 400)).decode("utf-8", "replace").strip()
        found.append(("block", text.split("\n")[0][:60], 1, start, end))
    return found
