"""What differs from client to client: position encodings, progress, endpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document, settings_for

PROGRESS = {"window": {"workDoneProgress": True}}
QUESTION = "How many lines contain ERROR?"
WIDTHS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
}


@pytest.fixture
def log(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\nERROR three\n")
    return document(path.as_uri())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_positions_are_those_of_the_negotiated_encoding(
    editor: Connect, models: Connect, tmp_path: Path, encoding: str
) -> None:
    width = WIDTHS[encoding]
    text = "é😀 target\n😀😀é target 😀 target\nlast\n"
    line = text.split("\n")[1]
    path = tmp_path / "wide.txt"
    path.write_text(text, encoding="utf-8")
    find = "```python\nhits = regex('target')\nsubmit(str(len(hits)), cite=hits)\n```"
    server = await models([find, find])
    connected = await editor(
        options=settings_for(server.base_url), capabilities={"general": {"positionEncodings": [encoding]}}
    )
    assert connected.initialized["capabilities"]["positionEncoding"] == encoding
    place = {
        "start": {"line": 1, "character": width("😀😀")},
        "end": {"line": 1, "character": width("😀😀é target ")},
    }
    selection = {**document(path.as_uri()), "kind": "selection", "range": place}
    for opened in (False, True):
        if opened:
            connected.open(path.as_uri(), text)
        answer = await connected.request("rlm/ask", {"question": "q", "scope": selection})
        # The selection leaves out the first line and the second "target" of its own.
        assert answer["answer"] == "1", answer
        (citation,) = answer["citations"]
        found = citation["location"]["range"]
        assert found["start"]["line"] == found["end"]["line"] == 1
        columns = [width(line[:n]) for n in range(len(line) + 1)]
        first, last = columns.index(found["start"]["character"]), columns.index(found["end"]["character"])
        assert line[first:last] == citation["quote"]
        assert "target" in citation["quote"]


async def test_without_a_model_the_offline_rules_answer_and_cite(editor: Connect, log: dict[str, Any]) -> None:
    connected = await editor()
    answer = await connected.request("rlm/ask", {"question": QUESTION, "scope": log})
    assert (answer["status"], answer["modelKind"]) == ("answered", "offline")
    assert "2" in answer["answer"]
    for citation in answer["citations"]:
        place = {"location", "path", "line", "endLine", "inside", "place"}
        assert set(citation) == place | {"quote", "version", "state", "opens", "excerpt", "excerptLine", "charted"}
        assert citation["location"]["uri"] == log["textDocument"]["uri"]
        assert citation["state"] == "verified"
    # Nobody gets events who did not ask for them.
    assert connected.all("rlm/event") == []


async def test_a_workspace_question_needs_a_folder(editor: Connect) -> None:
    connected = await editor()
    for scope in ({"kind": "workspace"}, {"kind": "files", "include": ["*.log"]}):
        with pytest.raises(RpcError) as caught:
            await connected.request("rlm/ask", {"question": "x", "scope": scope})
        assert caught.value.code == 4002
        assert "folder" in caught.value.message


async def test_progress_begins_before_the_engine_is_there(editor: Connect, log: dict[str, Any]) -> None:
    connected = await editor()
    _, answer = connected.start("rlm/ask", {"question": QUESTION, "scope": log, "workDoneToken": 7})
    await connected.until(lambda: connected.progress(7))
    # The engine's import takes longer than this whole exchange, and the server hears during it.
    assert await connected.request("rlm/stop", {"runId": "none"}) == {"stopped": False}
    assert not answer.done()
    await answer


async def test_trap_the_server_makes_tokens_that_are_never_used_twice(editor: Connect, log: dict[str, Any]) -> None:
    connected = await editor(capabilities=PROGRESS)
    for _ in range(2):
        await connected.request("rlm/ask", {"question": QUESTION, "scope": log})
    tokens = [created["token"] for created in connected.all("window/workDoneProgress/create")]
    assert len(set(tokens)) == 2
    for token in tokens:
        kinds = [value["kind"] for value in connected.progress(token)]
        assert (kinds[0], kinds[-1]) == ("begin", "end")


@pytest.mark.parametrize("how", ["no capability", "refused", "never answered"])
async def test_no_progress_where_the_client_shows_none(log: dict[str, Any], how: str) -> None:
    async with Editor() as connected:
        if how == "refused":
            del connected.handlers["window/workDoneProgress/create"]
        if how == "never answered":
            connected._answer = lambda message: None  # type: ignore[method-assign, assignment]
        await connected.initialize(capabilities={} if how == "no capability" else PROGRESS)
        answer = await connected.request("rlm/ask", {"question": QUESTION, "scope": log})
        assert answer["status"] == "answered"
        assert connected.all("$/progress") == []
        assert await connected.shutdown() == 0
