"""What a cluster finds is what this machine finds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import TEXT

from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.document import SMALL
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search import scanner
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import RlmError

PATTERNS = st.sampled_from(
    ["a", r"\w+", r"a|b", r"(?<=a)b", r"^", r"$", r"[^a]+", r"(\w)(\d)", r"\d+", r"k", r"é", r"(\w) \1", r"b\b"]
)


class Loop:
    """A cluster in an event loop of its own, for examples that are plain functions."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._runner.run(self._open())

    async def _open(self) -> None:
        self.here = SearchPool(1)
        self.cluster = ClusterPool("local:2", self.here)
        await self.cluster.ready()

    def both(self, texts: list[str], piece: int, ask: Any) -> None:
        self._runner.run(self._both(texts, piece, ask))

    async def _both(self, texts: list[str], piece: int, ask: Any) -> None:
        buffers = tuple(Buffer(f"untitled:{number}.txt", text) for number, text in enumerate(texts))
        scope = Scope("files", files=tuple(one.uri for one in buffers), buffers=buffers)
        self.cluster._piece = piece
        scanner.SMALL = 0  # small texts are cut like large ones
        try:
            context = await Context.take(scope, self.here)
        except RlmError:  # all of them are empty
            return
        async with context:
            assert await _said(ask, Search(context, self.cluster)) == await _said(ask, Search(context, self.here))

    def close(self) -> None:
        scanner.SMALL = SMALL
        self._runner.run(self.cluster.close())
        self._runner.run(self.here.close())
        self._runner.close()


async def _said(ask: Any, search: Search) -> Any:
    try:
        return await ask(search, resolve(search.context, None))
    except RlmError as error:
        return type(error), str(error)


@pytest.fixture(scope="module")
def two() -> Iterator[Loop]:
    loop = Loop()
    try:
        yield loop
    finally:
        loop.close()


def _verbs(pattern: str, word: str) -> dict[str, Any]:
    """Every way of searching, by its name."""
    return {
        "find": lambda s, w: s.find(word, w),
        "find, ignoring case": lambda s, w: s.find(word, w, ignore_case=True, limit=3),
        "find_any": lambda s, w: s.find_any([word, "b"], w),
        "regex": lambda s, w: s.regex(pattern, w),
        "regex over lines": lambda s, w: s.regex(pattern, w, multiline=True),
        "count": lambda s, w: s.count(pattern, w),
        "count by line": lambda s, w: s.count(pattern, w, by="line"),
        "count by document": lambda s, w: s.count(pattern, w, by="doc"),
        "extract": lambda s, w: s.extract(pattern, w),
        "top": lambda s, w: s.top(pattern, w),
        "stats": lambda s, w: s.stats(r"(\d+)", w),
        "filter": lambda s, w: s.count(word, tuple(_filtered(part, pattern) for part in w)),
        "terms": lambda s, w: s.terms("identifiers", w),
        "split": lambda s, w: s.split(pattern, w),
        "chunks": lambda s, w: s.chunks(w, 2),
        "sample": lambda s, w: s.sample(3, w),
        "outline": lambda s, w: s.outline(0),
        "lines": lambda s, w: s.lines(0, 1, 2),
        "text": lambda s, w: s.characters(0, 0, 20),
    }


def _filtered(part: Any, pattern: str) -> Any:
    return type(part)(part.doc, part.start, part.end, ((pattern, True),))


@pytest.mark.parametrize("verb", _verbs("a", "a"))
@given(
    texts=st.lists(TEXT, min_size=1, max_size=3),
    pattern=PATTERNS,
    word=st.sampled_from("abAké1"),
    piece=st.integers(1, 60),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_cluster_answers_as_this_machine_does(
    two: Loop, verb: str, texts: list[str], pattern: str, word: str, piece: int
) -> None:
    two.both(texts, piece, _verbs(pattern, word)[verb])


def test_texts_were_searched_by_the_nodes(two: Loop) -> None:
    before = next(two.cluster._numbers)
    two.both(["a b\n" * 400_000], 100_000, lambda s, w: s.count("a", w))  # 1.6 MB
    assert next(two.cluster._numbers) - before == 17
