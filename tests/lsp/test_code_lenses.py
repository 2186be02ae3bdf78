"""Code lenses: only when asked for, quick on texts of any size, and told anew when the setting changes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, document

from rlm_ls.lsp.workspace import rope
from rlm_ls.lsp.workspace.rope import Rope

URI = "file:///notes.py"
TEXT = "x = 1\n# rlm: how are retries done?\nalarm: no\n    <!-- rlm: 😀 why? -->\n# rlm:\n"
REFRESHES = {"workspace": {"codeLens": {"refreshSupport": True}}}


async def lenses(editor: Editor, uri: str = URI) -> Any:
    return await editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})


def set_to(editor: Editor, value: Any) -> None:
    editor.notify("workspace/didChangeConfiguration", {"settings": {"rlm": {"codeLens": value}}})


async def test_there_are_none_unless_they_are_asked_for(editor: Connect) -> None:
    connected = await editor()
    connected.open(URI, TEXT)
    assert await lenses(connected) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_each_question_has_one(editor: Connect, encoding: str) -> None:
    connected = await editor(options={"codeLens": True}, capabilities={"general": {"positionEncodings": [encoding]}})
    connected.open(URI, TEXT)
    first, second = await lenses(connected)
    assert first == {
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 28}},
        "command": {
            "title": "Answer this question: how are retries done?",
            "command": "rlm.server.ask",
            "arguments": [{"question": "how are retries done?", "scope": {**document(URI), "leaveOut": [1]}}],
        },
    }
    line = "    <!-- rlm: 😀 why? -->"
    widths = {"utf-8": len(line.encode()), "utf-16": len(line) + 1, "utf-32": len(line)}
    assert second["range"]["end"] == {"line": 3, "character": widths[encoding]}
    assert second["command"]["arguments"][0]["question"] == "😀 why?"
    assert await lenses(connected, "file:///not-open.py") == []


async def test_lenses_follow_the_text(editor: Connect) -> None:
    connected = await editor(options={"codeLens": True})
    connected.open(URI, TEXT)
    assert len(await lenses(connected)) == 2
    start = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    connected.change(URI, 2, {"range": start, "text": "# RLM: what is x?\n"})
    assert [lens["range"]["start"]["line"] for lens in await lenses(connected)] == [0, 2, 4]
    connected.change(URI, 3, {"text": "nothing"})
    assert await lenses(connected) == []


async def test_a_change_of_the_setting_makes_the_client_ask_again() -> None:
    async with Editor() as connected:
        connected.handlers["workspace/codeLens/refresh"] = lambda _: None
        await connected.initialize(capabilities=REFRESHES)
        connected.open(URI, TEXT)
        assert await lenses(connected) is None
        set_to(connected, True)
        await connected.message("workspace/codeLens/refresh")
        assert len(await lenses(connected)) == 2
        # Another setting is no reason.
        connected.notify(
            "workspace/didChangeConfiguration", {"settings": {"rlm": {"codeLens": True, "budget": {"turns": 3}}}}
        )
        assert len(await lenses(connected)) == 2
        assert len(connected.all("workspace/codeLens/refresh")) == 1
        set_to(connected, None)
        await connected.until(lambda: len(connected.all("workspace/codeLens/refresh")) == 2)
        assert await lenses(connected) is None


async def test_clients_that_cannot_refresh_are_not_asked_to(editor: Connect) -> None:
    connected = await editor()
    connected.open(URI, TEXT)
    assert await lenses(connected) is None
    set_to(connected, True)
    assert len(await lenses(connected)) == 2
    assert connected.all("workspace/codeLens/refresh") == []


async def test_a_bad_value_is_told_and_the_default_holds(editor: Connect) -> None:
    connected = await editor(options={"codeLens": "often"})
    message = await connected.message("window/showMessage")
    assert "codeLens" in message["message"]
    connected.open(URI, TEXT)
    assert await lenses(connected) is None


async def test_at_most_a_hundred_are_shown(editor: Connect) -> None:
    connected = await editor(options={"codeLens": True})
    connected.open(URI, "# rlm: why so?\n" * 5000)
    found = await lenses(connected)
    assert [lens["range"]["start"]["line"] for lens in found] == list(range(100))


def test_marked_lines_are_those_of_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rope, "PIECE", 16)
    monkeypatch.setattr(rope, "SMALL", 4)
    seed = random.Random(7)
    for _ in range(50):
        text = "".join(seed.choice(["rlm:", "rl", "m:", "x", "\n", "\r\n", "\r", "RLM:"]) for _ in range(60))
        edited = Rope(text, "utf-16")
        for _ in range(20):
            lines = [edited.line(number, 1000) for number in range(100)]
            holding = [number for number, line in enumerate(lines) if "rlm:" in line or "RLM:" in line]
            assert edited.marked_lines(("rlm:", "RLM:"), 1000) == holding, edited.text()
            assert edited.marked_lines(("rlm:", "RLM:"), 2) == holding[:2]
            first, last = sorted((seed.randrange(20), seed.randrange(20)))
            edited.replace((first, seed.randrange(3)), (last, 3), seed.choice(["", "rlm:", "a\nb", "m:", "\n", "\r"]))


async def test_an_answer_offers_to_look_again(editor: Connect) -> None:
    connected = await editor()
    (lens,) = await lenses(connected, "rlm:/answer/261127-101500-abc123.md")
    assert lens["command"] == {
        "title": "Look again",
        "command": "rlm.server.ask",
        "arguments": [{"again": "261127-101500-abc123"}],
    }
