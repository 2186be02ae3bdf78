"""Verbs that divide the text: into lines' ranges, pieces, sections."""

from __future__ import annotations

from typing import Any, Literal

from rlm_ls.context.document import Hit, Span
from rlm_ls.context.region import resolve
from rlm_ls.errors import ProgramError
from rlm_ls.executors.desk import Desk, SpanRow, parts_text
from rlm_ls.executors.registry import Pattern, verb

MAX_PIECES = 20_000


@verb(returns="list[Entry]", shape="entries", everyday=14)
async def outline(desk: Desk, doc: Any = None) -> list[tuple[str, str, int, SpanRow]]:
    """list of .kind .name .level .span: functions, classes, headings, a log's hours

    By tree-sitter for the common languages, else by headings, by time for logs, by cell for notebooks, and last in
    blocks of equal size. The span's .text is the entry's name; text(entry.span) reads it.
    """
    number = desk.document(doc)
    desk.searched.add(number)
    found = await desk.search.outline(number)
    if len(found) > MAX_PIECES:
        desk.note(f"outline(): the first {MAX_PIECES:,} of {len(found):,} entries.")
    return [(kind, name, level, desk.row(Hit(span, name))) for kind, name, level, span in found[:MAX_PIECES]]


@verb(returns="list[Span]", shape="spans")
async def split(desk: Desk, separator: Pattern, within: Any = None) -> list[SpanRow]:
    """Cut the text at lines that match separator: spans that cover it in order, each starting at such a line.

    Their .text is None: text(span) reads one.
    """
    return _pieces(desk, "split", await desk.search.split(separator, await desk.select(within)))


@verb(returns="list[Span]", shape="spans")
async def chunks(
    desk: Desk,
    size: int = 200,
    overlap: int = 0,
    by: Literal["lines", "tokens", "sections"] = "lines",
    within: Any = None,
) -> list[SpanRow]:
    """Spans that cover the text in order: size lines or about size tokens each, or one per section of the outline

    Their .text is None: text(span) reads one.
    """
    if size < 1 or not 0 <= overlap < size:
        raise ProgramError("chunks() needs size ≥ 1 and 0 ≤ overlap < size.")
    return _pieces(desk, "chunks", await desk.search.chunks(await desk.select(within), size, overlap, by=by))


@verb(returns="Selection", shape="selection", everyday=13)
async def region(desk: Desk, doc: Any, start: int, end: int) -> tuple[str, str]:
    """lines start to end as a Selection

    From 1, both included; negative numbers count from the end. For `within`.
    """
    number = desk.document(doc)
    span = await desk.search.line_span(number, start, end)
    return f"{span.doc}:{span.line}-{span.end_line}", parts_text(resolve(desk.context, span))


def _pieces(desk: Desk, call: str, spans: list[Span]) -> list[SpanRow]:
    if len(spans) > MAX_PIECES:
        desk.note(f"{call}(): the first {MAX_PIECES:,} of {len(spans):,} pieces; use larger ones.")
    return [_unread(span) for span in spans[:MAX_PIECES]]


def _unread(span: Span) -> SpanRow:
    """A Span whose text stays in the server until text(span) asks for it: .text is None, so that no script takes it for
    an empty one."""
    return (span.doc, span.line, span.end_line, span.start, span.end, None, 0, 0, [], None)
