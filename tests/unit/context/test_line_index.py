"""Where the lines of large files are is known after a restart, and only as long as the file is the same."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.context.test_snapshot_cache import Watched, until_settled

from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.line_index import WORTH
from rlm_ls.context.snapshot.snapshot import Context

MEASURE = "files.inspect.measure"
LINE = "a line of 32 bytes, about so much\n"


@pytest.fixture
async def pool() -> AsyncIterator[Watched]:
    async with Watched() as pool:
        yield pool


@pytest.fixture
async def large(tmp_path: Path) -> Path:
    path = tmp_path / "secret name.log"
    path.write_text(LINE * (WORTH // len(LINE) + 2))
    await until_settled()
    return path


async def last_line(path: Path, pool: Watched, index: Path) -> str:
    """By a server that has just started."""
    cache = SnapshotCache(line_index=index)
    async with await Context.take(Scope("files", files=(str(path),)), pool, None, cache) as context:
        lines = context.documents[0].lines
        text = (await Search(context, pool).lines(0, lines, lines)).text
    cache.close()
    return f"{lines} {text}"


async def test_a_large_file_is_measured_once(large: Path, pool: Watched, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    first = await last_line(large, pool, index)
    assert MEASURE in pool.since()
    assert await last_line(large, pool, index) == first
    assert MEASURE not in pool.since()
    assert "secret" not in index.read_text()


async def test_a_file_that_has_changed_is_measured_anew(large: Path, pool: Watched, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    await last_line(large, pool, index)
    status = large.stat()
    # The same size and time of modification, as a hostile program would leave it.
    text = large.read_bytes()
    large.write_bytes(text[: -len(LINE)] + b"\n" * len(LINE))
    os.utime(large, ns=(status.st_atime_ns, status.st_mtime_ns))
    await until_settled()
    pool.since()
    found = await last_line(large, pool, index)
    assert MEASURE in pool.since()
    assert found.split()[0] == str(text.count(b"\n") - 1 + len(LINE))


@pytest.mark.parametrize(
    "damage", ["", "[", "[" * 100_000, "{}", "[[1, 2, 3, 4]]", '[["a", [1, 2, 3, "x"], 0, []]]', "null"]
)
async def test_a_damaged_index_is_none(large: Path, pool: Watched, tmp_path: Path, damage: str) -> None:
    index = tmp_path / "index.json"
    first = await last_line(large, pool, index)
    index.write_text(damage)
    pool.since()
    assert await last_line(large, pool, index) == first
    assert MEASURE in pool.since()
    assert json.loads(index.read_text())


async def test_where_it_cannot_be_kept_everything_works(large: Path, pool: Watched, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    index.mkdir()
    assert await last_line(large, pool, index) == await last_line(large, pool, index)
