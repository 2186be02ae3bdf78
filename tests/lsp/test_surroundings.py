"""What the user sees beside the text reaches the engine with the question; and the files that changed on the disk."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.editor import Connect, Editor, document, eventually

from rlm_ls.lsp.workspace.edits import RecentEdits

PATCHED = """
import dataclasses, json, sys
from rlm_ls.engine.engine import Engine
report = open(sys.argv.pop(), "a", buffering=1)
ask = Engine.ask
def listening(self, request, *more, **keywords):
    print(json.dumps(dataclasses.asdict(request.surroundings)), file=report)
    return ask(self, request, *more, **keywords)
Engine.ask = listening
Engine.changed = lambda self, paths: print(json.dumps(paths), file=report)
from rlm_ls.__main__ import main
main()
"""
"""The real server, whose engine also writes down what it is told."""

QUESTION = "How many lines contain x?"


class Listening:
    def __init__(self, editor: Editor, report: Path, folder: Path) -> None:
        self.editor = editor
        self.report = report
        self.uri = (folder / "a.txt").as_uri()
        self.other = (folder / "b.txt").as_uri()

    def told(self) -> list[Any]:
        return [json.loads(line) for line in self.report.read_text().splitlines()]

    async def ask(self, **more: Any) -> dict[str, Any]:
        await self.editor.request("rlm/ask", {"question": QUESTION, "scope": document(self.uri), **more})
        surroundings: dict[str, Any] = self.told()[-1]
        return surroundings

    async def act(self, *marks: dict[str, Any], at: tuple[int, int], uri: str = "") -> None:
        """The editor asks for code actions, as it does wherever the cursor goes."""
        params = {"textDocument": {"uri": uri or self.uri}, "range": place(*at), "context": {"diagnostics": marks}}
        await self.editor.request("textDocument/codeAction", params)


@pytest.fixture
def connect(stack: AsyncExitStack, tmp_path: Path) -> Connect:
    async def begin(**keywords: Any) -> Listening:
        report = tmp_path / "report"
        report.touch()
        command = [sys.executable, "-c", PATCHED, str(report)]
        editor = await stack.enter_async_context(Editor(command=command))
        await editor.initialize(**keywords)
        return Listening(editor, report, tmp_path)

    return begin


def place(line: int, end_line: int | None = None, start: int = 0, end: int = 0) -> dict[str, Any]:
    last = line if end_line is None else end_line
    return {"start": {"line": line, "character": start}, "end": {"line": last, "character": end}}


def mark(line: int, message: str, **more: Any) -> dict[str, Any]:
    return {"range": place(line), "message": message, **more}


async def test_open_texts_and_edits_are_noted_newest_first(connect: Connect) -> None:
    here = await connect()
    here.editor.open(here.uri, "x\n" * 50)
    here.editor.open(here.other, "x\n" * 50)
    here.editor.open("rlm:/answer/1.md", "x\n")
    here.editor.change(here.uri, 2, {"range": place(30), "text": "y"})
    here.editor.change(here.uri, 3, {"range": place(10, 12), "text": "1\n2\n3\n4\n5\n"})
    seen = await here.ask()
    assert seen["open"] == [here.uri, here.other]
    # The older edit is where it is now: 3 lines further down.
    assert [(edit["uri"], edit["line"], edit["end_line"]) for edit in seen["edits"]] == [
        (here.uri, 10, 15),
        (here.uri, 33, 33),
    ]
    here.editor.notify("textDocument/didClose", {"textDocument": {"uri": here.uri}})
    Path(here.report.parent / "a.txt").write_text("x\n")
    seen = await here.ask()
    assert (seen["open"], seen["edits"], seen["cursor"]) == ([here.other], [], None)


async def test_diagnostics_passed_along_are_kept_until_the_text_changes_or_closes(connect: Connect) -> None:
    here = await connect()
    here.editor.open(here.uri, "x\n" * 9)
    here.editor.open(here.other, "x\n")
    await here.act(mark(1, "soft", severity=2, source="lint", code=7), at=(1, 1))
    await here.act(mark(4, "hard", severity=1, code="E1"), at=(4, 4))
    await here.act(mark(0, "elsewhere"), at=(0, 0), uri=here.other)
    marks = (await here.ask())["diagnostics"]
    assert [(one["severity"], one["message"], one["line"]) for one in marks] == [
        ("error", "hard", 4),
        ("error", "elsewhere", 0),
        ("warning", "soft", 1),
    ]
    assert (marks[2]["source"], marks[2]["code"], marks[0]["code"]) == ("lint", "7", "E1")
    # Asked again about the same lines, the client has nothing there any more.
    await here.act(at=(3, 5))
    assert [one["message"] for one in (await here.ask())["diagnostics"]] == ["elsewhere", "soft"]
    here.editor.change(here.uri, 2, {"range": place(0), "text": "y"})
    assert [one["message"] for one in (await here.ask())["diagnostics"]] == ["elsewhere"]
    here.editor.notify("textDocument/didClose", {"textDocument": {"uri": here.other}})
    assert (await here.ask())["diagnostics"] == []


async def test_what_the_question_brings_wins_over_what_was_noted(connect: Connect) -> None:
    here = await connect()
    here.editor.open(here.uri, "x\n")
    await here.act(mark(0, "noted"), at=(0, 0))
    brought = [{"uri": here.other, "diagnostics": [mark(3, "brought", severity=3, tags=[1])]}]
    cursor = {"uri": here.uri, "position": {"line": 0, "character": 1}}
    seen = await here.ask(editor={"cursor": cursor, "openFiles": [here.other], "diagnostics": brought})
    assert seen["cursor"] == [here.uri, 0, 1]
    assert seen["open"] == [here.other]
    assert [(one["uri"], one["severity"], one["message"]) for one in seen["diagnostics"]] == [
        (here.other, "information", "brought")
    ]
    assert (await here.ask(editor={"openFiles": [], "diagnostics": []}))["diagnostics"] == []


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 9), ("utf-16", 5), ("utf-32", 3)])
async def test_the_cursor_is_converted_from_the_negotiated_encoding(
    connect: Connect, encoding: str, character: int
) -> None:
    here = await connect(capabilities={"general": {"positionEncodings": [encoding]}})
    here.editor.open(here.uri, "x\n😀😀x y\n")
    cursor = {"uri": here.uri, "position": {"line": 1, "character": character}}
    assert (await here.ask(editor={"cursor": cursor}))["cursor"] == [here.uri, 1, 5]
    # A change right behind the question is not part of it: neither for the cursor nor for the edits.
    asked = asyncio.ensure_future(here.ask(editor={"cursor": cursor}))
    await asyncio.sleep(0)
    here.editor.change(here.uri, 2, {"range": place(0, 1), "text": ""})
    seen = await asked
    assert (seen["cursor"], seen["edits"]) == ([here.uri, 1, 5], [])


async def test_files_that_changed_are_passed_on_to_an_engine_that_is_there(connect: Connect) -> None:
    can = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    here = await connect(capabilities=can)
    asked = await here.editor.message("client/registerCapability")
    (registration,) = asked["registrations"]
    assert registration["method"] == "workspace/didChangeWatchedFiles"
    assert registration["registerOptions"] == {"watchers": [{"globPattern": "**/*"}]}
    changes = {"changes": [{"uri": here.uri, "type": 2}, {"uri": "untitled:x", "type": 1}]}
    here.editor.notify("workspace/didChangeWatchedFiles", changes)
    here.editor.open(here.uri, "x\n")
    await here.ask()
    assert len(here.told()) == 1
    here.editor.notify("workspace/didChangeWatchedFiles", changes)
    await eventually(lambda: len(here.told()) == 2)
    assert here.told()[1] == [str(here.report.parent / "a.txt")]


async def test_clients_that_cannot_watch_are_not_asked_to(editor: Connect) -> None:
    connected = await editor()
    await connected.request("rlm/stop", {"runId": "none"})
    assert connected.all("client/registerCapability") == []


def edit(edits: RecentEdits, first: int, last: int, text: str, uri: str = "file:///a") -> None:
    partial = types.TextDocumentContentChangePartial(
        types.Range(types.Position(first, 0), types.Position(last, 0)), text
    )
    identity = types.VersionedTextDocumentIdentifier(1, uri)
    edits.changed(types.DidChangeTextDocumentParams(identity, [partial]))


def lines(edits: RecentEdits) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in edits.newest_first()]


def test_typing_in_one_place_is_one_edit() -> None:
    edits = RecentEdits()
    for text in ("a", "b", "\n", "c"):
        edit(edits, 5, 5, text)
    assert lines(edits) == [(5, 6)]
    edit(edits, 7, 7, "x")
    assert lines(edits) == [(5, 7)]
    edit(edits, 9, 9, "x")
    assert lines(edits) == [(9, 9), (5, 7)]


def test_edits_keep_their_lines_when_others_move_them() -> None:
    edits = RecentEdits()
    edit(edits, 50, 50, "x")
    edit(edits, 90, 90, "x", uri="file:///b")
    edit(edits, 10, 20, "")
    assert lines(edits) == [(10, 10), (90, 90), (40, 40)]
    edit(edits, 0, 45, "\r\n\r\n")
    assert lines(edits) == [(0, 2), (90, 90)]


def test_an_edit_within_an_older_one_widens_it() -> None:
    edits = RecentEdits()
    edit(edits, 10, 10, "\n" * 20)
    edit(edits, 15, 15, "\n\n")
    assert lines(edits) == [(10, 32)]
    edit(edits, 12, 14, "")
    assert lines(edits) == [(10, 30)]


def test_only_the_last_twenty_are_kept() -> None:
    edits = RecentEdits()
    for line in range(0, 100, 4):
        edit(edits, line, line, "x")
    assert lines(edits)[0] == (96, 96)
    assert len(lines(edits)) == 20


def test_a_text_that_is_replaced_or_closed_has_no_edits() -> None:
    edits = RecentEdits()
    edit(edits, 1, 1, "x")
    edit(edits, 1, 1, "x", uri="file:///b")
    whole = types.TextDocumentContentChangeWholeDocument("new")
    identity = types.VersionedTextDocumentIdentifier(2, "file:///a")
    edits.changed(types.DidChangeTextDocumentParams(identity, [whole]))
    assert [one.uri for one in edits.newest_first()] == ["file:///b"]
    edits.closed("file:///b")
    assert lines(edits) == []
