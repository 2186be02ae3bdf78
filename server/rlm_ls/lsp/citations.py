"""`rlm/citations`: where the texts that an answer cites stand now. They move as the documents are edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rlm_ls.errors import (
    DocumentBinary,
    DocumentDenied,
    DocumentEmpty,
    DocumentEncoding,
    DocumentMissing,
    DocumentUnreadable,
    NoDocuments,
)
from rlm_ls.lsp import wire
from rlm_ls.lsp.answers import wire_citation

if TYPE_CHECKING:
    from rlm_ls.context.search import Search
    from rlm_ls.engine.answer import Citation
    from rlm_ls.engine.engine import Engine
    from rlm_ls.lsp.server import RlmServer

UNREADABLE = (
    DocumentBinary, DocumentDenied, DocumentEmpty, DocumentEncoding, DocumentMissing, DocumentUnreadable, NoDocuments,
)  # fmt: skip
"""Why none of the cited documents can be read any more."""


def register(server: RlmServer) -> None:
    @server.feature(wire.CITATIONS)
    async def request(params: wire.RunParams) -> list[dict[str, Any]]:
        _, now = await citations_now(server, params.run_id)
        return [await wire_citation(server, citation) for citation in now]


async def citations_now(server: RlmServer, run_id: str) -> tuple[Sequence[Citation], Sequence[Citation]]:
    """The citations of a stored answer, and the same as they stand in the open texts and the files of this moment.

    `state` is "verified" where the quote is still at its place, "moved" where it is elsewhere, with the place nearest
    to the old one, and "unmatched", with the old place, where it is gone. Raises UnknownRun and SearchTimeout.
    """
    engine = await server.door.engine()
    from rlm_ls.engine.answer import Answer

    row = await engine.store.run(run_id)
    citations = Answer.model_validate(row.answer).citations if row.answer is not None else ()
    return citations, await _standing(server, engine, citations) if citations else ()


async def _standing(server: RlmServer, engine: Engine, citations: Sequence[Citation]) -> list[Citation]:
    from rlm_ls.context.scope import Scope
    from rlm_ls.context.search import Search
    from rlm_ls.context.snapshot import Context
    from rlm_ls.engine.preparation import options

    uris = tuple(dict.fromkeys(citation.uri for citation in citations))
    scope = Scope(kind="files", files=uris, buffers=await server.buffers.snapshot(uris))
    try:
        context = await Context.take(scope, engine.pool, options(engine.settings), engine.shelf)
    except UNREADABLE:
        return [_gone(citation) for citation in citations]
    async with context:
        search = Search(context, engine.pool, engine.settings.verb_seconds)
        return [await _now(search, citation) for citation in citations]


async def _now(search: Search, citation: Citation) -> Citation:
    from rlm_ls.context.quotes import Quoted, standing
    from rlm_ls.engine.submission import MAX_QUOTE

    number = search.context.number(citation.uri)
    if number is None:
        return _gone(citation)
    whole = not (len(citation.quote) > MAX_QUOTE and citation.quote.endswith("…"))
    quoted = Quoted(
        citation.quote if whole else citation.quote[:-1],
        citation.start_utf16,
        citation.end_utf16,
        citation.start_byte,
        citation.end_byte,
        whole,
    )
    now = await standing(search, number, quoted)
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


def _gone(citation: Citation) -> Citation:
    return citation.model_copy(update={"version": None, "state": "unmatched"})
