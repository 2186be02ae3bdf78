"""Verbs that divide the text: into lines' ranges, pieces, sections."""

from __future__ import annotations

from typing import Any, Literal

from rlm_ls.context.document import Hit, Span
from rlm_ls.context.search.region import resolve
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.host import SpanRow, VerbHost, parts_text
from rlm_ls.executors.verbs.registry import Pattern, verb

MAX_PIECES = 20_000


@verb(returns="list[Entry]", shape="entries", everyday=14)
async def outline(host: VerbHost, doc: Any = None) -> list[tuple[str, str, int, SpanRow, str]]:
    """.kind .name .signature .span: functions, headings, hours

    By tree-sitter for the common languages, else by headings, by time for logs, by page, slide, sheet, chapter, message
    or cell for documents that have these, by announced files and usual words for definitions in any other text, and
    last in blocks of equal size. The span's .text is the entry's name; text(entry.span) reads it.
    """
    number = host.document(doc)
    host.searched.add(number)
    found = await host.search.outline(number)
    if len(found) > MAX_PIECES:
        host.note(f"outline(): the first {MAX_PIECES:,} of {len(found):,} entries.")
    if not found or all(kind == "block" for kind, *_ in found):
        document = host.doc(number)
        kind = document.language or "plain text"
        host.note(
            f"outline(): in {document.path} ({kind}, {document.lines:,} lines) no definitions, headings or times were "
            f"recognised{'; it is cut into blocks' if found else ''}: split(pattern) cuts where you say"
        )
    return [
        (kind, name, level, host.row(Hit(span, name)), head) for kind, name, level, span, head in found[:MAX_PIECES]
    ]


@verb(returns="list[Span]", shape="spans")
async def split(host: VerbHost, separator: Pattern, within: Any = None) -> list[SpanRow]:
    """Cut the text at lines that match separator: spans that cover it in order, each starting at such a line.

    Their .text is None: text(span) reads one.
    """
    return _pieces(host, "split", await host.search.split(separator, await host.select(within)))


@verb(returns="list[Span]", shape="spans")
async def chunks(
    host: VerbHost,
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
    return _pieces(host, "chunks", await host.search.chunks(await host.select(within), size, overlap, by=by))


@verb(returns="Selection", shape="selection", everyday=13)
async def region(host: VerbHost, doc: Any, start: int | str, end: int | None = None) -> tuple[str, str]:
    """a Selection

    Lines start to end. From 1, both included; negative numbers count from the end. For `within`. Or a part of the
    outline by its name: region("paper.pdf", "page 12").
    """
    number = host.document(doc)
    if isinstance(start, str):
        span = await host.search.part_named(number, start)
    else:
        span = await host.search.line_span(number, start, start if end is None else end)
    return f"{span.doc}:{span.line}-{span.end_line}", parts_text(resolve(host.context, span))


def _pieces(host: VerbHost, call: str, spans: list[Span]) -> list[SpanRow]:
    if len(spans) > MAX_PIECES:
        host.note(f"{call}(): the first {MAX_PIECES:,} of {len(spans):,} pieces; use larger ones.")
    return [_unread(span) for span in spans[:MAX_PIECES]]


def _unread(span: Span) -> SpanRow:
    """A Span whose text stays in the server until text(span) asks for it: .text is None, so that no script takes it for
    an empty one."""
    return (span.doc, span.line, span.end_line, span.start, span.end, None, 0, 0, (), None, "", 0)
