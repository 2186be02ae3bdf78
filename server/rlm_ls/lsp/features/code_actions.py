"""`textDocument/codeAction`: what can be asked from a place in the text, without typing.

Answered in milliseconds whatever the size of the text: nothing is resolved, and of the text only single lines are read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rlm_ls.lsp.features.commands import ASK
from rlm_ls.lsp.features.document_links import cited_in
from rlm_ls.lsp.features.excerpts import OPEN
from rlm_ls.lsp.features.inline_questions import WIDTH, answer_command, question_in, shortened
from rlm_ls.lsp.workspace.rope import characters
from rlm_ls.lsp.workspace.surroundings import severity

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services

KIND = "source.rlm.ask"
CLIENT_ASK = "rlm.ask"
"""The palette command of clients that have an input box; its argument is `{scope}`."""
LINES = 50
"""Lines of a selection that are looked through for a question."""
LONG = 1 << 20
"""Characters from which on a text that has just been opened or changed is not waited for."""
WAIT_SECONDS = 0.05
"""Seconds that a long text may take to be read all the same."""
EXPLAINED = 3
"""Diagnostics of one place for which an explanation is offered."""
CITED = 10
"""Citations on a line of an answer whose excerpts are offered."""
LONGEST_NAME = 100
FURTHEST_NAME = 100_000
"""Characters into a line beyond which no name is looked for."""

_WORD = re.compile(r"\w+")

Offer = tuple[types.Command, types.Diagnostic | None]
"""A command, and the diagnostic that it is about."""


def register(server: LanguageServer, services: Services) -> None:
    options = types.CodeActionOptions(code_action_kinds=[KIND])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        services.diagnostics.seen(params.text_document.uri, params.range, params.context.diagnostics)
        if not wanted(params.context.only):
            return []
        literals = services.client.can("text_document.code_action.code_action_literal_support")
        return [
            types.CodeAction(command.title, kind=KIND, command=command, diagnostics=[mark] if mark else None)
            if literals
            else command
            for command, mark in await _offers(services, params)
        ]


def wanted(only: Any) -> bool:
    """Kinds are a hierarchy: asking for `source` or `source.rlm` asks for ours."""
    if not only:
        return True
    names = [str(getattr(kind, "value", kind)) for kind in only]
    return any(not name or name == KIND or KIND.startswith(name + ".") for name in names)


async def _offers(services: Services, params: types.CodeActionParams) -> list[Offer]:
    """The actions for a place, those about exactly this place first."""
    uri, (start, end) = params.text_document.uri, (params.range.start, params.range.end)
    lines = await _lines(services, params)
    if not services.client.has_commands and lines:
        places = await cited_in(services, uri, lines[0])
        if places:
            return [
                (types.Command(f"Show the lines around {label}", OPEN, arguments=[{"uri": str(address)}]), None)
                for label, address in places[:CITED]
            ]
    offers: list[Offer] = []
    asked = ((question_in(text[:WIDTH]), start.line + offset) for offset, text in enumerate(lines))
    question, line = next(((question, line) for question, line in asked if question is not None), (None, 0))
    if question is not None:
        offers.append((answer_command(question, uri, line), None))
    offers += _explanations(services, uri, params.context.diagnostics)
    name = name_at(lines[0], start.character, services.buffers.encoding) if lines and start == end else None
    if name is not None:
        about = f"What is `{name}`, where is it defined and how is it used?"
        offers.append((_asking(services, f"Ask about {name}", about, uri, start), None))
    ask = CLIENT_ASK if services.client.has_commands else ASK
    document = _document(uri)
    offers.append((types.Command("Ask about this file…", ask, arguments=[{"scope": document}]), None))
    if start != end:
        chosen = {"start": _place(start), "end": _place(end)}
        selection = {**document, "kind": "selection", "range": chosen}
        offers.append((types.Command("Ask about this selection…", ask, arguments=[{"scope": selection}]), None))
    return offers


async def _lines(services: Services, params: types.CodeActionParams) -> list[str]:
    """The range's first lines, the first one to beyond its start; none of a text that is not open, or long and not read
    yet."""
    first, at = params.range.start.line, params.range.start.character
    numbers = range(first, min(params.range.end.line, first + LINES - 1) + 1)
    limit = max(WIDTH, at + LONGEST_NAME + 1) if at <= FURTHEST_NAME else WIDTH
    uri = params.text_document.uri
    seconds = WAIT_SECONDS if services.buffers.size(uri) > LONG else None
    try:
        async with asyncio.timeout(seconds):
            return await services.buffers.lines(uri, numbers, limit)
    except TimeoutError:
        return []


def name_at(line: str, character: int, encoding: str) -> str | None:
    """The word of letters, digits and underscores that a position is in, or just behind."""
    at = characters(line, character, encoding)
    low = max(0, at - LONGEST_NAME - 1)
    for word in _WORD.finditer(line, low, at + LONGEST_NAME + 1):
        if word.start() <= at <= word.end():
            name = word[0]
            return None if name[0].isdecimal() or len(name) > LONGEST_NAME or not name.strip("_") else name
    return None


def _explanations(services: Services, uri: str, marks: Any) -> Iterator[Offer]:
    for mark in marks[:EXPLAINED]:
        title = f"Explain this diagnostic with the whole workspace: {shortened(str(mark.message), 40)}"
        yield _asking(services, title, _about(services, uri, mark), uri, mark.range.start), mark


def _about(services: Services, uri: str, mark: types.Diagnostic) -> str:
    tool = " ".join(str(part) for part in (mark.source, mark.code) if part not in (None, ""))
    kind = severity(mark.severity) + (f" of {tool}" if tool else "")
    place = f"{services.folders.name(uri)}:{mark.range.start.line + 1}"
    return (
        f"Explain this {kind} at {place}: “{shortened(str(mark.message), 1000)}” "
        "What does it mean, what in the code causes it, and how can that be mended?"
    )


def _asking(services: Services, title: str, question: str, uri: str, at: types.Position) -> types.Command:
    """The action that asks about the workspace of the document, or the document alone where there is none."""
    scope = {"kind": "workspace"} if services.folders.holds(uri) else _document(uri)
    editor = {"cursor": {"uri": uri, "position": _place(at)}}
    return types.Command(title, ASK, arguments=[{"question": question, "scope": scope, "editor": editor}])


def _document(uri: str) -> dict[str, Any]:
    return {"kind": "document", "textDocument": {"uri": uri}}


def _place(position: types.Position) -> dict[str, int]:
    return {"line": position.line, "character": position.character}
