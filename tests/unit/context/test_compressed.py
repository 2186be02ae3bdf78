"""Compressed files and archives are read as the texts they hold, told by their bytes, within a limit."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd

from rlm_ls import errors
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.measure import RANGE
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.sources.compression import kind_of
from rlm_ls.context.sources.stamp import is_settled, stamp_of
from rlm_ls.context.workers.pool import Payload, SearchPool

Taking = Callable[..., Awaitable[Context]]

LOG = "".join(f"2024-01-01 {'ERROR' if n % 10 == 3 else 'INFO'} é job={n}\n" for n in range(400)).encode()
LARGE = LOG * 300
"""More than is copied into a shared pack."""

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "lz4": lz4.frame.compress,
}


def scope(*paths: Path) -> Scope:
    return Scope("files", files=tuple(map(str, paths)))


def folder(path: Path) -> Scope:
    return Scope("workspace", roots=(str(path),))


async def errors_in(context: Context, pool: SearchPool) -> int:
    found = await Search(context, pool).count("ERROR", context.limit)
    assert isinstance(found, int)
    return found


def settle(path: Path) -> None:
    """A file that was just written may be written again without a new time."""
    while not is_settled(stamp_of(path.stat())):
        time.sleep(0.1)


def tar(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize("text", [LOG, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kind", COMPRESS)
async def test_a_compressed_file_is_the_text_it_holds_whatever_its_name(
    taking: Taking, pool: SearchPool, tmp_path: Path, kind: str, text: bytes
) -> None:
    (tmp_path / "app.log").write_bytes(COMPRESS[kind](text))
    context = await taking(scope(tmp_path / "app.log"))
    (document,) = context.documents
    assert (document.path, document.size, document.lines) == ("app.log", len(text), text.count(b"\n"))
    assert document.uri == (tmp_path / "app.log").as_uri()
    assert document.unpacked
    assert await errors_in(context, pool) == text.count(b"ERROR")


RANGES = LARGE * (1 + 3 * RANGE // len(LARGE))


def held_back(pool: SearchPool, monkeypatch: pytest.MonkeyPatch, wanted: int) -> list[int]:
    """A decoder that is done only when so much was measured beside it. Where the ranges begin that were."""
    call, beside, enough = pool.call, list[int](), asyncio.Event()

    async def held(operation: str, payload: Payload, seconds: float) -> object:
        result = await call(operation, payload, seconds)
        if operation == "files.unpack.unpack" and wanted:
            await enough.wait()
        elif operation == "files.inspect.measure" and not enough.is_set():
            beside.append(payload["start"])
            if len(beside) == wanted:
                enough.set()
        return result

    monkeypatch.setattr(pool, "call", held)
    return beside


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (RANGES, 3),
        (RANGES[: 2 * RANGE], 1),
        (RANGES[: RANGE + 2], 0),
        (RANGES.replace(b"\n", b"\r\n"), 3),
        (b"\xef\xbb\xbf" + RANGES, 0),
        (b"x" * 3 * RANGE, 2),
        (RANGES + b"\xff\n", 3),
        (RANGES + b"a\x1b[31mb\x1b[0m\n", 3),
    ],
    ids=["ranges", "whole ranges", "little more", "pairs", "mark", "one line", "bad byte", "drawn"],
)
async def test_a_text_that_is_measured_while_it_is_unpacked_is_known_as_if_it_had_lain_there(
    taking: Taking, pool: SearchPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: bytes, wanted: int
) -> None:
    (tmp_path / "a.log").write_bytes(text)
    plain = await taking(scope(tmp_path / "a.log"))
    (tmp_path / "a.log").write_bytes(gzip.compress(text, 1))
    with monkeypatch.context() as patched:
        beside = held_back(pool, patched, wanted)
        compressed = await taking(scope(tmp_path / "a.log"))
    assert beside[:wanted] == [number * RANGE for number in range(wanted)]
    archived = []
    for first in (b"one\n", b"text " * 2 * RANGE):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("a.log", first)
            archive.writestr("b.log", text)
        archived.append(await taking(scope(tmp_path / "a.zip")))
    assert compressed.digest == plain.digest
    known, *others = [context.documents[-1] for context in (plain, compressed, *archived)]
    for one in others:
        for name in ("size", "characters", "lines", "longest_line", "ascii", "crlf", "checkpoints", "encoding"):
            assert getattr(one, name) == getattr(known, name), name


async def test_what_is_refused_while_it_is_measured_leaves_nothing_behind(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(RANGES, 1))
    with pytest.raises(errors.DocumentUnreadable, match="unpackMb"):
        await taking(scope(tmp_path / "a.log.gz"), unpack_bytes=2 * RANGE)
    context = await taking(scope(tmp_path / "a.log.gz"))
    assert await errors_in(context, pool) == RANGES.count(b"ERROR")


@pytest.mark.parametrize("kind", COMPRESS)
async def test_members_one_behind_the_other_are_one_text(
    taking: Taking, pool: SearchPool, tmp_path: Path, kind: str
) -> None:
    compress = COMPRESS[kind]
    (tmp_path / "app.log.gz").write_bytes(compress(LOG) + compress(b"") + compress(LOG))
    context = await taking(scope(tmp_path / "app.log.gz"))
    assert await errors_in(context, pool) == 80


SKIPPABLE = b"\x53\x2a\x4d\x18\x03\0\0\0abc"
"""A frame that decoders of zstd and lz4 pass over."""


@pytest.mark.parametrize("kind", COMPRESS)
async def test_members_may_be_of_several_kinds(taking: Taking, pool: SearchPool, tmp_path: Path, kind: str) -> None:
    every = b"".join(compress(LOG) + b"\0" * 9 for compress in COMPRESS.values())
    (tmp_path / "app.log.gz").write_bytes(SKIPPABLE + COMPRESS[kind](LOG) + SKIPPABLE + every)
    context = await taking(scope(tmp_path / "app.log.gz"))
    assert await errors_in(context, pool) == 40 * (1 + len(COMPRESS))
    assert not context.skipped


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (lambda packed: b"and this is none", "what follows the compressed data is none"),
        (lambda packed: packed[:11], "cut off"),
        (lambda packed: packed[:-9], "cut off"),
    ],
    ids=["text", "begun", "cut"],
)
async def test_what_follows_and_cannot_be_read_is_said(
    taking: Taking, tmp_path: Path, kind: str, behind: Callable[[bytes], bytes], said: str
) -> None:
    packed = COMPRESS[kind](LOG)
    (tmp_path / "app.log.gz").write_bytes(packed + behind(packed))
    context = await taking(scope(tmp_path / "app.log.gz"))
    assert context.documents[0].size >= len(LOG)
    assert [(one.path, said in one.reason) for one in context.skipped] == [("app.log.gz", True)]


async def test_a_file_that_holds_nothing_is_named_in_its_error(taking: Taking, tmp_path: Path) -> None:
    for raw, said in (
        (gzip.compress(LOG)[:10], "a.gz cannot be unpacked: it is cut off"),
        (gzip.compress(b""), "a.gz is empty"),
    ):
        (tmp_path / "a.gz").write_bytes(raw)
        with pytest.raises(errors.RlmError, match=said):
            await taking(scope(tmp_path / "a.gz"))


async def test_the_language_is_that_below_the_ending(taking: Taking, tmp_path: Path) -> None:
    for name in ("a.py.gz", "b.log.1.xz"):
        (tmp_path / name).write_bytes(gzip.compress(LOG))
    context = await taking(folder(tmp_path))
    assert [document.language for document in context.documents] == ["python", "log"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "latin-1", "shift-jis"])
async def test_what_is_inside_is_judged_like_any_file(taking: Taking, tmp_path: Path, codec: str) -> None:
    text = "東京は日本の首都です。 ERROR\n" * 400 if codec == "shift-jis" else "é line ERROR\n" * 400
    (tmp_path / "a.gz").write_bytes(gzip.compress(text.encode(codec)))
    (document,) = (await taking(folder(tmp_path))).documents
    assert document.characters == len(text)


@pytest.mark.parametrize("wrap", [tar, zipped, lambda files: gzip.compress(tar(files))], ids=["tar", "zip", "tar.gz"])
async def test_members_of_an_archive_are_documents(
    taking: Taking, pool: SearchPool, tmp_path: Path, wrap: Callable[[dict[str, bytes]], bytes]
) -> None:
    held = {"app/a.log": LOG, "app/old/b.log.gz": gzip.compress(LARGE), "readme.md": b"# read me\n"}
    (tmp_path / "logs.bin").write_bytes(wrap(held))
    (tmp_path / "a.txt").write_bytes(b"before\n")
    (tmp_path / "z.txt").write_bytes(b"behind\n")
    context = await taking(folder(tmp_path))
    names = ["a.txt", "logs.bin!/app/a.log", "logs.bin!/app/old/b.log.gz", "logs.bin!/readme.md", "z.txt"]
    assert [document.path for document in context.documents] == names
    assert context.documents[3].language == "markdown"
    assert len({document.uri for document in context.documents}) == 5
    assert await errors_in(context, pool) == 40 + LARGE.count(b"ERROR")
    (hit,) = (await Search(context, pool).find("read me", context.limit)).hits
    assert (hit.span.doc, hit.span.line) == ("logs.bin!/readme.md", 1)


async def test_the_rotated_pieces_of_an_archive_stand_in_the_order_of_their_time(
    taking: Taking, tmp_path: Path
) -> None:
    (tmp_path / "logs.zip").write_bytes(zipped({f"var/{name}": LOG for name in ("app.log", "app.log.1", "app.log.2")}))
    (tmp_path / "b.log").write_bytes(LOG)
    context = await taking(scope(tmp_path / "logs.zip", tmp_path / "b.log"))
    assert [document.path.rpartition("/")[2] for document in context.documents] == [
        "app.log.2",
        "app.log.1",
        "app.log",
        "b.log",
    ]


async def test_what_cannot_be_read_of_an_archive_is_named(taking: Taking, tmp_path: Path) -> None:
    held = {
        "a.log": LOG,
        "image.png": b"\x89PNG\0\0\0\1" * 100,
        ".env": b"KEY=1\n",
        "inner.zip": zipped({"b.log": LOG}),
        "empty.log": b"",
    }
    (tmp_path / "logs.zip").write_bytes(zipped(held))
    context = await taking(scope(tmp_path / "logs.zip"))
    assert [document.path for document in context.documents] == ["logs.zip!/a.log"]
    assert "logs.zip!/empty.log" in {one.path for one in context.skipped}
    told = {one.path: one.code for one in context.skipped}
    assert told["logs.zip!/image.png"] == errors.DocumentBinary.code
    assert told["logs.zip!/.env"] == errors.DocumentDenied.code
    assert told["logs.zip!/inner.zip"] == errors.DocumentUnreadable.code


@pytest.mark.parametrize("name", ["/etc/passwd", "../../up.log", "a/../b.log", "a\\b.log", "x" * 400])
async def test_a_members_name_is_a_label_and_no_path(taking: Taking, tmp_path: Path, name: str) -> None:
    (tmp_path / "logs.tar").write_bytes(tar({name: LOG, "z.log": LOG}))
    context = await taking(scope(tmp_path / "logs.tar"))
    assert len(context.documents) == 2
    assert all(document.path.startswith("logs.tar!/") for document in context.documents)
    assert sorted(os.listdir(tmp_path)) == ["logs.tar"]


def patched(archive: bytes, at: int, value: bytes) -> bytes:
    return archive[:at] + value + archive[at + len(value) :]


def unknown_method(archive: bytes) -> bytes:
    """The first member compressed in a way that nobody here knows: Windows does so with files of 2 GB."""
    local, central = archive.index(b"PK\x03\x04"), archive.index(b"PK\x01\x02")
    return patched(patched(archive, local + 8, b"\x09\0"), central + 10, b"\x09\0")


def no_header(archive: bytes) -> bytes:
    """The last member without its own header."""
    return patched(archive, archive.rindex(b"PK\x03\x04"), b"none")


@pytest.mark.parametrize(
    ("archive", "whole"),
    [
        (unknown_method(zipped({"a.log": LOG, "b.log": LOG})), False),
        (patched(zipped({"a.log": LOG, "b.log": LOG}), 50, b"\xff" * 20), False),
        (no_header(zipped({"b.log": LOG, "a.log": LOG})), False),
        (zipped({"a.log": gzip.compress(LARGE)[:-30], "b.log": LOG}), True),
        (zipped({"a.log": gzip.compress(LARGE) + b"text", "b.log": LOG}), True),
        (tar({"a.log": gzip.compress(LARGE)[:-30], "b.log": LOG}), True),
    ],
    ids=["method", "data", "header", "cut member", "trailing", "tar"],
)
async def test_a_member_that_cannot_be_read_takes_no_other_along(
    taking: Taking, tmp_path: Path, archive: bytes, whole: bool
) -> None:
    (tmp_path / "logs.bin").write_bytes(archive)
    context = await taking(folder(tmp_path))
    read = ["logs.bin!/a.log", "logs.bin!/b.log"] if whole else ["logs.bin!/b.log"]
    assert [document.path for document in context.documents] == read
    assert [(one.path, one.code) for one in context.skipped] == [("logs.bin!/a.log", errors.DocumentUnreadable.code)]


async def test_what_lies_behind_the_last_readable_file_of_a_tar_is_said(taking: Taking, tmp_path: Path) -> None:
    whole = tar({"a.log": LOG, "b.log": LOG, "c.log": LOG})
    second = 512 + (len(LOG) + 511) // 512 * 512
    for archive in (patched(whole, second + 148, b"9"), whole[: second + 400], whole[:second] + b"\0" * 1024 + whole):
        (tmp_path / "logs.tar").write_bytes(archive)
        context = await taking(scope(tmp_path / "logs.tar"))
        assert [document.path for document in context.documents] == ["logs.tar!/a.log"]
        assert [one.path for one in context.skipped] == ["logs.tar"]
        assert "follows" in context.skipped[0].reason


async def test_a_name_in_utf_8_needs_no_flag(taking: Taking, tmp_path: Path) -> None:
    marked = zipped({"日本語.log": LOG})
    local, central = marked.index(b"PK\x03\x04"), marked.index(b"PK\x01\x02")
    (tmp_path / "logs.zip").write_bytes(patched(patched(marked, local + 6, b"\0\0"), central + 8, b"\0\0"))
    context = await taking(scope(tmp_path / "logs.zip"))
    assert [document.path for document in context.documents] == ["logs.zip!/日本語.log"]


async def test_names_that_cannot_be_shown_are_written_so_that_they_can(taking: Taking, tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for name in ("résumé.log", "r\\xe9sum\\xe9.log", "a\x1b[31m.log", "b\n.log", "é.bin"):
            entry = tarfile.TarInfo(name)
            entry.size = len(LOG)
            archive.addfile(entry, io.BytesIO(LOG if name.endswith("log") else bytes(len(LOG))))
    (tmp_path / "logs.tar").write_bytes(made.getvalue())
    context = await taking(scope(tmp_path / "logs.tar"))
    names = [one.path.removeprefix("logs.tar!/") for one in context.documents]
    assert names == [r"r\xe9sum\xe9.log", "r/xe9sum/xe9.log", r"a\x1b[31m.log", r"b\n.log"]
    assert [one.path for one in context.skipped] == [r"logs.tar!/\xe9.bin"]
    assert all(context.document(one.path) is one and context.document(one.uri) is one for one in context.documents)


async def test_two_members_of_one_name_are_two_documents(taking: Taking, tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for _ in range(2):
            entry = tarfile.TarInfo("a.log")
            entry.size = len(LOG)
            archive.addfile(entry, io.BytesIO(LOG))
    (tmp_path / "logs.tar").write_bytes(made.getvalue())
    context = await taking(scope(tmp_path / "logs.tar"))
    assert [document.path for document in context.documents] == ["logs.tar!/a.log", "logs.tar!/a.log#2"]


@pytest.mark.parametrize("kind", COMPRESS)
async def test_a_bomb_ends_at_the_limit(taking: Taking, tmp_path: Path, kind: str) -> None:
    (tmp_path / "bomb").write_bytes(COMPRESS[kind](b"0" * (50 << 20)))
    with pytest.raises(errors.DocumentUnreadable, match="holds more than 8 MiB when unpacked") as raised:
        await taking(scope(tmp_path / "bomb"), unpack_bytes=8 << 20)
    assert "context.unpackMb" in raised.value.remedy


async def test_the_limit_is_for_all_that_a_question_unpacks(taking: Taking, tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b"line\n" * (1 << 20)))
    context = await taking(folder(tmp_path), unpack_bytes=8 << 20)
    assert [document.path for document in context.documents] == ["a.gz"]
    assert [one.path for one in context.skipped] == ["b.gz"]


async def test_layers_without_end_are_refused(taking: Taking, tmp_path: Path) -> None:
    raw = LOG
    for _ in range(6):
        raw = gzip.compress(raw)
    (tmp_path / "a.gz").write_bytes(raw)
    with pytest.raises(errors.DocumentUnreadable, match="too many layers"):
        await taking(scope(tmp_path / "a.gz"))


@pytest.mark.parametrize("kind", COMPRESS)
async def test_of_a_file_that_is_cut_off_what_is_there_is_read_and_the_rest_is_said(
    taking: Taking, pool: SearchPool, tmp_path: Path, kind: str
) -> None:
    text = b"".join(b"%d ERROR %s\n" % (n, os.urandom(8).hex().encode()) for n in range(100_000))
    raw = COMPRESS[kind](text)
    (tmp_path / "a.log.gz").write_bytes(raw[: len(raw) // 2])
    context = await taking(scope(tmp_path / "a.log.gz"))
    assert 0 < await errors_in(context, pool) < 100_000
    assert [one.reason for one in context.skipped] == ["its compressed data are cut off; what came before was read"]


async def test_a_damaged_file_is_an_error_with_a_remedy(taking: Taking, tmp_path: Path) -> None:
    raw = bytearray(gzip.compress(LOG))
    raw[20:40] = os.urandom(20)
    (tmp_path / "a.gz").write_bytes(raw)
    with pytest.raises(errors.DocumentUnreadable, match="cannot be unpacked") as raised:
        await taking(scope(tmp_path / "a.gz"))
    assert raised.value.remedy


@pytest.mark.parametrize("junk", [b"\0" * 1000, b"padding"])
async def test_what_follows_the_last_member_is_left_out(
    taking: Taking, pool: SearchPool, tmp_path: Path, junk: bytes
) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(LOG) + junk)
    assert await errors_in(await taking(scope(tmp_path / "a.gz")), pool) == 40


@pytest.mark.parametrize("text", [LOG, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: tar({"x/a.log": raw, "b.log": LOG})], ids=["gz", "tar"])
async def test_the_next_question_unpacks_nothing(
    pool: SearchPool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: bytes,
    pack: Callable[[bytes], bytes],
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(pack(text))
    await asyncio.to_thread(settle, path)
    asked: list[str] = []
    call = SearchPool.call

    async def counted(self: SearchPool, operation: str, payload: Payload, deadline_seconds: float) -> object:
        asked.append(operation)
        return await call(self, operation, payload, deadline_seconds)

    monkeypatch.setattr(SearchPool, "call", counted)
    snapshot_cache = SnapshotCache()
    found = []
    try:
        for _ in range(3):
            async with await Context.take(scope(path), pool, ContextOptions(), snapshot_cache) as context:
                found.append((context.digest, await errors_in(context, pool)))
        assert len(set(found)) == 1
        assert asked.count("files.unpack.unpack") == 1
        path.write_bytes(pack(text + b"ERROR\n"))
        async with await Context.take(scope(path), pool, ContextOptions(), snapshot_cache) as context:
            assert await errors_in(context, pool) == found[0][1] + 1
    finally:
        snapshot_cache.close()


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_text_that_begins_like_a_compressed_file_is_a_text(kind: str) -> None:
    assert kind_of(b"BZh9 is how bzip2 begins\n") is None
    assert kind_of(b"PK is a name\n") is None
    assert kind_of(COMPRESS[kind](LOG)[:512]) is not None


@pytest.mark.parametrize("size", [300, 2 << 20], ids=["small", "large"])
@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"\x1f\x9d\x90", "compress"),
        (b"\x5d\0\0\x80", "lzma"),
    ],
    ids=["7z", "rar", "Z", "lzma"],
)
async def test_what_is_not_opened_is_called_by_its_kind(
    taking: Taking, tmp_path: Path, mark: bytes, name: str, size: int
) -> None:
    (tmp_path / "a.log").write_bytes(mark + random.Random(7).randbytes(size))
    with pytest.raises(errors.DocumentBinary, match=f"{name}.* not opened") as raised:
        await taking(scope(tmp_path / "a.log"))
    assert "Unpack it" in raised.value.remedy


async def test_a_table_of_contents_without_end_is_refused(taking: Taking, tmp_path: Path) -> None:
    """A header of a tar names the size of a longer header, which is read whole."""
    entry = tarfile.TarInfo("pax")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 33
    raw = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    (tmp_path / "a.tar").write_bytes(raw + b"\0" * 4096)
    with pytest.raises(errors.DocumentUnreadable, match="too large"):
        await taking(scope(tmp_path / "a.tar"))
