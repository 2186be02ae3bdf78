"""Citations move with the text, or are marked; after a restart too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document

TEXT = "one\npear é😀 tree\nthree\n"
QUESTION = "Which lines contain pear?"
INSERT = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a b.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


async def ask(editor: Editor, path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = await editor.request("rlm/ask", {"question": QUESTION, "scope": document(path.as_uri())})
    assert [citation["quote"] for citation in answer["citations"]] == ["pear é😀 tree"]
    return answer


async def now(editor: Editor, answer: dict[str, Any]) -> dict[str, Any]:
    (citation,) = await editor.request("rlm/citations", {"runId": answer["runId"]})
    found: dict[str, Any] = citation
    return found


def line(citation: dict[str, Any]) -> int:
    place = citation["location"]["range"]
    assert place["start"]["character"] == 0
    assert place["start"]["line"] == place["end"]["line"]
    found: int = place["start"]["line"]
    return found


async def test_what_has_not_changed_is_verified(servers: Connect, path: Path) -> None:
    connected = await servers()
    answer = await ask(connected, path)
    assert await now(connected, answer) == answer["citations"][0]
    connected.open(path.as_uri(), TEXT, version=7)
    assert await now(connected, answer) == {**answer["citations"][0], "version": 7}


async def test_citations_move_with_the_open_text(servers: Connect, path: Path) -> None:
    connected = await servers()
    connected.open(path.as_uri(), TEXT)
    answer = await ask(connected, path)
    connected.change(path.as_uri(), 2, {"range": INSERT, "text": "zero\nzero\n"})
    moved = await now(connected, answer)
    assert (moved["state"], moved["version"], line(moved)) == ("moved", 2, 3)
    assert moved["location"]["range"]["end"] == answer["citations"][0]["location"]["range"]["end"] | {"line": 3}
    assert moved["quote"] == "pear é😀 tree"
    # The file still has it where it was.
    connected.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
    assert (await now(connected, answer))["state"] == "verified"


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 16), ("utf-16", 13), ("utf-32", 12)])
async def test_moved_places_are_in_the_negotiated_encoding(
    servers: Connect, path: Path, encoding: str, width: int
) -> None:
    connected = await servers(capabilities={"general": {"positionEncodings": [encoding]}})
    answer = await ask(connected, path)
    path.write_text("😀" + TEXT, encoding="utf-8")
    assert (await now(connected, answer))["state"] == "verified"
    path.write_text("one\n\nan é pear é😀 tree\n", encoding="utf-8")
    place = (await now(connected, answer))["location"]["range"]
    start = len("an é ".encode()) if encoding == "utf-8" else 5
    assert place == {"start": {"line": 2, "character": start}, "end": {"line": 2, "character": start + width}}


async def test_a_quote_that_is_gone_is_unmatched(servers: Connect, path: Path) -> None:
    connected = await servers()
    answer = await ask(connected, path)
    gone = {**answer["citations"][0], "opens": "excerpt", "state": "unmatched"}
    path.write_text("one\nplum é😀 tree\nthree\n", encoding="utf-8")
    assert await now(connected, answer) == gone
    for change in (lambda: path.write_bytes(b""), lambda: path.write_bytes(b"\0\1\2" * 50), path.unlink):
        change()
        assert await now(connected, answer) == gone


@pytest.mark.asyncio(loop_scope="function")
async def test_a_server_started_later_knows_them_too(editor: Connect, path: Path) -> None:
    first = await editor()
    answer = await ask(first, path)
    assert await first.shutdown() == 0
    path.write_text("zero\n" + TEXT, encoding="utf-8")
    moved = await now(await editor(), answer)
    assert (moved["state"], line(moved)) == ("moved", 2)


async def test_a_run_that_does_not_exist_has_no_citations(servers: Connect) -> None:
    connected = await servers()
    with pytest.raises(RpcError) as caught:
        await connected.request("rlm/citations", {"runId": "none"})
    assert caught.value.code == 4401
    with pytest.raises(RpcError) as caught:
        await connected.request("rlm/citations", {})
    assert caught.value.code == -32602


def linked(links: list[dict[str, Any]], text: str) -> dict[str, tuple[str, str]]:
    """What each link covers, its target and its tooltip."""
    lines = text.split("\n")
    found = {}
    for link in links:
        start, end = link["range"]["start"], link["range"]["end"]
        covered = lines[start["line"]].encode("utf-16-le")[2 * start["character"] : 2 * end["character"]]
        found[covered.decode("utf-16-le")] = (link["target"], link["tooltip"])
    return found


async def links_of(editor: Editor, uri: str) -> Any:
    return await editor.request("textDocument/documentLink", {"textDocument": {"uri": uri}})


async def test_links_of_an_answer_lead_to_where_the_text_is_now(servers: Connect, path: Path) -> None:
    connected = await servers()
    answer = await ask(connected, path)
    uri = f"rlm:/answer/{answer['runId']}.md"
    text = (await connected.request("workspace/textDocumentContent", {"uri": uri}))["text"]
    link = f"[a b.txt:2]({path.as_uri()}#L2)"
    assert link in text
    assert linked(await links_of(connected, uri), text)[link] == (f"{path.as_uri()}#L2", "verified")
    path.write_text("zero\n" + TEXT, encoding="utf-8")
    moved = linked(await links_of(connected, uri), text)
    assert moved[link] == (f"{path.as_uri()}#L3", "moved here from line 2")
    path.write_text("zero\n")
    target, tooltip = linked(await links_of(connected, uri), text)[link]
    assert target == f"{path.as_uri()}#L2"
    assert "no longer there" in tooltip


async def test_links_are_found_in_the_text_that_the_client_has(servers: Connect, path: Path) -> None:
    connected = await servers()
    uri = f"rlm:/answer/{(await ask(connected, path))['runId']}.md"
    # A model names places in its prose; what is not cited is no link, nor is another file's name that ends alike.
    text = "😀 see a b.txt:2, a b.txt:2-2, `a b.txt:2`\n/x/a b.txt:2 a b.txt:1 a b.txt:2x a b.txt:22 a b.txt:\n"
    connected.open(uri, text)
    links = await links_of(connected, uri)
    assert [(link["range"]["start"]["line"], link["range"]["start"]["character"]) for link in links] == [
        (0, 7),
        (0, 18),
        (0, 32),
    ]
    assert {link["target"] for link in links} == {f"{path.as_uri()}#L2"}


@pytest.mark.asyncio(loop_scope="function")
async def test_answers_that_are_files_have_links_and_other_files_have_none(
    editor: Connect, path: Path, state_dir: Path
) -> None:
    connected = await editor(capabilities={"window": {"showDocument": {"support": True}}})
    argument = {"question": QUESTION, "scope": document(path.as_uri())}
    await connected.request("workspace/executeCommand", {"command": "rlm.server.ask", "arguments": [argument]})
    (shown,) = connected.all("window/showDocument")
    links = await links_of(connected, shown["uri"])
    assert {link["target"] for link in links} == {f"{path.as_uri()}#L2"}
    run = shown["uri"].rsplit("/", 1)[-1]
    for uri in (path.as_uri(), f"rlm:/trace/{run}", "rlm:/answer/none.md", f"file:///other/answers/{run}", "rlm:/x"):
        assert await links_of(connected, uri) is None
