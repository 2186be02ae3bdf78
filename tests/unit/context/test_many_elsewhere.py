"""Texts that lie elsewhere may be a million: they are rows in columns, and what a node says of them is looked at."""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_ls.context.columns.index import Index
from rlm_ls.context.columns.names import short_names
from rlm_ls.context.columns.numbers import Numbers
from rlm_ls.context.columns.strings import Strings, foreign
from rlm_ls.context.document import CHECKPOINT, Part
from rlm_ls.context.ops.files.served import ServedText, ServedTexts
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.intake import RefusedFile
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources import uris
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.protocol import Payload
from rlm_ls.errors import DocumentChanged, DocumentUnreadable, SearchFailed

MANY = 15_000
SIZE = 1_000


class ToldNode(SearchPool):
    """A node of which only is known what it says: `texts` by host."""

    def __init__(self, texts: dict[str, Any]) -> None:
        super().__init__(1)
        self.texts = texts
        self.measured: list[str] = []

    async def hosts(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(self.texts)) if name == "*" else (name,)

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        if operation == "files.served.listing":
            told = self.texts[payload["folder"].host]
            return told() if callable(told) else told
        if operation == "files.inspect.measures":
            if len(payload["ranges"]) < 10:  # of the many no name is to be kept
                self.measured += [file.source.path for file, _, _ in payload["ranges"]]
            return [measure(at, end) for _, at, end in payload["ranges"]]
        return await super().call(operation, payload, deadline_seconds)


