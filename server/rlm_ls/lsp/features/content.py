"""`workspace/textDocumentContent`: answers, traces and excerpts as read-only documents of the scheme `rlm`."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types

from rlm_ls.errors import BadRequest
from rlm_ls.lsp.features import excerpts
from rlm_ls.store.rows import ANSWERS as ANSWERS

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services

_URI = re.compile(r"rlm:/{1,3}(answer|trace)/([A-Za-z0-9_-]{1,128})\.md(\?drawn)?")
"""With `?drawn` an answer is without the charts that the client shows as pictures: see `rlm/charts`."""


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        if (address := excerpts.address_of(params.uri)) is not None:
            return types.TextDocumentContentResult(await excerpts.document_text(services, address))
        match = _URI.fullmatch(unquote(params.uri))
        if match is None:
            raise BadRequest(f"{params.uri} is not a document of this server.")
        kind, run_id, drawn = match.groups()
        if kind == "answer":
            text = await services.jobs.shared(
                (kind, run_id, drawn), lambda: answer_text(services, run_id, drawn=bool(drawn))
            )
        else:
            text = await services.jobs.shared((kind, run_id), lambda: trace_text(services, run_id))
        return types.TextDocumentContentResult(text)


async def answer_text(services: Services, run_id: str, *, drawn: bool = False) -> str:
    """A stored answer as Markdown. Raises UnknownRun."""
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.trace.inert import line
    from rlm_ls.engine.trace.render import answer_markdown

    row = await engine.store.run(run_id)
    if row.answer is None:
        return f"# {line(row.question)}\n\nThis run has no answer: it is {row.status}.\n"
    kept = engine.answers.get(run_id)
    return await asyncio.to_thread(
        lambda: answer_markdown(kept or Answer.model_validate(row.answer), row.question, drawn=drawn)
    )


async def trace_text(services: Services, run_id: str) -> str:
    """A stored run, turn by turn, as Markdown. Raises UnknownRun."""
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.trace.render import trace_markdown

    row = await engine.store.run(run_id)
    return await asyncio.to_thread(trace_markdown, row, await engine.store.events(row.run_id))
