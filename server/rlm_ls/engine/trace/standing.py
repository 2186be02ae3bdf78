"""The present places of the texts that an answer cites: unchanged, moved, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.quotes import Quoted, locate_quote, nearest
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Citation
from rlm_ls.engine.citing.citing import MAX_QUOTE
from rlm_ls.engine.setup.preparation import options
from rlm_ls.errors import (
    DocumentBinary,
    DocumentDenied,
    DocumentEmpty,
    DocumentEncoding,
    DocumentMissing,
    DocumentUnreadable,
    NoDocuments,
)

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

UNREADABLE = (
    DocumentBinary, DocumentDenied, DocumentEmpty, DocumentEncoding, DocumentMissing, DocumentUnreadable, NoDocuments,
)  # fmt: skip
"""Why none of the cited documents can be read any more."""


async def standing_now(engine: Engine, citations: Sequence[Citation], buffers: Sequence[Buffer] = ()) -> list[Citation]:
    """The citations with their present place in the open texts (`buffers`) and in the files.

    `state` is "verified" where the quote is still at its place, "moved" where it is elsewhere, with the place nearest
    to the old one, and "unmatched", with the old place, where it is gone. Raises SearchTimeout.
    """
    if not citations:
        return []
    uris = tuple(dict.fromkeys(citation.uri for citation in citations))
    scope = Scope(kind="files", files=uris, buffers=tuple(buffers))
    try:
        context = await Context.take(scope, engine.pool, options(engine.settings), engine.snapshot_cache)
    except UNREADABLE:
        return [_gone(citation) for citation in citations]
    async with context:
        search = Search(context, engine.pool, engine.settings.verb_seconds)
        return [await stands(search, citation) for citation in citations]


async def stands(search: Search, citation: Citation) -> Citation:
    """One citation as it stands in the search's texts."""
    number = search.context.number(citation.uri)
    if number is None:
        return _gone(citation)
    document = search.context.documents[number]
    if document.inside or document.drawn:
        return await _inside(search, number, citation)
    whole = not (len(citation.quote) > MAX_QUOTE and citation.quote.endswith("…"))
    quoted = Quoted(
        citation.quote if whole else citation.quote[:-1],
        citation.start_utf16,
        citation.end_utf16,
        citation.start_byte,
        citation.end_byte,
        whole,
    )
    now = await locate_quote(search, number, quoted)
    lines = now.start[0] - citation.start_utf16[0], now.end[0] - citation.end_utf16[0]
    return citation.model_copy(
        update={
            "line": citation.line + lines[0],
            "end_line": citation.end_line + lines[1],
            "start_byte": now.start_byte,
            "end_byte": now.end_byte,
            "start_utf16": now.start,
            "end_utf16": now.end,
            "version": search.context.documents[number].version,
            "state": now.state,
        }
    )


async def _inside(search: Search, number: int, citation: Citation) -> Citation:
    """Of a text that is inside a file, which has no positions for an editor: by its bytes."""
    document = search.context.documents[number]
    quote = citation.quote.removesuffix("…") if len(citation.quote) > MAX_QUOTE else citation.quote
    now = await nearest(search, number, quote, citation.start_byte)
    if now is None:
        return _gone(citation)
    start = now[0]
    end = start + citation.end_byte - citation.start_byte
    (span,) = await search.spans_at(number, [(start, end)])
    end_line = max(span.end_line, span.line + citation.end_line - citation.line)
    return citation.model_copy(
        update={
            "line": span.line,
            "end_line": end_line,
            "place": document.place(span.line, end_line),
            "start_byte": start,
            "end_byte": end,
            "version": document.version,
            **({"start_utf16": (span.line - 1, 0), "end_utf16": (end_line, 0)} if document.drawn else {}),
            "state": "verified" if start == citation.start_byte else "moved",
        }
    )


def _gone(citation: Citation) -> Citation:
    return citation.model_copy(update={"version": None, "state": "unmatched"})
