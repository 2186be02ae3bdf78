"""Texts in buckets that stay there: the nodes read them, with credentials of their own."""

from __future__ import annotations

import os
import pickle
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import Cluster
from tests.cluster.test_same_answers import _said, _verbs
from tests.fakes.buckets import put, s3_server

from rlm_ls.context.cluster.connection import Connection
from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.remote.copies import Copies
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import DocumentChanged, DocumentEncoding, RlmError
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits, WasmRunner

TEXT = "".join(
    f"2026-11-01T00:{n // 60 % 60:02}:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} é{n % 7} u_{n % 13} took={n}\n"
    for n in range(60_000)
).encode()
URL = "s3://logs/large/app.log"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with s3_server(tmp_path_factory.mktemp("s3")) as env:
        put(env, {"logs/large/app.log": TEXT})
        yield env


@pytest.fixture
async def pools(
    s3: dict[str, str], cluster: Cluster, here: SearchPool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ClusterPool, SearchPool]]:
    """A cluster that sees no file of this machine, and this machine's pool."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    cluster.env = s3
    cluster.add_worker()
    cluster.add_worker()
    await cluster.ready(2)
    pool = ClusterPool(cluster.address, here, piece_bytes=700_000, in_place=1 << 20)
    yield pool, here
    await pool.close()


async def taken(pool: Any, folder: Path, *names: str) -> tuple[Context, SnapshotCache]:
    cache = SnapshotCache()
    cache.copies = Copies(folder / "copies")
    scope = Scope("files" if len(names) > 1 else "document", files=names)
    try:
        return await Context.take(scope, pool, ContextOptions(), cache), cache
    except RlmError:
        await _closed(cache)
        raise


async def done(context: Context, cache: SnapshotCache) -> None:
    await context.close()
    await _closed(cache)


async def _closed(cache: SnapshotCache) -> None:
    assert cache.copies is not None
    await cache.copies.close()
    cache.close()


async def test_the_nodes_read_it_and_say_what_a_copy_says(
    pools: tuple[ClusterPool, SearchPool], tmp_path: Path
) -> None:
    there, here = pools
    far, far_cache = await taken(there, tmp_path / "far", URL)
    near, near_cache = await taken(here, tmp_path / "near", URL)
    assert far.documents[0].source.path == URL
    assert os.listdir(tmp_path / "far" / "copies") == []
    assert far.digest == near.digest
    for verb, ask in _verbs("took=(\\d+)", "ERROR").items():
        said = await _said(ask, Search(far, there)), await _said(ask, Search(near, here))
        assert said[0] == said[1], verb
    await done(far, far_cache)
    await done(near, near_cache)


async def test_what_is_sent_holds_no_credentials(
    pools: tuple[ClusterPool, SearchPool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    run = Connection.run

    async def watched(self: Connection, job: str, request: bytes, *more: Any) -> Any:
        sent.append(request)
        return await run(self, job, request, *more)

    monkeypatch.setattr(Connection, "run", watched)
    context, cache = await taken(pools[0], tmp_path, URL)
    assert await Search(context, pools[0]).count("ERROR", context.limit) == 6000
    assert len(sent) > 2
    for secret in (b"testsecret", os.environ["AWS_ENDPOINT_URL"].encode(), b"AWS_"):
        assert not [one for one in sent if secret in one]
    operation, payload, _ = pickle.loads(sent[-1][8:])
    assert operation == "matching.match.count"
    assert payload["pieces"][0].file.source.path == URL
    await done(context, cache)


async def test_another_version_is_never_mixed_with_the_first(
    pools: tuple[ClusterPool, SearchPool], s3: dict[str, str], tmp_path: Path
) -> None:
    put(s3, {"logs/large/changing.log": TEXT})
    context, cache = await taken(pools[0], tmp_path, "s3://logs/large/changing.log")
    search = Search(context, pools[0])
    assert await search.count("ERROR", context.limit) == 6000
    put(s3, {"logs/large/changing.log": TEXT.replace(b"INFO", b"WARN")})
    with pytest.raises(DocumentChanged, match="replaced"):
        await search.count("ERROR", context.limit)
    await done(context, cache)


WHOLE = """(module (memory (export "memory") 1)
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"""
"""Gives back the text that it was given."""


async def test_compiled_programs_run_over_a_text_that_stays_elsewhere(
    pools: tuple[ClusterPool, SearchPool], tmp_path: Path
) -> None:
    context, cache = await taken(pools[0], tmp_path, URL)
    batches = list(await Search(context, pools[0]).cut_up(context.limit))
    runner = WasmRunner(2)
    try:
        assert await runner.compile(tmp_path / "whole", wat=WHOLE) == ""
        for combine in (None, "concat"):
            assert (await runner.run(tmp_path / "whole", batches, ProgramLimits(), combine)).value == TEXT.decode()
        await runner.copy(batches, tmp_path / "copy", 20)
        assert (tmp_path / "copy").read_bytes() == TEXT
    finally:
        await runner.close()
    await done(context, cache)


async def test_what_is_not_plain_text_is_copied_or_said(
    pools: tuple[ClusterPool, SearchPool], s3: dict[str, str], tmp_path: Path
) -> None:
    wide = TEXT.decode().encode("utf-16")
    put(s3, {"logs/large/wide.log": wide, "logs/large/broken.log": TEXT[:-3] + b"\xff\xfe\n"})
    context, cache = await taken(pools[0], tmp_path, "s3://logs/large/wide.log", URL)
    assert [one.source.path.startswith("s3:") for one in context.documents] == [False, True]
    assert await Search(context, pools[0]).count("ERROR", resolve(context, None)) == 12_000
    await done(context, cache)
    with pytest.raises(DocumentEncoding, match="where it lies"):
        await taken(pools[0], tmp_path, "s3://logs/large/broken.log")
