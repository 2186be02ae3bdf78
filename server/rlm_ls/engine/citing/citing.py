"""Citations: each place that a program names, checked against the snapshot."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any

from rlm_ls.context.document import Document, Part, Span
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import ProgramError, RlmError
from rlm_ls.executors.checking.plain import Bounds, plain
from rlm_ls.executors.scripts.host import VerbHost

log = logging.getLogger(__name__)

NAMED = Bounds(values=50, characters=200, depth=4)
"""Of what a problem calls by its name."""
PLACE_LENGTH = 4_200
"""Characters of a place in words: the longest path, and numbers."""
MAX_CITATIONS = 100
NESTED = 2
"""Levels of lists within the list of citations."""
MAX_QUOTE = 2_000
PLACE = re.compile(r"(?:(?P<path>.+):)?(?P<first>\d{1,12})(?:[-–](?P<last>\d{1,12}))?", re.DOTALL)
"""A place in words; without a path it is of the only document."""


async def cited(places: Any, host: VerbHost) -> tuple[tuple[Citation, ...], list[str]]:
    """The Citations of what `submit` was given as such, each once, and what is wrong with the others in words."""
    checks = await asyncio.gather(*(citation_or_problem(item, host) for item in _listed(places)))
    found = dict.fromkeys(one for one in checks if isinstance(one, Citation))
    return tuple(found), [one for one in checks if isinstance(one, str)]


async def citation_or_problem(item: Any, host: VerbHost) -> Citation | str:
    """The Citation, or what is wrong with it in words."""
    try:
        return await cite(item, host)
    except RlmError as error:
        if error.ends_run:
            raise
        return f"citation {_short(item)}: {error}"
    except Exception as error:  # a script may hand over anything, and a run is paid for
        log.warning("a citation could not be checked: %s", type(error).__name__)
        return f"citation {_short(item)}: this is no Span of a verb and no place such as app.log:12."


async def cite(item: Any, host: VerbHost) -> Citation:
    """The Citation of a Span, or of a place: "path:12", "path:12-14". Raises ProgramError if it fits nowhere."""
    span = await _span(item, host)
    (found,) = await cite_spans(host.document(span.doc), [span], host)
    if isinstance(found, ProgramError):
        raise found
    return found


async def cite_spans(number: int, spans: Sequence[Span], host: VerbHost) -> list[Citation | ProgramError]:
    """The Citations of Spans of one document, or why one is none: all are looked up together."""
    document = host.doc(number)
    ranges = [(span.start, span.end) for span in spans]
    where = await host.search.spans_at(number, ranges)
    edges = await host.search.positions(number, [at for both in ranges for at in both])
    quotes = await host.search.texts(number, [(span.start, _bounded(span)) for span in spans])
    found: list[Citation | ProgramError] = []
    for index, (span, stands, quote) in enumerate(zip(spans, where, quotes, strict=True)):
        start, end = edges[2 * index : 2 * index + 2]
        if problem := _problem(number, span, stands, end[0], host):
            found.append(problem)
        else:
            found.append(_citation(document, span, (start, end), quote))
    host.read.add(number)
    return found


def _problem(number: int, span: Span, stands: Span, last: int, host: VerbHost) -> ProgramError | None:
    # A last line that is empty has no bytes of its own: the span ends where that line starts.
    if stands.line != span.line or span.end_line not in (stands.end_line, last + 1):
        return ProgramError(
            f"{span.doc} bytes {span.start}-{span.end} are lines {stands.line}-{stands.end_line}, "
            f"not {span.line}-{span.end_line}.",
            "Cite Spans as verbs return them.",
        )
    if not any(_inside(part, number, span) for part in host.context.limit):
        return ProgramError(f"{span.doc}:{span.line} lies outside the question's scope.")
    return None


def _citation(document: Document, span: Span, edges: tuple[tuple[int, int], tuple[int, int]], quote: str) -> Citation:
    start, end = edges
    if document.inside:
        start = end = (0, 0)  # an editor that opens the file shows other lines than the text's
    elif document.drawn:
        start, end = (span.line - 1, 0), (span.end_line, 0)  # the line is the file's, and its columns are not
    return Citation(
        uri=document.uri,
        path=document.path,
        line=span.line,
        end_line=span.end_line,
        start_byte=span.start,
        end_byte=span.end,
        start_utf16=start,
        end_utf16=end,
        quote=quote if len(quote) <= MAX_QUOTE else quote[:MAX_QUOTE] + "…",
        place=document.place(span.line, span.end_line),
        inside=document.inside,
        version=document.version,
        state="verified",
    )


async def _span(item: Any, host: VerbHost) -> Span:
    if isinstance(item, (str, int)):
        place = PLACE.fullmatch(_place(item))
        if place is None:
            raise ProgramError("A citation is a Span or a place such as app.log:12.")
        number = host.document(place["path"])
        last = int(place["last"] or place["first"])
        if last > host.doc(number).lines:
            raise ProgramError(f"{host.doc(number).path} has {host.doc(number).lines:,} lines.")
        return await host.search.line_span(number, int(place["first"]), last)
    found = None if isinstance(item, (list, tuple)) else host.unwrap(item)
    if not isinstance(found, Span):
        raise ProgramError("A citation is a Span or a place such as app.log:12.")
    return found


def _place(item: str | int) -> str:
    if isinstance(item, int):
        return str(item) if _is_line(item) else ""
    return item.strip() if len(item) <= PLACE_LENGTH else ""


def _listed(cite: Any, depth: int = 0) -> list[Any]:
    """The citations of what was passed: one, a list, or lists in a list; at most MAX_CITATIONS."""
    if cite is None and not depth:
        return []
    if not isinstance(cite, (list, tuple)) or depth > NESTED:
        return [cite]
    if len(cite) in (2, 3) and isinstance(cite[0], str) and all(_is_line(n) for n in cite[1:]):
        return [f"{cite[0][:PLACE_LENGTH]}:{'-'.join(str(n) for n in cite[1:])}"]
    items: list[Any] = []
    for item in cite[:MAX_CITATIONS]:
        items += _listed(item, depth + 1)
        if len(items) >= MAX_CITATIONS:
            break
    return items[:MAX_CITATIONS]


def _is_line(number: Any) -> bool:
    return isinstance(number, int) and number.bit_length() < 64


def _inside(part: Part, number: int, span: Span) -> bool:
    """Whether a cited span lies within a part. Its first and last line may begin before a selection or end after it."""
    return part.doc == number and part.start < max(span.end, span.start + 1) and span.start < part.end


def _bounded(span: Span) -> int:
    """Where as much of it ends as a quote may hold, and one character more: by that it is known to be cut."""
    return min(span.end, span.start + 4 * (MAX_QUOTE + 1))


def _short(item: Any) -> str:
    try:
        text = item[:61] if isinstance(item, str) else str(plain(item, NAMED, "it"))
    except ProgramError:
        text = type(item).__name__
    return repr(text if len(text) <= 60 else text[:59] + "…")