def measure(start: int, end: int) -> RangeMeasure:
    blocks = -(-(end - start) // CHECKPOINT)
    return RangeMeasure(start, end, end - start, (10,) * blocks, 9, 0, 99, True, False, -1, 0, b"\n", os.urandom(16))


def served(*paths: str, size: int = SIZE, version: str = "1") -> ServedTexts:
    return ServedTexts.of(ServedText(path, size, f"{version}.{path}", 0) for path in paths)


async def taken(node: ToldNode, *names: str, cache: SnapshotCache | None = None, most: int = MANY) -> Context:
    return await Context.take(Scope("files", files=names), node, ContextOptions(remote_files=most), cache)


def many(count: int, name: str) -> ServedTexts:
    """Addresses and versions as nodes tell them: of the latter sixteen bytes are random."""
    return ServedTexts.of(
        ServedText(f"/logs/2026-11-{day:02}/{name}-{number:07}.log", SIZE, f"{os.urandom(16).hex()}.{number}.2049", 0)
        for day in range(30)
        for number in range(day, count, 30)
    )


async def test_a_document_made_of_a_row_says_what_was_measured() -> None:
    text = ServedText("/a/large.log", 3 * RANGE + 7, "v", 3)
    async with ToldNode({"host": ServedTexts.of([text])}) as node:
        context = await taken(node, "node://host/a/large.log")
        (document,) = context.documents
        assert (document.uri, document.path, document.language) == ("node://host/a/large.log", "large.log", "log")
        assert document.size == 3 * RANGE + 4
        assert document.source.offset == 3
        assert document.lines == document.checkpoints[-1] == 10 * (1 + 3 * RANGE // CHECKPOINT)
        assert len(document.checkpoints) == 1 + 3 * RANGE // CHECKPOINT + 1
        assert document.characters == document.size
        assert list(context.limit) == [Part(0, 0, document.size)]
        assert context.number(document.uri) == context.number("large.log") == 0


async def test_what_was_measured_is_measured_once_and_what_is_new_or_changed_anew() -> None:
    node = ToldNode({"host": served("/a/1", "/a/2", "/a/4")})
    async with node:
        cache = SnapshotCache()
        first = await taken(node, "node://host/a", cache=cache)
        assert len(node.measured) == 3
        await taken(node, "node://host/a", cache=cache)
        assert len(node.measured) == 3
        changed = ServedText("/a/2", SIZE, "another", 0)
        node.texts["host"] = ServedTexts.of([*served("/a/1"), changed, *served("/a/3", "/a/4")])
        again = await taken(node, "node://host/a", cache=cache)
        assert node.measured[3:] == ["node://host/a/2", "node://host/a/3"]
        assert [one.uri[-4:] for one in again.documents] == ["/a/1", "/a/2", "/a/3", "/a/4"]
        ends = {one.path: again._contents.read[number].digest for number, one in enumerate(again.documents)}
        for number, one in enumerate(first.documents):
            assert (ends[one.path] == first._contents.read[number].digest) == (one.path != "2")
        cache.close()


async def test_pieces_of_a_log_are_in_the_order_of_their_time_whatever_listing_they_are_in() -> None:
    node = ToldNode({"one": served("/l/app.log", "/l/app.log.1", "/l/app.log.10", "/l/app.log.2"), "two": served("/x")})
    async with node:
        context = await taken(node, "node://*/l")
        assert context.documents.paths[:] == ("app.log.10", "app.log.2", "app.log.1", "app.log", "x")
        node.texts = {"one": served("/l/app.log")}
        node.texts = {"one": lambda: served(*paths.pop(0))}
        paths = [["/l/app.log"], ["/l/app.log.2"], ["/l/app.log.1"]]
        context = await taken(node, *(f"node://one{path[0]}" for path in paths))
        assert [one.uri for one in context.documents] == [f"node://one/l/app.log{end}" for end in (".2", ".1", "")]


async def test_a_text_that_two_names_stand_for_is_one_document() -> None:
    async with ToldNode({"one": served("/l/a", "/l/b")}) as node:
        context = await taken(node, "node://one/l", "node://one/l/*")
        assert [one.uri for one in context.documents] == ["node://one/l/a", "node://one/l/b"]


async def test_what_is_here_stands_where_it_was_named_and_what_cannot_be_read_is_left_out(tmp_path: Any) -> None:
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("x\n")
    gone = ServedText("/l/gone", 0, "", 0, RefusedFile.by(DocumentUnreadable("It is a link.")))
    node = ToldNode({"one": ServedTexts.of([*served("/l/a"), gone, *served("/l/id_rsa", "/l/z")])})
    async with node:
        context = await taken(node, str(tmp_path / "1.txt"), "node://one/l", str(tmp_path / "2.txt"))
        assert context.documents.paths[:] == ("1.txt", "a", "z", "2.txt")
        assert [one.path for one in context.documents] == list(context.documents.paths)
        assert list(context.documents.sizes) == [2, SIZE, SIZE, 2]
        assert list(context.documents.lines) == [1, 10, 10, 1]
        assert [one.path for one in context.skipped] == ["gone", "id_rsa"]
        assert [context.number(one.uri) for one in context.documents] == [0, 1, 2, 3]
        assert context.files.far
        assert [one.path for one in context.documents.not_plain] == []
        await context.close()


BROKEN = [
    [],
    {"paths": 3},
    ServedTexts([b"no block"], [], array("q", [1]), array("B", [0]), {}),
    ServedTexts([], [], array("q", [1]), array("B", [0]), {}),
    ServedTexts(*[[zlib.compress(b"/a\0/b")]] * 2, array("q", [1]), array("B", [0]), {}),
    ServedTexts(*[[zlib.compress(b"/a")]] * 2, array("q", [-1]), array("B", [0]), {}),
    ServedTexts(*[[zlib.compress(b"/a")]] * 2, array("q", [1]), array("B", [3]), {}),
    ServedTexts(*[[zlib.compress(b"/a")]] * 2, array("d", [1]), array("B", [0]), {}),
    ServedTexts(*[[zlib.compress(b"/" * (1 << 24))]] * 2, array("q", [1]), array("B", [0]), {}),
    ServedTexts(*[[zlib.compress(b"/a")]] * 2, array("q", [1]), array("B", [0]), {0: "no"}),  # type: ignore[dict-item]
]


@pytest.mark.parametrize("told", BROKEN)
async def test_what_is_no_listing_is_not_believed(told: Any) -> None:
    async with ToldNode({"host": told}) as node:
        with pytest.raises(SearchFailed, match="no listing"):
            await taken(node, "node://host/a")


async def test_a_text_that_changed_while_it_was_measured_is_left_out_with_the_reason() -> None:
    class Changing(ToldNode):
        async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
            found = await super().call(operation, payload, deadline_seconds)
            if operation == "files.inspect.measures":
                return [RefusedFile.by(DocumentChanged("It was replaced.")), *found[1:]]
            return found

    async with Changing({"host": served("/l/a", "/l/b")}) as node:
        context = await taken(node, "node://host/l")
        assert context.documents.paths[:] == ("b",)
        assert [(one.path, one.code) for one in context.skipped] == [("a", DocumentChanged.code)]


TEXTS = st.lists(st.text(st.characters(codec=None, exclude_characters="\0"), max_size=8), max_size=200)


@settings(deadline=None)
@given(TEXTS)
def test_strings_come_back_as_they_were(texts: list[str]) -> None:
    packed = Strings.of(texts)
    assert list(packed) == texts
    assert [packed[number] for number in range(len(packed))] == texts
    assert packed[:] == texts
    assert packed.same(Strings.of(texts))
    assert list(foreign(list(packed.blocks), len(texts))) == texts
    index = Index(packed)
    assert {text: index.get(text) for text in texts} == {text: number for number, text in enumerate(texts)}
    assert index.get("\0") is None


PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c\n"]), min_size=1, max_size=4).map("/".join), max_size=12, unique=True
)


@settings(deadline=None)
@given(PATHS, st.sets(st.sampled_from(["a", "b", "a/b"])))
def test_names_are_unique_and_as_short_as_those_of_files_here(paths: list[str], used: set[str]) -> None:
    names = short_names(paths, used)
    assert len({*names, *used}) == len(paths) + len(used)
    if not used:
        assert list(names) == uris.short_names(paths, [])


@settings(deadline=None)
@given(st.lists(st.integers(0, 40)), st.integers(0, 30))
def test_numbers_are_a_set(some: Sequence[int], below: int) -> None:
    numbers = Numbers(some)
    assert set(numbers) == set(some)
    assert len(numbers) == len(set(some))
    numbers.update(range(below))
    assert numbers == {*some, *range(below)}
    assert -1 not in numbers
    assert 41 not in numbers
