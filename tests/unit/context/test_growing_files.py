"""Of a file that was appended to only what is new is read; what is known of it is what a fresh look would find."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.context.test_snapshot_cache import until_settled

from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.measure import RANGE
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

LINE = "2026-11-27T03:04:05 INFO a line of 48 bytes, or so\n"


class Reading(SearchPool):
    """Counts the bytes that workers are told to read."""

    read = 0

    async def call(self, operation: str, payload: Any, deadline_seconds: float) -> Any:
        if operation == "files.inspect.measure":
            self.read += payload["end"] - payload["start"]
        elif operation == "files.growth.before":
            self.read += RANGE
        return await super().call(operation, payload, deadline_seconds)

    def since(self) -> int:
        read, self.read = self.read, 0
        return read


@pytest.fixture
async def pool() -> AsyncIterator[Reading]:
    async with Reading() as pool:
        yield pool


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LINE * (4 * RANGE // len(LINE)) + "the last one is not yet wri")
    return path


async def seen(path: Path, pool: SearchPool, cache: SnapshotCache | None) -> tuple[Any, ...]:
    """All that is known of the text, and its last line."""
    async with await Context.take(Scope("files", files=(str(path),)), pool, None, cache) as context:
        one = context.documents[0]
        last = "" if one.lines < 3 else (await Search(context, pool).lines(0, one.lines, one.lines)).text
        measures = (one.size, one.lines, one.characters, one.longest_line, one.ascii, one.crlf, one.checkpoints)
        return (*measures, context.digest, last)


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


@pytest.mark.parametrize(
    ("settled", "more"),
    [
        (True, "tten\nand another\n"),
        (False, "é" * 70),
        (False, "\r\nwith\rother ends\r\n"),
        (False, LINE * (RANGE // 20)),
    ],
    ids=["after a while", "while it is written", "other line ends", "much more"],
)
async def test_only_what_is_new_is_read(log: Path, pool: Reading, settled: bool, more: str) -> None:
    cache = SnapshotCache()
    if settled:
        await until_settled()
    await seen(log, pool, cache)
    assert pool.since() == log.stat().st_size
    for _ in range(2):
        append(log, more)
        found = await seen(log, pool, cache)
        assert pool.since() <= 3 * RANGE + len(more.encode())
        assert found == await seen(log, pool, None)
        assert pool.since() == log.stat().st_size
    cache.close()


async def test_also_after_a_restart(log: Path, pool: Reading, tmp_path: Path) -> None:
    for more in ("", "tten\n", "more\n"):
        append(log, more)
        pool.since()
        cache = SnapshotCache(line_index=tmp_path / "index.json")
        found = await seen(log, pool, cache)
        cache.close()
        assert (pool.since() < log.stat().st_size) is bool(more)
        assert found == await seen(log, pool, None)


async def test_a_file_that_was_written_anew_is_read_from_its_start(log: Path, pool: Reading) -> None:
    """Truncated in place (copytruncate), and already longer than it was."""
    cache = SnapshotCache()
    await seen(log, pool, cache)
    inode = log.stat().st_ino
    log.write_text(LINE.replace("03:04", "05:06") * (5 * RANGE // len(LINE)) + "\n\n\n")
    assert log.stat().st_ino == inode
    pool.since()
    found = await seen(log, pool, cache)
    assert pool.since() >= log.stat().st_size
    assert found == await seen(log, pool, None)
    cache.close()


async def test_a_file_in_anothers_place_is_read_from_its_start(log: Path, pool: Reading) -> None:
    """Rotated by renaming."""
    cache = SnapshotCache()
    await seen(log, pool, cache)
    text = log.read_text()
    os.rename(log, log.with_suffix(".1"))
    log.write_text(text + "more\n")
    pool.since()
    await seen(log, pool, cache)
    assert pool.since() == log.stat().st_size
    cache.close()


async def test_a_line_is_as_long_as_all_its_parts(tmp_path: Path, pool: Reading) -> None:
    path = tmp_path / "one line.log"
    path.write_text("x" * (2 * RANGE + 100_000))
    cache = SnapshotCache()
    await seen(path, pool, cache)
    append(path, "y" * 100 + "\nz")
    found = await seen(path, pool, cache)
    assert found[3] == 2 * RANGE + 100_100
    assert found == await seen(path, pool, None)
    cache.close()
