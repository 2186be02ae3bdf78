"""`workspace/textDocumentContent`: answers and traces as read-only documents of the scheme `rlm`."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types

from rlm_ls.errors import BadRequest
from rlm_ls.store.rows import ANSWERS as ANSWERS

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer

_URI = re.compile(r"rlm:/{1,3}(answer|trace)/([A-Za-z0-9_-]{1,128})\.md")


def register(server: RlmServer) -> None:
    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        match = _URI.fullmatch(unquote(params.uri))
        if match is None:
            raise BadRequest(f"{params.uri} is not a document of this server.")
        kind, run_id = match.groups()
        made = answer_text if kind == "answer" else trace_text
        text = await server.jobs.shared((kind, run_id), lambda: made(server, run_id))
        return types.TextDocumentContentResult(text)


async def answer_text(server: RlmServer, run_id: str) -> str:
    """A stored answer as Markdown. Raises UnknownRun."""
    engine = await server.door.engine()
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.inert import line
    from rlm_ls.engine.render import answer_markdown

    row = await engine.store.run(run_id)
    if row.answer is None:
        return f"# {line(row.question)}\n\nThis run has no answer: it is {row.status}.\n"
    kept = engine.answers.get(run_id)
    return await asyncio.to_thread(lambda: answer_markdown(kept or Answer.model_validate(row.answer), row.question))


async def trace_text(server: RlmServer, run_id: str) -> str:
    """A stored run, turn by turn, as Markdown. Raises UnknownRun."""
    engine = await server.door.engine()
    from rlm_ls.engine.render import trace_markdown

    row = await engine.store.run(run_id)
    return await asyncio.to_thread(trace_markdown, row, await engine.store.events(row.run_id))
