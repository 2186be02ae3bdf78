"""A cited place is one click away whatever file it is in: the lines around it, as a document of the server."""

from __future__ import annotations

import gzip
import io
import re
import stat
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document, settings_for

LINES = 900
TEXT = "".join(
    f"2026-03-14T{n // 300:02}:{n // 5 % 60:02}:00Z INFO line {n}" + (" pear é😀 tree" if n == 700 else "") + "\n"
    for n in range(1, LINES + 1)
)
QUESTION = "Which lines contain pear?"
READS = {"window": {"showDocument": {"support": True}}, "workspace": {"textDocumentContent": {}}}
SHOWS = {"window": {"showDocument": {"support": True}}}
OURS = {"clientCommands": True}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def compressed(folder: Path) -> Path:
    path = folder / "app.log.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    return path


def member(folder: Path) -> Path:
    path = folder / "logs!.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/other.log", "nothing here\n")
        file.writestr("b c/app #1.log", TEXT)
    return path


def in_a_tar(folder: Path) -> Path:
    path = folder / "all.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        item = tarfile.TarInfo("x/app.log")
        item.size = len(TEXT.encode())
        file.addfile(item, io.BytesIO(TEXT.encode()))
    return path


def plain(folder: Path) -> Path:
    path = folder / "app.log"
    path.write_text(TEXT, encoding="utf-8")
    return path


async def ask(editor: Editor, path: Path) -> tuple[str, dict[str, Any]]:
    """The run, and its only citation."""
    scope = document(path.as_uri())
    answer = await editor.request("rlm/ask", {"question": QUESTION, "scope": scope})
    (citation,) = answer["citations"]
    return answer["runId"], citation


