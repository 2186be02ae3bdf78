"""Code actions: which are offered, where, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, document

from rlm_ls.lsp.code_actions import question_in, wanted

LITERALS = {"textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}}
URI = "file:///notes.py"


async def actions(editor: Editor, start: tuple[int, int], end: tuple[int, int], **context: Any) -> list[dict[str, Any]]:
    place = {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }
    params = {"textDocument": {"uri": URI}, "range": place, "context": {"diagnostics": [], **context}}
    offered: list[dict[str, Any]] = await editor.request("textDocument/codeAction", params)
    return offered


async def test_the_file_is_always_offered_and_the_selection_when_there_is_one(editor: Connect) -> None:
    connected = await editor(capabilities=LITERALS)
    connected.open(URI, "x = 1\n")
    assert [action["title"] for action in await actions(connected, (0, 1), (0, 1))] == ["Ask about this file…"]
    file, selection = await actions(connected, (0, 1), (0, 3))
    assert file["kind"] == selection["kind"] == "source.rlm.ask"
    assert file["command"]["command"] == "rlm.server.ask"
    assert file["command"]["arguments"] == [{"scope": document(URI)}]
    assert selection["title"] == "Ask about this selection…"
    scope = selection["command"]["arguments"][0]["scope"]
    assert (scope["kind"], scope["range"]["end"]) == ("selection", {"line": 0, "character": 3})


async def test_a_question_written_in_the_text_is_offered_first(editor: Connect) -> None:
    connected = await editor(capabilities=LITERALS)
    connected.open(URI, "x = 1\nretry()\n")
    insert = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}
    connected.change(URI, 2, {"range": insert, "text": "# rlm: how are retries done?\n"})
    first, *_ = await actions(connected, (0, 0), (2, 0))
    assert first["title"] == "Answer this question: how are retries done?"
    assert first["command"]["arguments"] == [{"question": "how are retries done?", "scope": document(URI)}]
    assert len(await actions(connected, (2, 0), (2, 0))) == 1


async def test_clients_with_an_input_box_get_their_own_command(editor: Connect) -> None:
    for how in (
        {"options": {"clientCommands": True}, "capabilities": LITERALS},
        {"capabilities": {**LITERALS, "experimental": {"rlm": {"commands": True}}}},
    ):
        connected = await editor(**how)
        connected.open(URI, "# rlm: why so?\n")
        answer, file = await actions(connected, (0, 0), (0, 0))
        assert answer["command"]["command"] == "rlm.server.ask"
        assert file["command"]["command"] == "rlm.ask"


async def test_clients_without_code_action_literals_get_commands(editor: Connect) -> None:
    connected = await editor()
    assert await actions(connected, (0, 0), (0, 0)) == [
        {"title": "Ask about this file…", "command": "rlm.server.ask", "arguments": [{"scope": document(URI)}]}
    ]


async def test_other_kinds_are_not_answered(editor: Connect) -> None:
    connected = await editor(capabilities=LITERALS)
    assert await actions(connected, (0, 0), (0, 0), only=["quickfix"]) == []
    assert await actions(connected, (0, 0), (0, 0), only=["source.organizeImports"]) == []
    assert len(await actions(connected, (0, 0), (0, 0), only=["quickfix", "source"])) == 1


def test_kinds_are_a_hierarchy() -> None:
    assert wanted(None)
    assert wanted([])
    assert wanted(["source.rlm"])
    assert wanted(["source.rlm.ask"])
    assert not wanted(["source.rlm.ask.more"])
    assert not wanted(["sour"])


@pytest.mark.parametrize(
    "line",
    [
        "# rlm: how are retries done?",
        "    // RLM:  how are retries done?  ",
        "/* rlm: how are retries done? */",
        "<!-- rlm: how are retries done? -->",
        "x = 1  # rlm: how are retries done?",
        "(* rlm: how are retries done? *)",
        "-- rlm: how are retries done?",
        "rlm: how are retries done?",
        "% rlm:\thow are retries done?",
        '"""rlm: how are retries done?"""',
    ],
)
def test_a_question_is_found_in_any_comment(line: str) -> None:
    assert question_in(line) == "how are retries done?"


@pytest.mark.parametrize("line", ["", "alarm: what?", "rlm:/answer/1.md", "# rlm:", "# rlm: ?", "realm: x y z"])
def test_what_is_no_question(line: str) -> None:
    assert question_in(line) is None
