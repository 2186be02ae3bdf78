"""Taking a Context: what is read, what is refused, and that it stays as it was."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.faults.large_texts import watched

from rlm_ls import errors
from rlm_ls.context.document import Hit
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot import snapshot
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.sources import uris
from rlm_ls.context.workers.pool import SearchPool

Taking = Callable[..., Awaitable[Context]]

LARGE = 3 << 20


async def text_of(context: Context, pool: SearchPool, number: int = 0) -> str:
    hit: Hit = await Search(context, pool).lines(number, 1, -1)
    return hit.text


def files(*paths: Path | str) -> Scope:
    return Scope("files", files=tuple(map(str, paths)))


async def test_a_document_is_described(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "ä b.py").write_bytes("x = 1\r\n\r\ny = 'é𝔘'".encode())
    (document,) = (await taking(files(tmp_path / "ä b.py"))).documents
    assert (document.path, document.language, document.version) == ("ä b.py", "python", None)
    assert (document.lines, document.characters, document.longest_line, document.size) == (3, 17, 12, 21)
    assert (document.ascii, document.crlf, document.checkpoints) == (False, True, (0, 2))
    assert document.uri == (tmp_path / "ä b.py").as_uri()


async def test_the_garbage_collector_never_looks_at_many_documents(taking: Taking, tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"{number}.txt").write_text("text\n", "utf-8")
    before = {id(one) for one in gc.get_objects()}
    context = await taking(Scope("workspace", roots=(tmp_path.as_uri(),)))
    assert len(context.documents) == 1500
    assert len([one for one in gc.get_objects() if id(one) not in before]) < 1500


async def test_a_text_of_megabytes_is_no_name_and_is_not_looked_through(
    taking: Taking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("text\n", "utf-8")
    context = await taking(files(tmp_path / "a.txt"))
    looked_through: list[int] = []
    monkeypatch.setattr(uris, "shown", lambda name: looked_through.append(len(name)) or name)
    assert context.number("x" * 15_000_000) is None
    assert context.number("b.txt") is None
    assert looked_through == [5]


@pytest.mark.parametrize("size", [10, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")],
)
async def test_unicode_files_are_read_with_and_without_a_mark(
    taking: Taking, pool: SearchPool, tmp_path: Path, codec: str, mark: bytes, size: int
) -> None:
    text = ("é𝔘 line\r\n" * (size // 10 + 1))[:size]
    (tmp_path / "a.txt").write_bytes(mark + text.encode(codec))
    context = await taking(files(tmp_path / "a.txt"))
    assert context.documents[0].characters == len(text)
    assert context.documents[0].size == len(text.encode())
    assert (await text_of(context, pool))[:100] == text[:100]


@pytest.mark.parametrize("size", [0, LARGE], ids=["small", "large"])
async def test_other_encodings_are_read_when_named(taking: Taking, pool: SearchPool, tmp_path: Path, size: int) -> None:
    (tmp_path / "a.txt").write_bytes(b"x\n" * (size // 2) + "naïve €".encode("cp1252"))
    for option, wanted in (("cp1252", "naïve €"), ("utf-8-replace", "na\ufffdve \ufffd")):
        context = await taking(files(tmp_path / "a.txt"), encoding=option)
        assert (await Search(context, pool).lines(0, -1, -1)).text == wanted


async def refusal(taking: Taking, scope: Scope, **options: object) -> errors.RlmError:
    with pytest.raises(errors.RlmError) as refused:
        await taking(scope, **options)
    assert refused.value.message.endswith(".")
    assert refused.value.remedy.endswith(".")
    return refused.value


async def test_each_document_that_cannot_be_read_has_its_own_error(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"PK\0\x01")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "latin").write_bytes(b"one\ntwo\nna\xefve\n")
    (tmp_path / "large").write_bytes(b"a\n" * LARGE + b"\xff" + b"a\n" * LARGE)
    (tmp_path / ".env").write_bytes(b"KEY=1")
    os.mkfifo(tmp_path / "pipe")
    wanted = {
        "missing": errors.DocumentMissing,
        "binary": errors.DocumentBinary,
        "empty": errors.DocumentEmpty,
        "latin": errors.DocumentEncoding,
        "large": errors.DocumentEncoding,
        ".env": errors.DocumentDenied,
        "pipe": errors.DocumentUnreadable,
    }
    for name, kind in wanted.items():
        for scope in ("files", "document"):
            error = await refusal(taking, Scope(scope, files=(str(tmp_path / name),)), encoding="utf-8")  # type: ignore[arg-type]
            assert type(error) is kind
    error = await refusal(taking, files(tmp_path / "latin"), encoding="utf-8")
    assert "byte 10, line 3" in error.message
    assert "--encoding latin-1" in error.remedy
    error = await refusal(taking, files(tmp_path / "large"), encoding="utf-8")
    assert f"byte {2 * LARGE:,}, line {LARGE + 1:,}" in error.message
    assert type(await refusal(taking, files("untitled:Untitled-1"))) is errors.DocumentMissing
    assert type(await refusal(taking, files(tmp_path / "latin"), encoding="klingon")) is errors.BadRequest


async def test_among_several_what_cannot_be_read_is_skipped_and_reported(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "good").write_text("good")
    (tmp_path / "binary").write_bytes(b"\0")
    context = await taking(files(tmp_path / "good", tmp_path / "binary", tmp_path / "missing"))
    assert [document.path for document in context.documents] == ["good"]
    assert {one.path: one.code for one in context.skipped} == {"binary": 4102, "missing": 4101}
    error = await refusal(taking, files(tmp_path / "binary", tmp_path / "missing"))
    assert type(error) is errors.NoDocuments
    assert "binary" in error.message
    assert type(await refusal(taking, Scope("workspace", roots=(str(tmp_path / "nowhere"),)))) is errors.NoDocuments


async def test_open_buffers_win_over_their_files(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    path = tmp_path / "ä.txt"
    path.write_text("on disk")
    (tmp_path / "other.txt").write_text("other")
    buffer = Buffer(path.as_uri().replace("%C3%A4", "%c3%a4"), "in the editor", 7, "markdown")
    unnamed = Buffer("untitled:Untitled-1", "not saved")
    for scope in (
        Scope("files", files=(str(path),), buffers=(buffer, unnamed)),
        Scope("workspace", roots=(str(tmp_path),), include=("ä*",), buffers=(buffer, unnamed)),
    ):
        context = await taking(scope)
        assert [(one.uri, one.version, one.language) for one in context.documents] == [(buffer.uri, 7, "markdown")]
        assert await text_of(context, pool) == "in the editor"
    context = await taking(Scope("document", files=("untitled:Untitled-1",), buffers=(unnamed,)))
    assert (context.documents[0].path, await text_of(context, pool)) == ("Untitled-1", "not saved")
    assert context.number(str(path)) is None


async def test_an_empty_buffer_is_an_empty_document(taking: Taking) -> None:
    error = await refusal(taking, Scope("document", files=("untitled:a",), buffers=(Buffer("untitled:a", ""),)))
    assert type(error) is errors.DocumentEmpty


@pytest.mark.parametrize("size", [100, LARGE], ids=["small", "large"])
async def test_a_snapshot_stays_when_its_file_is_replaced_or_deleted(
    taking: Taking, pool: SearchPool, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "a.log"
    path.write_text("a\n" * size)
    context = await taking(files(path))
    (tmp_path / "new").write_text("b\n" * size * 2)
    (tmp_path / "new").rename(path)
    search = Search(context, pool)
    assert await search.count("a", resolve(context, None)) == size
    path.unlink()
    assert await search.count("a|b", resolve(context, None)) == size


async def test_a_log_that_grows_is_read_to_where_it_was(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("a\n" * LARGE)
    context = await taking(files(path))
    with path.open("a") as stream:
        stream.write("a\n" * 1000)
    assert await Search(context, pool).count("a", resolve(context, None)) == LARGE


async def test_a_large_file_that_is_truncated_is_reported(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("a\n" * LARGE)
    context = await taking(files(path))
    os.truncate(path, 1000)
    with pytest.raises(errors.DocumentChanged, match="truncated"):
        await Search(context, pool).count("a", resolve(context, None))


async def test_where_no_descriptor_can_be_shared_a_replaced_file_is_noticed(
    taking: Taking, pool: SearchPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_ls.context.snapshot.pack._through_proc", lambda descriptor: "")
    path = tmp_path / "a.log"
    path.write_text("a\n" * LARGE)
    (tmp_path / "small.txt").write_text("small")
    context = await taking(files(path, tmp_path / "small.txt"), pack_folder=str(tmp_path))
    search = Search(context, pool)
    assert await search.count("a", resolve(context, None)) == LARGE + 1
    (tmp_path / "new").write_text("b\n" * LARGE * 2)
    (tmp_path / "new").rename(path)
    with pytest.raises(errors.DocumentChanged, match="replaced"):
        await search.count("a", resolve(context, None))
    (pack,) = tmp_path.glob("rlm-ls-*")
    assert pack.stat().st_mode & 0o777 == 0o700
    await context.close()
    assert not pack.exists()


async def test_nothing_is_left_behind_by_a_killed_process(tmp_path: Path, pool: SearchPool) -> None:
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()
    stale = tmp_path / f"rlm-ls-{dead.pid}-abc"
    stale.mkdir()
    (stale / "pack").write_text("private")
    options = ContextOptions(pack_folder=str(tmp_path))
    async with await Context.take(Scope("document", files=("mem:b",), buffers=(Buffer("mem:b", "x"),)), pool, options):
        assert not stale.exists()


async def test_a_closed_context_holds_no_files(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a\n" * LARGE)
    (tmp_path / "b").write_text("small")

    def held() -> list[str]:
        links = [os.readlink(entry) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry)]
        return [link for link in links if link.startswith(str(tmp_path)) or "/rlm-ls-" in link]

    gc.collect()  # what other tests in this process have left
    before = held()
    async with await Context.take(files(tmp_path / "a", tmp_path / "b"), pool):
        assert len(held()) == len(before) + 2
    assert held() == before


async def test_the_digest_is_that_of_names_and_bytes(taking: Taking, tmp_path: Path) -> None:
    digests = []
    for text in ("one", "one", "two"):
        (tmp_path / "a").write_text(text)
        digests.append((await taking(files(tmp_path / "a"))).digest)
    assert digests[0] == digests[1] != digests[2]


async def test_a_selection_is_the_limit(taking: Taking, pool: SearchPool) -> None:
    text = "𝔘ne\r\ntwo é two\nthree"
    scope = Scope("selection", files=("mem:b",), buffers=(Buffer("mem:b", text),), region=((0, 2), (1, 5)))
    context = await taking(scope)
    (part,) = context.limit
    assert text.encode()[part.start : part.end].decode() == "ne\r\ntwo é"
    found = await Search(context, pool).find("two", resolve(context, None))
    assert [(hit.text, hit.column, hit.span.line) for hit in found.hits] == [("two é", 1, 2)]
    (hit,) = (await Search(context, pool).find("ne", resolve(context, None))).hits
    assert (hit.text, hit.column) == ("ne", 2)
    assert resolve(context, "b") == context.limit
    error = await refusal(taking, Scope("selection", files=scope.files, buffers=scope.buffers, region=((0, 2), (0, 2))))
    assert type(error) is errors.BadRequest


async def test_many_contexts_share_a_pool(pool: SearchPool, tmp_path: Path) -> None:
    async def one(number: int) -> int:
        path = tmp_path / f"{number}.txt"
        path.write_text("x\n" * (number + 1) * 1000)
        async with await Context.take(files(path), pool) as context:
            counted = await Search(context, pool).count("x", resolve(context, None))
            assert isinstance(counted, int)
            return counted

    assert await asyncio.gather(*map(one, range(20))) == [1000 * (number + 1) for number in range(20)]


async def test_a_huge_buffer_does_not_hold_up_the_loop(taking: Taking) -> None:
    text = "line of text é\n" * 2_000_000
    with watched() as held:
        context = await taking(Scope("document", files=("mem:b",), buffers=(Buffer("mem:b", text),)))
    assert context.documents[0].lines == 2_000_000
    assert held.seconds < 1


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
@pytest.mark.parametrize("size", [10, 300_000], ids=["small", "large"])
async def test_a_pipe_that_takes_a_files_place_is_not_waited_for(
    size: int, pool: SearchPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a folder and the reading of its files."""
    log = tmp_path / "app.log"
    log.write_text("x" * size + "\n")
    (tmp_path / "other.log").write_text("still there\n")
    reading = snapshot.read

    async def replaced(*arguments: Any) -> Any:
        log.unlink()
        os.mkfifo(log)
        return await reading(*arguments)

    monkeypatch.setattr(snapshot, "read", replaced)
    async with asyncio.timeout(60):
        async with await Context.take(Scope("files", files=(str(tmp_path),)), pool) as context:
            assert [one.path for one in context.documents] == ["other.log"]
            assert [one.path for one in context.skipped] == ["app.log"]
