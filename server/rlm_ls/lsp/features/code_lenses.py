"""`textDocument/codeLens`: "Answer this question" above each question in the text, if the user has set `codeLens`;
the ways on from an excerpt, and "Look again" above an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from rlm_ls.lsp.features import excerpts
from rlm_ls.lsp.features.commands import ASK
from rlm_ls.lsp.features.inline_questions import MARKS, WIDTH, answer_command, question_in
from rlm_ls.lsp.workspace.rope import units

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services
    from rlm_ls.settings.sections import Settings

ANSWER = re.compile(r"rlm:/{1,2}answer/([0-9A-Za-z-]{1,64})\.md")
TOP = types.Range(types.Position(0, 0), types.Position(0, 0))

MOST = 100
"""Lines of one text that are looked at; beyond that its author means something else by them."""


def register(server: LanguageServer, services: Services) -> None:
    answered: bool | None = None
    """The setting as it was for the last answer."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        nonlocal answered
        if (address := excerpts.address_of(params.text_document.uri)) is not None:
            return await excerpts.lenses(services, address)
        if (answer := ANSWER.fullmatch(params.text_document.uri)) is not None:
            return [types.CodeLens(TOP, types.Command("Look again", ASK, arguments=[{"again": answer[1]}]))]
        answered = (await services.configuration.current()).code_lens
        return await code_lenses(services, params.text_document.uri) if answered else None

    def loaded(settings: Settings) -> None:
        if answered is not None and settings.code_lens != answered:
            services.client.refresh_code_lenses()

    services.configuration.on_load = loaded


async def code_lenses(services: Services, uri: str) -> list[types.CodeLens]:
    """One for each question of an open text; none of a text that is not open."""
    lenses = []
    for number, line in await services.buffers.marked_lines(uri, MARKS, MOST, WIDTH):
        question = question_in(line)
        if question is not None:
            end = types.Position(number, units(line, services.buffers.encoding))
            place = types.Range(types.Position(number, 0), end)
            lenses.append(types.CodeLens(place, answer_command(question, uri, number)))
    return lenses
