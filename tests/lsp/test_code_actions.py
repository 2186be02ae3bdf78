"""Code actions: which are offered, where, and to whom."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.editor import Connect, Editor, document
from tests.patience import PATIENCE

from rlm_ls.lsp.features.code_actions import LONG, _lines, name_at, wanted
from rlm_ls.lsp.features.inline_questions import question_in
from rlm_ls.lsp.workspace.buffers import Buffers

LITERALS = {"textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}}
URI = "file:///notes.py"


async def actions(
    editor: Editor, start: tuple[int, int], end: tuple[int, int], *, uri: str = URI, **context: Any
) -> list[dict[str, Any]]:
    place = {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }
    params = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": [], **context}}
    offered: list[dict[str, Any]] = await editor.request("textDocument/codeAction", params)
    return offered


async def test_the_file_is_always_offered_and_the_selection_when_there_is_one(editor: Connect) -> None:
    connected = await editor(capabilities=LITERALS)
    connected.open(URI, "x = 1\n")
    assert [action["title"] for action in await actions(connected, (0, 2), (0, 2))] == ["Ask about this file…"]
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
    assert first["command"]["arguments"] == [
        {"question": "how are retries done?", "scope": {**document(URI), "leaveOut": [1]}}
    ]
    assert len(await actions(connected, (0, 2), (0, 2))) == 1


async def test_a_short_text_is_waited_for_and_a_long_one_is_not() -> None:
    buffers, go_on = Buffers(), threading.Event()
    services: Any = SimpleNamespace(buffers=buffers)
    busy = buffers._thread.submit(go_on.wait, PATIENCE)

    def first_line(name: str, text: str) -> asyncio.Task[list[str]]:
        buffers.opened(types.TextDocumentItem(name, "plaintext", 1, text))
        start = types.Position(0, 0)
        place = types.TextDocumentIdentifier(name), types.Range(start, start), types.CodeActionContext([])
        return asyncio.create_task(_lines(services, types.CodeActionParams(*place)))

    short, long = first_line("untitled:short", "short\n"), first_line("untitled:long", "long\n" * LONG)
    assert await long == []
    assert not short.done()
    go_on.set()
    assert await short == ["short"]
    assert busy.result()
    assert await first_line("untitled:long", "read by now\n") == ["read by now"]
    buffers.close()


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


async def test_a_name_under_the_cursor_can_be_asked_about(editor: Connect, tmp_path: Path) -> None:
    uri = (tmp_path / "notes.py").as_uri()
    connected = await editor(capabilities=LITERALS)
    connected.open(uri, "x = größe_2(😀 + naïve) # 12\n")
    named = {at: await names(connected, uri, at) for at in (3, 4, 8, 11, 12, 14, 17, 21, 27)}
    assert named == {
        3: [],
        4: ["größe_2"],
        8: ["größe_2"],
        11: ["größe_2"],
        12: [],
        14: [],
        17: ["naïve"],
        21: ["naïve"],
        27: [],
    }
    action = (await actions(connected, (0, 5), (0, 5), uri=uri))[0]
    (argument,) = action["command"]["arguments"]
    assert argument == {
        "question": "What is `größe_2`, where is it defined and how is it used?",
        "scope": document(uri),
        "editor": {"cursor": {"uri": uri, "position": {"line": 0, "character": 5}}},
    }
    folder = {"uri": tmp_path.as_uri(), "name": "root"}
    connected.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    action = (await actions(connected, (0, 5), (0, 5), uri=uri))[0]
    assert action["command"]["arguments"][0]["scope"] == {"kind": "workspace"}
    # What lies outside of the folders is not in the workspace.
    connected.open(URI, "retry()")
    action = (await actions(connected, (0, 0), (0, 0)))[0]
    assert action["command"]["arguments"][0]["scope"] == document(URI)


async def names(editor: Editor, uri: str, at: int) -> list[str]:
    titles = [action["title"] for action in await actions(editor, (0, at), (0, at), uri=uri)]
    return [title.removeprefix("Ask about ") for title in titles if not title.endswith("…")]


async def test_each_diagnostic_can_be_explained(editor: Connect, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    uri = (tmp_path / "src" / "a b.py").as_uri()
    connected = await editor(capabilities=LITERALS, folders=[tmp_path])
    connected.open(uri, "total = price\n")
    place = {"start": {"line": 0, "character": 8}, "end": {"line": 0, "character": 13}}
    marks = [
        {
            "range": place,
            "message": "“price” is not\n  defined",
            "severity": 1,
            "source": "pyright",
            "code": "undefined",
        },
        *({"range": place, "message": f"other {n}"} for n in range(4)),
    ]
    offered = await actions(connected, (0, 8), (0, 13), uri=uri, diagnostics=marks)
    explanations = [action for action in offered if action["title"].startswith("Explain this diagnostic")]
    assert len(explanations) == 3
    first = explanations[0]
    assert first["title"] == "Explain this diagnostic with the whole workspace: “price” is not defined"
    assert first["diagnostics"] == marks[:1]
    assert first["kind"] == "source.rlm.ask"
    (argument,) = first["command"]["arguments"]
    assert argument["question"].startswith(
        "Explain this error of pyright undefined at src/a b.py:1: ““price” is not defined” What "
    )
    assert argument["scope"] == {"kind": "workspace"}
    assert argument["editor"]["cursor"] == {"uri": uri, "position": place["start"]}
    # Commands alone, for clients that know nothing else, run as they are.
    (tmp_path / "src" / "a b.py").write_text("total = price\n")
    answer = await connected.request(
        "workspace/executeCommand", {"command": first["command"]["command"], "arguments": [argument]}
    )
    assert answer["coverage"]["documents"] == 1


async def test_nothing_is_ever_published_as_a_diagnostic(editor: Connect, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("apple\n")
    connected = await editor(capabilities=LITERALS)
    connected.open(path.as_uri(), "apple\n")
    await connected.request("rlm/ask", {"question": "Which lines contain apple?", "scope": document(path.as_uri())})
    assert "diagnosticProvider" not in connected.initialized["capabilities"]
    assert connected.all("textDocument/publishDiagnostics") == []


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


@pytest.mark.parametrize(
    ("line", "character", "encoding", "name"),
    [
        ("a.b", 0, "utf-16", "a"),
        ("a.b", 1, "utf-16", "a"),
        ("a.b", 3, "utf-16", "b"),
        ("a.b", 99, "utf-16", "b"),
        ("", 0, "utf-16", None),
        ("x42 42 4x", 5, "utf-16", None),
        ("__ _", 1, "utf-16", None),
        ("😀 名前", 5, "utf-8", "名前"),
        ("😀 名前", 3, "utf-16", "名前"),
        ("😀 名前", 2, "utf-32", "名前"),
        ("y" * 101, 50, "utf-16", None),
        ("y" * 100, 100, "utf-16", "y" * 100),
        ("y" * 3000, 2000, "utf-16", None),
    ],
)
def test_the_name_at_a_position(line: str, character: int, encoding: str, name: str | None) -> None:
    assert name_at(line, character, encoding) == name
