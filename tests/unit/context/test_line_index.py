"""Where the lines of large files are is known after a restart, and only as long as the file is the same."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.context.test_snapshot_cache import Watched, until_settled

from rlm_ls.context.document import Document
from rlm_ls.context.options import ContextOptions
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


async def test_what_was_cleared_is_not_written_again(large: Path, pool: Watched, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    other = large.with_name("other.log")
    other.write_bytes(large.read_bytes())
    await until_settled()
    cache = SnapshotCache(line_index=index)
    await taken(large, pool, cache, False)
    cleared = json.loads(index.read_text())
    index.unlink()
    await taken(other, pool, cache, False)
    assert len(json.loads(index.read_text())) == 1
    assert json.loads(index.read_text())[0][0] != cleared[0][0]


async def taken(path: Path, pool: Watched, cache: SnapshotCache, lines_only: bool) -> tuple[Document, str]:
    options = ContextOptions(lines_only=lines_only)
    async with await Context.take(Scope("files", files=(str(path),)), pool, options, cache) as context:
        return context.documents[0], context.digest


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_text_of_which_only_the_lines_were_read_is_measured_in_full_for_a_question(
    large: Path, pool: Watched, tmp_path: Path, restarted: bool
) -> None:
    whole, digest = await taken(large, pool, SnapshotCache(), False)
    index = tmp_path / "index.json"
    cache = SnapshotCache(line_index=index)
    seen, _ = await taken(large, pool, cache, True)
    assert (seen.lines, seen.checkpoints, seen.longest_line) == (whole.lines, whole.checkpoints, 0)
    if restarted:
        cache.close()
        cache = SnapshotCache(line_index=index)
    pool.since()
    assert await taken(large, pool, cache, True) == (seen, _)
    assert MEASURE not in pool.since()  # the lines are known
    assert await taken(large, pool, cache, False) == (whole, digest)
    assert MEASURE in pool.since()
    assert await taken(large, pool, cache, True) == (whole, digest)  # and what is known is not lost
    assert MEASURE not in pool.since()


@pytest.mark.parametrize("lines_only", [True, False])
async def test_a_text_that_went_on_after_only_its_lines_were_read_is_as_if_never_read(
    large: Path, pool: Watched, tmp_path: Path, lines_only: bool
) -> None:
    cache = SnapshotCache(line_index=tmp_path / "index.json")
    await taken(large, pool, cache, lines_only)
    with large.open("a") as file:
        file.write("the last and by far the longest line of all that there are in this file\n" * 2)
    await until_settled()
    await taken(large, pool, cache, True)  # goes on where the ends were known
    assert await taken(large, pool, cache, False) == await taken(large, pool, SnapshotCache(), False)