async def excerpt(editor: Editor, uri: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await editor.request("rlm/excerpt", {"uri": uri, **more})
    return found


def selected(found: dict[str, Any]) -> str:
    """What the range selects, for UTF-16 columns."""
    start, end = found["cited"]["start"], found["cited"]["end"]
    assert start["line"] == end["line"]
    line = found["text"].split("\n")[start["line"]].encode("utf-16-le")
    return line[2 * start["character"] : 2 * end["character"]].decode("utf-16-le")


@pytest.mark.parametrize("made", [plain, compressed, member, in_a_tar])
async def test_what_is_cited_is_selected_among_the_lines_around_it(servers: Connect, tmp_path: Path, made: Any) -> None:
    connected = await servers(options=OURS)
    run_id, citation = await ask(connected, made(tmp_path))
    assert citation["inside"] is (made is not plain)
    assert citation["line"] == 700
    (now,) = await connected.request("rlm/citations", {"runId": run_id})
    assert (now["state"], now["line"], now["excerpt"]) == ("verified", 700, citation["excerpt"])
    found = await excerpt(connected, citation["excerpt"])
    assert selected(found) == citation["quote"]
    assert (found["first"], found["last"], found["total"]) == (640, 760, LINES)
    assert found["text"].split("\n") == TEXT.split("\n")[639:760]
    assert found["notes"] == []
    content = await connected.request("workspace/textDocumentContent", {"uri": citation["excerpt"]})
    assert content["text"] == found["text"] + "\n"


async def test_earlier_later_and_the_whole_hour(servers: Connect, tmp_path: Path) -> None:
    connected = await servers(options=OURS)
    _, citation = await ask(connected, compressed(tmp_path))
    found = await excerpt(connected, citation["excerpt"])
    earlier = await excerpt(connected, found["earlier"])
    assert (earlier["first"], earlier["last"], earlier["cited"]) == (240, 639, None)
    first = await excerpt(connected, earlier["earlier"])
    assert (first["first"], first["last"], first["earlier"]) == (1, 239, None)
    last = await excerpt(connected, found["later"])
    assert (last["first"], last["last"], last["later"]) == (761, 900, None)
    back = await excerpt(connected, last["around"])
    assert back["text"] == found["text"]
    hour = await excerpt(connected, found["hour"])
    assert (hour["first"], hour["last"]) == (600, 899)
    assert {line[11:13] for line in hour["text"].split("\n")} == {"02"}
    assert selected(hour) == citation["quote"]
    lenses = await connected.request("textDocument/codeLens", {"textDocument": {"uri": citation["excerpt"]}})
    assert {lens["command"]["arguments"][0]["uri"] for lens in lenses} == {
        found["uri"],  # to search further
        found["earlier"],
        found["later"],
        found["hour"],
    }


async def test_words_are_looked_for_further_on(servers: Connect, tmp_path: Path) -> None:
    connected = await servers(options=OURS)
    _, citation = await ask(connected, member(tmp_path))
    found = await excerpt(connected, citation["excerpt"], search="LINE 88")
    assert (found["line"], selected(found)) == (880, TEXT.split("\n")[879])
    assert (await excerpt(connected, found["uri"], search="line 88"))["line"] == 881
    with pytest.raises(RpcError, match="No line below 700"):
        await excerpt(connected, citation["excerpt"], search=".*")
    with pytest.raises(RpcError, match="words of one line"):
        await excerpt(connected, citation["excerpt"], search="a\nb")


async def test_lines_of_any_text_without_a_question(servers: Connect, tmp_path: Path) -> None:
    connected = await servers(options=OURS)
    place = {"textDocument": {"uri": compressed(tmp_path).as_uri()}, "line": 3}
    found = await connected.request("rlm/excerpt", place)
    assert (found["first"], found["cited"]["start"]) == (1, {"line": 2, "character": 0})
    assert found["uri"].endswith("/app.log.gz")
    for wrong in ({**place, "line": 901}, {**place, "line": 0}, {}, {"uri": "rlm:/excerpt/x"}):
        with pytest.raises(RpcError) as error:
            await connected.request("rlm/excerpt", wrong)
        assert error.value.code == 4002
    (tmp_path / ".env").write_text("TOKEN=1\n")
    for name, code in ((".env", 4108), ("none.log", 4101), (".", 4002)):
        with pytest.raises(RpcError) as error:
            await connected.request("rlm/excerpt", {"textDocument": {"uri": (tmp_path / name).as_uri()}})
        assert error.value.code == code, name


async def test_a_text_that_has_changed_since(servers: Connect, tmp_path: Path) -> None:
    connected = await servers(options=OURS)
    path = plain(tmp_path)
    run_id, citation = await ask(connected, path)
    path.write_text("before\n" * 5 + TEXT, encoding="utf-8")
    found = await excerpt(connected, citation["excerpt"])
    assert (found["line"], selected(found)) == (705, citation["quote"])
    assert found["notes"] == ["It has moved here from line 700."]
    path.write_text(TEXT.replace("pear", "plum"), encoding="utf-8")
    found = await excerpt(connected, citation["excerpt"])
    assert found["line"] == 700
    assert "no longer there" in found["notes"][0]
    assert citation["quote"] in found["notes"][0]
    path.write_text("short\n")
    found = await excerpt(connected, citation["excerpt"])
    assert (found["present"], found["text"]) == (False, citation["quote"])
    path.unlink()
    found = await excerpt(connected, citation["excerpt"])
    assert (found["present"], found["first"], selected(found)) == (False, 700, citation["quote"])
    assert (found["earlier"], found["later"], found["hour"]) == (None, None, None)
    await connected.request("rlm/deleteRuns", {"runIds": [run_id]})
    for method in ("rlm/excerpt", "workspace/textDocumentContent"):
        with pytest.raises(RpcError, match=run_id) as error:
            await connected.request(method, {"uri": citation["excerpt"]})
        assert error.value.code == 4401


@pytest.mark.asyncio(loop_scope="function")
async def test_hostile_lines_are_cut_and_inert(editor: Connect, models: Connect, tmp_path: Path) -> None:
    served = await models(["I cite.\n```python\nsubmit('There.', cite=regex('pear', limit=1))\n```\n"])
    connected = await editor(options={**OURS, **settings_for(served.base_url)})
    path = tmp_path / "hostile.log.gz"
    long = "é" * 3_000_000 + " \x1b]0;x\x07pear\u202e " + "b" * 3_000_000
    path.write_bytes(gzip.compress(("\x1b[2J\r\n" + long + "\n" + ("y" * 100_000 + "\n") * 50).encode()))
    answer = await connected.request("rlm/ask", {"question": QUESTION, "scope": document(path.as_uri())})
    found = await excerpt(connected, answer["citations"][0]["excerpt"])
    assert "pear" in selected(found)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", found["text"])
    assert found["text"].startswith("\n")  # what a terminal would obey was not seen by its reader
    assert all(len(line) < 20_000 for line in found["text"].split("\n"))
    whole = await excerpt(connected, re.sub(r"/around/", "/1-999999/", found["uri"]))
    assert whole["last"] == 52
    far = await excerpt(connected, re.sub(r"/around/", "/999998-999999/", found["uri"]))
    assert (far["first"], far["last"], far["cited"]) == (52, 52, None)


async def test_a_client_without_a_plugin_is_shown_numbers_and_ways_on(servers: Connect, tmp_path: Path) -> None:
    connected = await servers(capabilities=READS)
    run_id, citation = await ask(connected, compressed(tmp_path))
    uri = f"rlm:/answer/{run_id}.md"
    links = await connected.request("textDocument/documentLink", {"textDocument": {"uri": uri}})
    assert {link["target"] for link in links} == {citation["excerpt"]}
    text = (await connected.request("workspace/textDocumentContent", {"uri": uri}))["text"]
    connected.open(uri, text)
    line = next(number for number, line in enumerate(text.split("\n")) if "app.log.gz:700" in line)
    place = {"line": line, "character": 0}
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    }
    (action,) = await connected.request("textDocument/codeAction", params)
    assert action["title"] == "Show the lines around app.log.gz:700"
    assert action["arguments"] == [{"uri": citation["excerpt"]}]
    await connected.request(
        "workspace/executeCommand", {"command": action["command"], "arguments": action["arguments"]}
    )
    (shown,) = connected.all("window/showDocument")
    assert shown["uri"] == citation["excerpt"]
    content = (await connected.request("workspace/textDocumentContent", {"uri": shown["uri"]}))["text"].split("\n")
    assert content[0] == "app.log.gz, lines 640 to 760 of 900"
    start, end = shown["selection"]["start"], shown["selection"]["end"]
    (cited,) = content[start["line"] : end["line"]]
    assert cited == f"> 700  {citation['quote']}"
    ways = dict(line.split(": ", 1) for line in content if ": rlm:" in line)
    assert set(ways) == {"Earlier lines", "Later lines", "The whole hour"}
    later = await connected.request("workspace/textDocumentContent", {"uri": ways["Later lines"]})
    assert later["text"].split("\n")[0] == "app.log.gz, lines 761 to 900 of 900"


