"""Open texts: what is noted, what a snapshot holds, and that changes cost the event loop nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from lsprotocol import types

from rlm_ls.lsp.workspace.buffers import FOLD_AT, Buffers

URI = "file:///c%3A/notes.txt"


@pytest.fixture
async def buffers() -> AsyncIterator[Buffers]:
    buffers = Buffers()
    yield buffers
    buffers.close()


def opened(buffers: Buffers, text: str, uri: str = URI) -> None:
    buffers.opened(types.TextDocumentItem(uri, "plaintext", 1, text))


def change(buffers: Buffers, version: int, *events: types.TextDocumentContentChangeEvent) -> None:
    identity = types.VersionedTextDocumentIdentifier(version, URI)
    buffers.changed(types.DidChangeTextDocumentParams(identity, list(events)))


def partial(start: tuple[int, int], end: tuple[int, int], text: str) -> types.TextDocumentContentChangePartial:
    return types.TextDocumentContentChangePartial(types.Range(types.Position(*start), types.Position(*end)), text)


async def test_a_snapshot_holds_the_changes_made_before_it_and_none_after(buffers: Buffers) -> None:
    opened(buffers, "one\ntwo\n")
    change(buffers, 2, partial((0, 3), (1, 0), " "), partial((0, 0), (0, 3), "1"))
    taking = asyncio.ensure_future(buffers.snapshot([URI, "file:///not-open"]))
    await asyncio.sleep(0)
    change(buffers, 3, types.TextDocumentContentChangeWholeDocument("other"))
    (buffer,) = await taking
    assert (buffer.text, buffer.version, buffer.language) == ("1 two\n", 2, "plaintext")
    (later,) = await buffers.snapshot([URI])
    assert (later.text, later.version) == ("other", 3)


async def test_the_same_text_is_found_by_any_spelling_of_its_uri(buffers: Buffers) -> None:
    opened(buffers, "x")
    assert "file:///c:/notes.txt" in buffers
    assert [buffer.text for buffer in await buffers.snapshot(["file:///c:/notes.txt"])] == ["x"]
    buffers.closed("file:///C%3A/other")
    buffers.closed("file:///c:/notes.txt")
    assert await buffers.snapshot([URI]) == ()


async def test_changes_of_a_text_that_is_not_open_are_ignored(buffers: Buffers) -> None:
    change(buffers, 2, partial((0, 0), (0, 0), "x"))
    assert await buffers.snapshot([URI]) == ()


async def test_trap_a_change_is_only_noted(buffers: Buffers) -> None:
    opened(buffers, "line\n" * 100)
    rope = buffers._open[URI.replace("%3A", ":")]
    for version in range(2, 502):
        change(buffers, version, partial((version % 100, 0), (version % 100, 1), "L"))
    assert len(rope.noted) == 501
    assert rope.rope is None
    (buffer,) = await buffers.snapshot([URI])
    assert buffer.text == "Line\n" * 100
    assert rope.noted == []


async def test_a_full_text_forgets_the_changes_before_it(buffers: Buffers) -> None:
    opened(buffers, "old")
    change(buffers, 2, partial((0, 0), (0, 0), "very "), types.TextDocumentContentChangeWholeDocument("new"))
    change(buffers, 3, partial((0, 3), (0, 3), "er"))
    assert len(buffers._open[URI.replace("%3A", ":")].noted) == 2
    assert [buffer.text for buffer in await buffers.snapshot([URI])] == ["newer"]


async def test_a_long_days_typing_is_folded_now_and_then(buffers: Buffers) -> None:
    opened(buffers, "")
    for version in range(2, FOLD_AT + 100):
        change(buffers, version, partial((0, version), (0, version), "x"))
    assert len(buffers._open[URI.replace("%3A", ":")].noted) < FOLD_AT
    assert [len(buffer.text) for buffer in await buffers.snapshot([URI])] == [FOLD_AT + 98]


@pytest.mark.parametrize(
    ("encoding", "column"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)], ids=["utf-8", "utf-16", "utf-32"]
)
async def test_columns_are_those_of_the_negotiated_encoding(buffers: Buffers, encoding: str, column: int) -> None:
    buffers.encoding = encoding
    opened(buffers, "😀b")
    change(buffers, 2, partial((0, column), (0, column + 1), "c"))
    assert [buffer.text for buffer in await buffers.snapshot([URI])] == ["😀c"]


async def test_half_a_surrogate_pair_becomes_a_replacement_character(buffers: Buffers) -> None:
    opened(buffers, "a\ud83db")
    (buffer,) = await buffers.snapshot([URI])
    assert buffer.text == "a\ufffdb"
    buffer.text.encode()


async def test_trap_lines_end_where_lsp_says_and_nowhere_else(buffers: Buffers) -> None:
    opened(buffers, "a\u2028b\x0cc\x1cd\re\r\nf\n")
    assert await buffers.lines(URI, range(5), 100) == ["a\u2028b\x0cc\x1cd", "e", "f", "", ""]
    assert await buffers.lines(URI, [0], 3) == ["a\u2028b"]
