"""What a cluster finds in objects of a bucket, read by ranges, is what this machine finds in files."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.cluster.test_same_answers import PATTERNS, _said, _verbs
from tests.fakes.buckets import put, s3_server
from tests.unit.context.oracle import TEXT

from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.remote.copies import Copies
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

EXAMPLES = 15
"""Of each verb: each puts its texts into the bucket, and takes a snapshot of them."""


class Both:
    """A bucket that two nodes read, and a folder of this machine, with the same texts under the same names."""

    def __init__(self, folder: Path) -> None:
        import s3fs  # type: ignore[import-untyped]

        self._folder = folder
        self._objects = s3fs.S3FileSystem(skip_instance_cache=True)
        self._examples = itertools.count()
        self.stayed = 0
        """Examples of which a text stayed in the bucket: those that a terminal may have drawn are copied."""
        self._runner = asyncio.Runner()
        self._runner.run(self._open())

    async def _open(self) -> None:
        self._here = SearchPool(1)
        self._nodes = ClusterPool("local:2", self._here, in_place=1, shared=False)
        self._cache = SnapshotCache()
        self._cache.copies = Copies(self._folder / "copies")
        await self._nodes.ready()

    def compare(self, texts: list[str], piece: int, ask: Any) -> None:
        example = f"{next(self._examples)}"
        (self._folder / example).mkdir()
        names = [f"{number}.txt" for number, text in enumerate(texts) if text]
        for name in names:
            raw = texts[int(name[:-4])].encode()
            (self._folder / example / name).write_bytes(raw)
            self._objects.pipe_file(f"logs/{example}/{name}", raw)
        if names:
            self._nodes._piece = piece
            self._runner.run(self._compare(example, names, ask))

    async def _compare(self, example: str, names: list[str], ask: Any) -> None:
        kind = "files" if len(names) > 1 else "document"
        there = Scope(kind, files=tuple(f"s3://logs/{example}/{name}" for name in names))  # type: ignore[arg-type]
        here = Scope(kind, files=tuple(str(self._folder / example / name) for name in names))  # type: ignore[arg-type]
        async with (
            await Context.take(there, self._nodes, None, self._cache) as far,
            await Context.take(here, self._here) as near,
        ):
            self.stayed += any(one.source.place for one in far.documents)
            assert await _said(ask, Search(far, self._nodes)) == await _said(ask, Search(near, self._here))

    def close(self) -> None:
        assert self._cache.copies is not None
        self._runner.run(self._cache.copies.close())
        self._cache.close()
        self._runner.run(self._nodes.close())
        self._runner.run(self._here.close())
        self._runner.close()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    with s3_server(folder) as env, pytest.MonkeyPatch.context() as patch:
        put(env, {"logs/first": b"x"})
        for name, value in env.items():
            patch.setenv(name, value)
        made = Both(folder)
        try:
            yield made
        finally:
            made.close()


@pytest.mark.parametrize("verb", _verbs("a", "a"))
@given(
    texts=st.lists(TEXT, min_size=1, max_size=3),
    pattern=PATTERNS,
    word=st.sampled_from("abAké1"),
    piece=st.integers(8, 60),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_a_cluster_answers_from_a_bucket_as_this_machine_does_from_files(
    both: Both, verb: str, texts: list[str], pattern: str, word: str, piece: int
) -> None:
    both.compare(texts, piece, _verbs(pattern, word)[verb])


def test_most_of_the_texts_stayed_in_the_bucket(both: Both) -> None:
    """What the examples above are about; alone it has none to look at."""
    assert both.stayed * 2 > next(both._examples)
