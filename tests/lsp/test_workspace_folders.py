"""Folders: several, nested, added and removed; and what of them is read, named and left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError

QUESTION = "How many lines contain open?"


@pytest.fixture
async def names(editor: Connect) -> Connect:
    """`await names(folders)` is an editor that hears which documents each question is about."""

    async def connect(folders: list[Path], **keywords: Any) -> Editor:
        connected: Editor = await editor(options={"events": True}, folders=folders, **keywords)
        return connected

    return connect


def folder(path: Path, **files: str) -> Path:
    """`a_txt="…"` is the file a.txt."""
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name.replace("_", ".")).write_text(text)
    return path


def change(editor: Editor, *, added: list[Path] | None = None, removed: list[Path] | None = None) -> None:
    event = {
        "added": [{"uri": path.as_uri(), "name": path.name} for path in added or []],
        "removed": [{"uri": path.as_uri() + "/", "name": path.name} for path in removed or []],
    }
    editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})


async def ask(editor: Editor, question: str = QUESTION, **scope: Any) -> dict[str, Any]:
    params = {"question": question, "scope": {"kind": "workspace", **scope}}
    answer: dict[str, Any] = await editor.request("rlm/ask", params)
    return answer


async def documents(editor: Editor, **scope: Any) -> dict[str, str]:
    """Name and URI of each document that a question is about."""
    run_id = (await ask(editor, **scope))["runId"]
    (taken,) = [
        event for event in editor.all("rlm/event") if (event["type"], event["runId"]) == ("contextTaken", run_id)
    ]
    return {document["path"]: document["uri"] for document in taken["documents"]}


async def named(editor: Editor, **scope: Any) -> list[str]:
    return sorted(await documents(editor, **scope))


async def test_folders_that_are_added_or_removed_count_for_the_next_question(names: Connect, tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one", a_txt="a\n"), folder(tmp_path / "two", b_txt="b\n")
    connected = await names([one])
    assert connected.initialized["capabilities"]["workspace"]["workspaceFolders"] == {
        "supported": True,
        "changeNotifications": True,
    }
    assert await named(connected) == ["a.txt"]
    change(connected, added=[two])
    assert await named(connected) == ["a.txt", "b.txt"]
    change(connected, removed=[one])
    assert await named(connected) == ["b.txt"]
    # One event may take a folder away and bring it back.
    change(connected, removed=[two], added=[two])
    assert await named(connected) == ["b.txt"]


async def test_when_the_last_folder_is_removed_the_root_does_not_come_back(names: Connect, tmp_path: Path) -> None:
    root = folder(tmp_path / "root", a_txt="a\n")
    connected = await names([root], rootUri=root.as_uri())
    assert await named(connected) == ["a.txt"]
    change(connected, removed=[root])
    with pytest.raises(RpcError) as caught:
        await ask(connected)
    assert caught.value.code == 4002


async def test_a_client_without_folders_has_its_root(names: Connect, tmp_path: Path) -> None:
    root = folder(tmp_path / "root", a_txt="a\n")
    connected = await names([], rootUri=root.as_uri(), workspaceFolders=None)
    assert await named(connected) == ["a.txt"]


async def test_names_are_unique_and_documents_lead_to_the_right_folder(names: Connect, tmp_path: Path) -> None:
    one = folder(tmp_path / "one", same_txt="of one\n", a_txt="a\n")
    two = folder(tmp_path / "two", same_txt="of two\n")
    connected = await names([one, two])
    assert await documents(connected) == {
        "a.txt": (one / "a.txt").as_uri(),
        "one/same.txt": (one / "same.txt").as_uri(),
        "two/same.txt": (two / "same.txt").as_uri(),
    }
    citations = (await ask(connected, "Which lines contain two?"))["citations"]
    assert [(citation["quote"], citation["location"]["uri"]) for citation in citations] == [
        ("of two", (two / "same.txt").as_uri())
    ]


async def test_a_folder_within_another_is_read_once(names: Connect, tmp_path: Path) -> None:
    outer = folder(tmp_path / "outer", a_txt="a\n")
    inner = folder(outer / "inner", b_txt="b\n")
    for folders in ([outer, inner], [inner, outer]):
        found = await named(await names(folders))
        assert [name.rsplit("/", 1)[-1] for name in found] == ["a.txt", "b.txt"]


async def test_globs_are_relative_to_each_folder(names: Connect, tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        folder(root, top_py="x\n")
        folder(root / "src", in_py="x\n", in_md="x\n")
    connected = await names(roots)
    src = await named(connected, kind="files", include=["/src/*.py"])
    assert src == ["one/src/in.py", "two/src/in.py"]
    assert await named(connected, kind="files", include=["*.py"], exclude=["/src"]) == ["one/top.py", "two/top.py"]
    # The folder's own name is no part of its paths.
    with pytest.raises(RpcError) as caught:
        await named(connected, kind="files", include=["one/*.py"])
    assert caught.value.code == 4107


async def test_open_texts_win_in_every_folder(names: Connect, tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one", a_txt="disk\n"), folder(tmp_path / "two", b_txt="disk\n")
    connected = await names([one, two])
    for path in (one / "a.txt", two / "b.txt"):
        connected.open(path.as_uri(), "open\n")
    assert "2" in (await ask(connected))["answer"]


async def test_secrets_are_left_out_and_the_receipt_says_so(names: Connect, tmp_path: Path) -> None:
    root = folder(tmp_path / "root", a_txt="a\n", server_pem="PRIVATE\n", _env="TOKEN=hush\n")
    connected = await names([root])
    # Open in the editor, they are secrets all the same.
    connected.open((root / ".env").as_uri(), "TOKEN=hush\n")
    answer = await ask(connected)
    assert answer["coverage"]["documents"] == 1
    skipped = {item["uri"]: item["reason"] for item in answer["coverage"]["skipped"]}
    assert set(skipped) == {(root / name).as_uri() for name in (".env", "server.pem")}
    assert all("looks like a secret" in reason for reason in skipped.values())
    shown = await connected.request("workspace/textDocumentContent", {"uri": f"rlm:/answer/{answer['runId']}.md"})
    assert (root / ".env").as_uri() in shown["text"]
    assert "looks like a secret" in shown["text"]
    assert "hush" not in shown["text"]
