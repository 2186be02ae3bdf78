"""`textDocument/codeAction`: "Ask about this file…", "Ask about this selection…", "Answer this question: …".

Answered in milliseconds whatever the size of the text: nothing is resolved, and of the text only single lines are read.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rlm_ls.lsp.commands import ASK

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer

KIND = "source.rlm.ask"
CLIENT_ASK = "rlm.ask"
"""The palette command of clients that have an input box; its argument is `{scope}`."""
LINES = 50
"""Lines of a selection that are looked through for a question."""
WIDTH = 2000
PATIENCE = 0.05
"""Seconds that the text may take to be read; a text that has just been opened or changed a lot may take longer."""

_QUESTION = re.compile(r"(?:^|\W)rlm:[ \t]+(?P<question>\S.{2,})", re.IGNORECASE)
_CLOSERS = re.compile(r"\s*(?:\*/|-->|\*\)|#\}|%>|\"\"\"|''')\s*$")


def register(server: RlmServer) -> None:
    options = types.CodeActionOptions(code_action_kinds=[KIND])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        if not wanted(params.context.only):
            return []
        literals = server.client.can("text_document.code_action.code_action_literal_support")
        return [
            types.CodeAction(command.title, kind=KIND, command=command) if literals else command
            for command in await _commands(server, params)
        ]


def wanted(only: Any) -> bool:
    """Kinds are a hierarchy: asking for `source` or `source.rlm` asks for ours."""
    if not only:
        return True
    names = [str(getattr(kind, "value", kind)) for kind in only]
    return any(not name or name == KIND or KIND.startswith(name + ".") for name in names)


async def _commands(server: RlmServer, params: types.CodeActionParams) -> list[types.Command]:
    document = {"kind": "document", "textDocument": {"uri": params.text_document.uri}}
    commands = []
    question = await _question(server, params)
    if question is not None:
        title = f"Answer this question: {question if len(question) <= 60 else question[:59] + '…'}"
        commands.append(types.Command(title, ASK, arguments=[{"question": question, "scope": document}]))
    ask = CLIENT_ASK if server.client.has_commands else ASK
    commands.append(types.Command("Ask about this file…", ask, arguments=[{"scope": document}]))
    start, end = params.range.start, params.range.end
    if (start.line, start.character) != (end.line, end.character):
        chosen = {
            "start": {"line": start.line, "character": start.character},
            "end": {"line": end.line, "character": end.character},
        }
        selection = {**document, "kind": "selection", "range": chosen}
        commands.append(types.Command("Ask about this selection…", ask, arguments=[{"scope": selection}]))
    return commands


async def _question(server: RlmServer, params: types.CodeActionParams) -> str | None:
    first = params.range.start.line
    numbers = range(first, min(params.range.end.line, first + LINES - 1) + 1)
    try:
        async with asyncio.timeout(PATIENCE):
            lines = await server.buffers.lines(params.text_document.uri, numbers, WIDTH)
    except TimeoutError:
        return None
    return next((found for line in lines if (found := question_in(line)) is not None), None)


def question_in(line: str) -> str | None:
    """The question of a line such as `# rlm: how are retries done?`, in any language's comment or in none."""
    match = _QUESTION.search(line)
    if match is None:
        return None
    return _CLOSERS.sub("", match["question"]).strip() or None
