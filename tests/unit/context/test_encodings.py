"""Files that a walk finds are read in their own encoding; notebooks by cell."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_ls import errors
from rlm_ls.context.extraction.formats import notebooks
from rlm_ls.context.extraction.text import NotADocument, Text
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.encoding import guessed
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.engine.setup.encodings import assumed

Taking = Callable[..., Awaitable[Context]]

RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n" * 5
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n" * 5

CASES = {
    "utf-8": ("naïve 𝔘\n", "utf-8", "utf-8"),
    "mark": ("naïve 𝔘\n", "utf-8-sig", "utf-8"),
    "utf-16": ("naïve 𝔘\n", "utf-16", "utf-16-le"),
    "utf-16-le": ("a plain line\nnaïve\n", "utf-16-le", "utf-16-le"),
    "utf-16-be": ("a plain line\nnaïve\n", "utf-16-be", "utf-16-be"),
    "latin-1": ("def f():  # naïve\n    return 'é'\n", "latin-1", "cp1252"),
    "windows": ("“smart” quotes – and dashes\n", "cp1252", "cp1252"),
    "russian": (RUSSIAN, "cp1251", "cp1251"),
    "japanese": (JAPANESE, "cp932", "cp932"),
}


@pytest.mark.parametrize("size", [0, 2 << 20], ids=["small", "large"])
@pytest.mark.parametrize("name", CASES)
async def test_walked_files_are_read_in_their_encoding(
    name: str, size: int, taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    text, codec, wanted = CASES[name]
    text *= 1 + size // len(text)
    (tmp_path / "a.txt").write_bytes(text.encode(codec))
    (tmp_path / "b.txt").write_text("needle é\nneedle")
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    document = context.documents[0]
    assert document.encoding == wanted
    assert (document.characters, document.lines) == (len(text), text.count("\n"))
    search = Search(context, pool)
    last = text.splitlines()[-1]
    assert (await search.lines(0, -1, -1)).text == last
    word = last.split()[-1]
    found = (await search.find(word, resolve(context, "a.txt"), limit=1)).hits[0]
    assert found.column == text.splitlines()[found.span.line - 1].index(word) + 1
    assert [hit.span.line for hit in (await search.find("needle", context.limit)).hits] == [1, 2]


async def test_what_is_no_text_is_skipped(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "control.bin").write_bytes(b"\x80\x01\x02\xff" * 10)
    (tmp_path / "nul.bin").write_bytes(b"\0\0\0")
    (tmp_path / "png.bin").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01" * 4)
    (tmp_path / "wide.bin").write_bytes(bytes(range(256)) * 40)
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert [one.path for one in context.documents] == ["a.txt"]
    assert {one.code for one in context.skipped} == {4102}


async def test_a_file_is_read_as_set_or_refused(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"na\xefve")
    (tmp_path / "wide.txt").write_bytes("a plain line\n".encode("utf-16-le"))
    for name, remedy in (("a.txt", "--encoding latin-1"), ("wide.txt", "--encoding utf-16-le")):
        with pytest.raises(errors.DocumentEncoding) as refused:
            await taking(Scope("document", files=(str(tmp_path / name),)), encoding="utf-8")
        assert remedy in refused.value.remedy


def test_a_few_accents_are_western() -> None:
    encoding = guessed("x = 1  # naïve\n".encode("latin-1") * 3)
    assert encoding is not None
    assert encoding.codec == "cp1252"
    assert guessed(b"x \x81\n") is not None
    assert guessed(b"\x80\x00") is None


LINES = [f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 8 == 3 else 'INFO'} request={n}" for n in range(400)]
ENGLISH = "\n".join(LINES) + "\n"
"""400 lines, 50 of them errors."""

DETECTED = {
    "utf-16-le": ("", "utf-16-le"),
    "utf-16-be": ("", "utf-16-be"),
    "utf-32-le": ("", "utf-32-le"),
    "utf-32-be": ("", "utf-32-be"),
    "utf-16": ("", "utf-16-le"),
    "utf-32": ("", "utf-32-le"),
    "latin-1": (" la requête a échoué", "cp1252"),
    "cp932": (" データベースへの接続に失敗しました", "cp932"),
    "euc_jp": (" データベースへの接続に失敗しました", "euc_jp"),
    "gb18030": (" 连接数据库失败，请稍后重试", "gb18030"),
    "big5": (" 連接資料庫失敗請稍後重試", "big5"),
    "cp949": (" 데이터베이스 연결에 실패했습니다", "cp949"),
    "cp1251": (" Ошибка подключения к базе данных", "cp1251"),
}


@pytest.mark.parametrize("way", ["named", "walked"])
@pytest.mark.parametrize("size", [0, 2 << 20], ids=["small", "large"])
@pytest.mark.parametrize("codec", DETECTED)
async def test_every_way_in_has_the_same_judgement(
    codec: str, size: int, way: str, taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    tail, wanted = DETECTED[codec]
    text = "".join(f"{line}{tail}\n" for line in LINES)
    times = 1 + size // len(text)
    (tmp_path / "a.log").write_bytes((text * times).encode(codec))
    named = Scope("document", files=(str(tmp_path / "a.log"),))
    context = await taking(named if way == "named" else Scope("workspace", roots=(str(tmp_path),)))
    document = context.documents[0]
    assert (document.encoding, document.assumed) == (wanted, codec not in ("utf-16", "utf-32"))
    assert assumed([document]) == (
        [f"a.log was read as {wanted.upper()} (detected); --encoding sets another."] if document.assumed else []
    )
    search = Search(context, pool)
    assert await search.count("ERROR", context.limit) == 50 * times
    assert (await search.lines(0, -1, -1)).text == LINES[-1] + tail


HOLE = b"\0" * 5000


@pytest.mark.parametrize("size", [1, 40], ids=["small", "large"])
@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        (lambda raw: raw[:900] + b"\xff" + raw[900:], 1),
        (lambda raw: raw + b"\xe2\x82", 1),
        (lambda raw: raw[:900] + b"\0" + raw[900:], 0),
        (lambda raw: HOLE * 4 + raw, 0),
        (lambda raw: raw + HOLE, 0),
        (lambda raw: HOLE + raw[:500] + HOLE + b"\xff" + raw[500:], 1),
        (lambda raw: codecs.BOM_UTF8 + b"\xff" + raw, 1),
    ],
    ids=["byte", "torn", "NUL", "truncated", "allocated", "both", "marked"],
)
async def test_damage_does_not_shut_a_log_out(
    damage: Callable[[bytes], bytes], faults: int, size: int, taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    text = "é\n" * 4 + ENGLISH * (3 * size)
    (tmp_path / "a.log").write_bytes(damage(text.encode()))
    context = await taking(Scope("document", files=(str(tmp_path / "a.log"),)))
    document = context.documents[0]
    assert (document.encoding, document.faults) == ("utf-8", faults)
    assert len(assumed([document])) == faults
    search = Search(context, pool)
    assert await search.count("ERROR", context.limit) == 150 * size
    assert await search.count("\ufffd", context.limit) == faults
    last = (await search.find("request=399", context.limit, limit=10**6)).hits[-1]
    assert (await search.lines(0, last.span.line, last.span.line)).text.startswith("2024-01-01 00:00:39")


@pytest.mark.parametrize("size", [1, 120], ids=["small", "large"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-16", "utf-32"])
@pytest.mark.parametrize("fault", ["cut", "half of a pair"])
async def test_a_fault_does_not_shut_a_wide_text_out(
    fault: str, codec: str, size: int, taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    half = "\udc00".encode(codec, "surrogatepass")[-4 if "32" in codec else -2 :]
    raw = ENGLISH.encode(codec) * size
    (tmp_path / "a.log").write_bytes(raw[:-1] if fault == "cut" else raw + half)
    context = await taking(Scope("document", files=(str(tmp_path / "a.log"),)))
    assert (context.documents[0].encoding[:6], context.documents[0].faults) == (codec[:6], 1)
    assert "in 1 place the bytes are not" in " ".join(assumed(context.documents))
    assert await Search(context, pool).count("ERROR", context.limit) == 50 * size
    named = await taking(Scope("document", files=(str(tmp_path / "a.log"),)), encoding=codec)
    assert (named.documents[0].faults, named.digest) == (1, context.digest)


async def test_a_mark_of_utf_16_before_what_is_none_makes_no_text(taking: Taking, tmp_path: Path) -> None:
    for size in (300, 1 << 20):
        (tmp_path / "a.bin").write_bytes(b"\xff\xfe" + b"\x00\xdc\x41\x00" * size)
        with pytest.raises(errors.DocumentEncoding):
            await taking(Scope("document", files=(str(tmp_path / "a.bin"),)))


@settings(max_examples=200)
@given(
    lines=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), min_size=20, max_size=40),
    codec=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
)
def test_plain_text_in_any_unicode_encoding_is_found_out(lines: list[str], codec: str) -> None:
    found = guessed("\n".join(lines).encode(codec))
    assert found is not None
    assert (found.codec, found.errors) == (codec, "strict")


@settings(max_examples=100)
@given(at=st.integers(0, 50_000), wrong=st.binary(min_size=1, max_size=3))
def test_a_text_with_a_fault_stays_one(at: int, wrong: bytes) -> None:
    raw = ("é\n" * 40 + ENGLISH * 10).encode()  # of four letters, three wrong bytes are no few
    found = guessed(raw[:at] + wrong + raw[at:])
    assert found is not None
    assert found.codec == "utf-8"


@given(st.randoms(use_true_random=False), st.integers(500, 5000))
def test_noise_is_no_text(random: Any, size: int) -> None:
    assert guessed(random.randbytes(size)) is None


def cell(kind: str, source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


NOTEBOOK = {
    "nbformat": 4,
    "cells": [
        cell("markdown", ["# Title\n", "words é"]),
        cell("code", "import os\n\nx = 1", outputs=[{"text": "THE OUTPUT"}]),
        cell("code", []),
    ],
}

TEXT = (
    "# %% [markdown] cell 1\n# Title\nwords é\n\n# %% [code] cell 2\nimport os\n\nx = 1\n"
    "# %% [output] cell 2\nTHE OUTPUT\n\n# %% [code] cell 3\n\n"
)


@pytest.mark.parametrize("padding", [0, 2 << 20], ids=["small", "large"])
async def test_notebooks_are_their_cells(taking: Taking, pool: SearchPool, tmp_path: Path, padding: int) -> None:
    (tmp_path / "a.ipynb").write_text(json.dumps(NOTEBOOK) + " " * padding)
    (tmp_path / "b.ipynb").write_text("{not json")
    (tmp_path / "c.ipynb").write_text('{"cells": [{"source": 3}]}')
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    search = Search(context, pool)
    first, *others = context.documents
    assert (first.path, first.language, first.inside) == ("a.ipynb", "jupyter", True)
    assert [(one.language, one.inside) for one in others] == [("json", False), ("json", False)]
    assert (await search.lines(0, 1, -1)).text + "\n" == TEXT
    assert [(kind, name, span.line) for kind, name, _, span, _ in await search.outline(0)] == [
        ("cell", "1 markdown: # Title", 1),
        ("cell", "2 code: import os", 5),
        ("cell", "3 code", 12),
    ]
    assert await search.count("THE OUTPUT", context.limit) == 1
    assert (await search.lines(1, 1, -1)).text == "{not json"


def test_notebooks_of_any_kind_do_not_fail() -> None:
    def cells_of(raw: bytes) -> bytes:
        out = io.BytesIO()
        text = Text("n.ipynb", out, 1 << 20, Deadline(10))
        notebooks.extract(io.BytesIO(raw), len(raw), text)
        text.flush()
        return out.getvalue()

    assert cells_of(b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}]}') == b"# %% [code] cell 1\nx\n"
    for raw in (b"[]", b"3", b"{}", b'{"cells": 3}', b'{"cells": []}', b"[" * 100_000, b"\xff"):
        with pytest.raises(NotADocument):
            cells_of(raw)