@pytest.mark.asyncio(loop_scope="function")
async def test_where_the_client_reads_no_such_documents_it_is_a_private_file(
    editor: Connect, tmp_path: Path, state_dir: Path
) -> None:
    connected = await editor(capabilities=SHOWS)
    _, citation = await ask(connected, compressed(tmp_path))
    await connected.request(
        "workspace/executeCommand", {"command": "rlm.server.excerpt", "arguments": [{"uri": citation["excerpt"]}]}
    )
    (shown,) = connected.all("window/showDocument")
    path = Path(unquote(urlsplit(shown["uri"]).path))
    assert state_dir not in path.parents
    lines = path.read_text("utf-8").split("\n")
    assert lines[shown["selection"]["start"]["line"]] == f"> 700  {citation['quote']}"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await connected.shutdown()
    assert not path.parent.exists()


async def test_of_files_larger_than_the_client_likes_it_is_given_excerpts(servers: Connect, tmp_path: Path) -> None:
    path = plain(tmp_path)
    size = path.stat().st_size
    for above, opens in ((size - 1, "excerpt"), (size, "file"), ("x", "file")):
        connected = await servers(options={**OURS, "excerptsAbove": above}, capabilities=READS)
        run_id, citation = await ask(connected, path)
        assert citation["opens"] == opens
        assert connected.all("window/showMessage") == []
        answer = {"uri": f"rlm:/answer/{run_id}.md"}
        (link, *_) = await connected.request("textDocument/documentLink", {"textDocument": answer})
        assert link["target"] == (citation["excerpt"] if opens == "excerpt" else f"{path.as_uri()}#L700")
        # An open text is there already.
        connected.open(path.as_uri(), TEXT)
        assert (await connected.request("rlm/citations", {"runId": run_id}))[0]["opens"] == "file"


@pytest.mark.asyncio(loop_scope="function")
async def test_a_fixed_address_survives_a_restart(editor: Connect, tmp_path: Path) -> None:
    first = await editor(options=OURS)
    _, citation = await ask(first, in_a_tar(tmp_path))
    found = await excerpt(first, citation["excerpt"])
    await first.shutdown()
    second = await editor(options=OURS)
    # As VS Code writes an address, and Neovim.
    for uri in (citation["excerpt"], citation["excerpt"].replace("rlm:/", "rlm:///")):
        assert (await excerpt(second, uri))["text"] == found["text"]
