"""Files that a walk finds are read in their own encoding; notebooks by cell."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rlm_ls import errors
from rlm_ls.context.ops.files.notebook import cells_of
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.encoding import guessed
from rlm_ls.context.workers.pool import SearchPool

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
    (tmp_path / "nul.bin").write_bytes(b"text\0text")
    (tmp_path / "wide.bin").write_bytes(bytes(range(256)) * 40)
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert [one.path for one in context.documents] == ["a.txt"]
    assert {one.code for one in context.skipped} == {4102}


async def test_a_named_file_is_read_as_set_or_refused(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"na\xefve")
    with pytest.raises(errors.DocumentEncoding):
        await taking(Scope("document", files=(str(tmp_path / "a.txt"),)))


def test_a_few_accents_are_western() -> None:
    encoding = guessed("x = 1  # naïve\n".encode("latin-1") * 3)
    assert encoding is not None
    assert encoding.codec == "cp1252"
    assert guessed(b"x \x81\n") is not None
    assert guessed(b"\x80\x00") is None


def cell(kind: str, source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


NOTEBOOK = {
    "nbformat": 4,
    "cells": [
        cell("markdown", ["# Title\n", "words é"]),
        cell("code", "import os\n\nx = 1", outputs=[{"text": "SECRET OUTPUT"}]),
        cell("code", []),
    ],
}

TEXT = "# %% [markdown] cell 1\n# Title\nwords é\n\n# %% [code] cell 2\nimport os\n\nx = 1\n\n# %% [code] cell 3\n\n"


@pytest.mark.parametrize("padding", [0, 2 << 20], ids=["small", "large"])
async def test_notebooks_are_their_cells(taking: Taking, pool: SearchPool, tmp_path: Path, padding: int) -> None:
    (tmp_path / "a.ipynb").write_text(json.dumps(NOTEBOOK) + " " * padding)
    (tmp_path / "b.ipynb").write_text("{not json")
    (tmp_path / "c.ipynb").write_text('{"cells": [{"source": 3}]}')
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    search = Search(context, pool)
    first, *others = context.documents
    assert (first.path, first.language, first.notebook) == ("a.ipynb", "jupyter", True)
    assert [(one.language, one.notebook) for one in others] == [("json", False), ("json", False)]
    assert (await search.lines(0, 1, -1)).text + "\n" == TEXT
    assert [(kind, name, span.line) for kind, name, _, span in await search.outline(0)] == [
        ("cell", "1 markdown: # Title", 1),
        ("cell", "2 code: import os", 5),
        ("cell", "3 code", 10),
    ]
    assert await search.count("SECRET", context.limit) == 0
    assert (await search.lines(1, 1, -1)).text == "{not json"


def test_notebooks_of_any_kind_do_not_fail() -> None:
    assert cells_of(b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}]}') == b"# %% [code] cell 1\nx\n"
    for raw in (b"[]", b"3", b"{}", b'{"cells": 3}', b'{"cells": []}', b"[" * 100_000, b"\xff"):
        assert cells_of(raw) is None
