"""What one question has read serves the next, and nothing that changes on disk is missed or gets into a run."""

from __future__ import annotations

import asyncio
import gzip
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE

from rlm_ls import errors
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot import cache
from rlm_ls.context.snapshot.cache import CachedRead, Key, SnapshotCache
from rlm_ls.context.snapshot.columns import AnyRead
from rlm_ls.context.snapshot.pack import HeldFiles
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.stamp import SETTLED_NS, Stamp
from rlm_ls.context.workers.pool import SearchPool

LARGE = 3 << 20


class Watched(SearchPool):
    """Notes which operations are asked for."""

    def __init__(self) -> None:
        super().__init__(2)
        self.asked: list[str] = []

    async def call(self, operation: str, payload: Any, deadline_seconds: float) -> Any:
        self.asked.append(operation)
        return await super().call(operation, payload, deadline_seconds)

    def since(self) -> set[str]:
        asked, self.asked = set(self.asked), []
        return asked


@pytest.fixture
async def pool() -> AsyncIterator[Watched]:
    async with Watched() as pool:
        yield pool


@pytest.fixture
def snapshot_cache() -> Iterable[SnapshotCache]:
    snapshot_cache = SnapshotCache()
    yield snapshot_cache
    snapshot_cache.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number in range(30):
        folder = tmp_path / "project" / f"d{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number}.txt").write_text(f"text number {number}\n")
    (tmp_path / "project" / "large.log").write_text("a line\n" * (LARGE // 7))
    (tmp_path / "project" / "bad.bin").write_bytes(b"\0\1\2")
    return tmp_path / "project"


def whole(tree: Path, *buffers: Buffer) -> Scope:
    return Scope("workspace", roots=(str(tree),), buffers=buffers)


async def texts(context: Context, pool: SearchPool) -> dict[str, str]:
    search = Search(context, pool)
    return {one.path: (await search.lines(n, 1, -1)).text for n, one in enumerate(context.documents) if one.size < 1000}


async def until_settled() -> None:
    await asyncio.sleep(SETTLED_NS / 1e9 + 0.1)


async def test_the_second_question_reads_nothing_again(
    tree: Path, pool: Watched, snapshot_cache: SnapshotCache
) -> None:
    await until_settled()
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as first:
        assert {"files.walk.walk", "files.packing.small", "files.inspect.measure"} <= pool.since()
        async with await Context.take(whole(tree), pool, None, snapshot_cache) as second:
            assert pool.since() == {"files.walk.signs"}
            assert second.digest == first.digest
            assert second.skipped == first.skipped
            assert await texts(second, pool) == await texts(first, pool)
    snapshot_cache.watching = True
    pool.since()
    async with await Context.take(whole(tree), pool, None, snapshot_cache):
        assert pool.since() == set()
        (tree / "d0" / "f0.txt").write_text("written behind its back")
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        assert (await texts(context, pool))["d0/f0.txt"] == "text number 0"
    snapshot_cache.changed([(tree / "d0" / "f0.txt").as_uri(), str(tree / "new" / "deep" / "one.txt")])
    (tree / "new" / "deep").mkdir(parents=True)
    (tree / "new" / "deep" / "one.txt").write_text("new")
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        found = await texts(context, pool)
        assert (found["d0/f0.txt"], found["new/deep/one.txt"]) == ("written behind its back", "new")


async def test_a_changed_file_alone_is_read_again(tree: Path, pool: Watched, snapshot_cache: SnapshotCache) -> None:
    await until_settled()
    async with await Context.take(whole(tree), pool, None, snapshot_cache):
        pass
    (tree / "d1" / "f1.txt").write_text("changed")
    pool.since()
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        assert pool.since() == {"files.walk.signs", "files.walk.again", "files.packing.small"}
        assert (await texts(context, pool))["d1/f1.txt"] == "changed"


async def test_what_came_went_or_was_moved_is_noticed(
    tree: Path, pool: SearchPool, snapshot_cache: SnapshotCache
) -> None:
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        before = await texts(context, pool)
    (tree / "d1" / "f1.txt").write_text("text number 9\n")  # of the same size
    (tree / "d1" / "f4.txt").unlink()
    (tree / "d2" / "f2.txt").rename(tree / "d0" / "moved.txt")
    (tree / "d0").rename(tree / "d9")
    (tree / "d2" / "new.txt").write_text("new")
    with (tree / "large.log").open("a") as stream:
        stream.write("one more\n")
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        wanted = {path.replace("d0/", "d9/"): text for path, text in before.items()}
        del wanted["d1/f4.txt"], wanted["d2/f2.txt"]
        wanted |= {"d1/f1.txt": "text number 9", "d9/moved.txt": "text number 2", "d2/new.txt": "new"}
        assert await texts(context, pool) == wanted
        assert await Search(context, pool).count("one more", resolve(context, "large.log")) == 1
    (tree / ".gitignore").write_text("d9/\n")
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        assert not [one.path for one in context.documents if one.path.startswith("d9/")]


async def test_nothing_on_disk_changes_a_run(tree: Path, pool: SearchPool) -> None:
    snapshot_cache = SnapshotCache()
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        before = await texts(context, pool)
        for number in range(30):
            path = tree / f"d{number % 3}" / f"f{number}.txt"
            if number % 3 == 0:
                path.write_text("edited")
            elif number % 3 == 1:
                path.unlink()
            else:
                path.rename(tree / f"moved{number}")
        (tree / "large.log").rename(tree / "other.log")
        async with await Context.take(whole(tree), pool, None, snapshot_cache) as other:
            assert await texts(other, pool) != before
        snapshot_cache.close()
        assert await texts(context, pool) == before
        assert await Search(context, pool).count("a line", resolve(context, "large.log")) == LARGE // 7
        assert await Search(context, pool).count("text number", context.limit) == 30


async def test_open_buffers_lie_over_what_is_kept(tree: Path, pool: SearchPool, snapshot_cache: SnapshotCache) -> None:
    path = tree / "d1" / "f1.txt"
    for text in ("one", "two"):
        async with await Context.take(
            whole(tree, Buffer(path.as_uri(), text, 3)), pool, None, snapshot_cache
        ) as context:
            assert (await texts(context, pool))["d1/f1.txt"] == text
    async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
        assert (await texts(context, pool))["d1/f1.txt"] == "text number 1"
        document = context.document("d1/f1.txt")
        assert document is not None
        assert document.version is None


def held() -> int:
    """How many packs and files of a `tree` this process has open, those of other tests with them."""
    names = [os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if entry.is_symlink()]
    return sum("/rlm-ls-" in name or "/project/" in name for name in names)


class Stopping:
    """asyncio.to_thread, whose call number `at` begins only after the task that asked for it was stopped."""

    def __init__(self, at: int) -> None:
        self.calls, self._at = 0, at
        self._begin, self._ended = threading.Event(), threading.Event()
        self._ended.set()

    async def __call__(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls != self._at:
            return await to_thread(work, *args, **named)
        self._ended.clear()
        task = asyncio.current_task()
        assert task is not None
        stop = partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel)
        return await to_thread(self._late, stop, partial(work, *args, **named))

    def _late(self, stop: Callable[[], Any], work: Callable[[], Any]) -> Any:
        stop()
        self._begin.wait(PATIENCE)
        try:
            return work()
        finally:
            self._ended.set()

    async def go_on(self) -> None:
        self._begin.set()
        await to_thread(self._ended.wait, PATIENCE)


to_thread = asyncio.to_thread


async def test_wherever_a_question_is_stopped_nothing_stays_open(
    tree: Path, pool: SearchPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "old.log.gz").write_bytes(gzip.compress(b"an old line\n" * 1000))
    (tree / "wide.txt").write_bytes("wide\n".encode("utf-16"))
    opened = Buffer((tree / "d0" / "f0.txt").as_uri(), "open")
    for at in count(1):
        before, snapshot_cache, stopping = held(), SnapshotCache(), Stopping(at)
        monkeypatch.setattr(asyncio, "to_thread", stopping)
        asked = asyncio.create_task(Context.take(whole(tree, opened), pool, None, snapshot_cache))
        await asyncio.wait({asked})
        await stopping.go_on()
        monkeypatch.undo()
        if not asked.cancelled():
            await (await asked).close()
        snapshot_cache.close()
        assert held() == before, f"stopped at call {at}"
        if stopping.calls < at:
            break
    assert at > 10


async def test_a_full_shelf_lets_go_and_runs_go_on(tree: Path, pool: SearchPool) -> None:
    await until_settled()
    before = held()
    for limits in ({"most_bytes": 100}, {"most_texts": 5}):
        snapshot_cache = SnapshotCache(**limits)
        async with await Context.take(whole(tree), pool, None, snapshot_cache) as first:
            async with await Context.take(whole(tree), pool, None, snapshot_cache) as second:
                assert await texts(first, pool) == await texts(second, pool)
            assert held() > before
        assert held() == before
        snapshot_cache.close()
    snapshot_cache = SnapshotCache()
    async with await Context.take(whole(tree), pool, None, snapshot_cache):
        pass
    assert held() == before + 1
    snapshot_cache.close()
    assert held() == before


async def test_many_questions_at_once_share_a_shelf(
    tree: Path, pool: SearchPool, snapshot_cache: SnapshotCache
) -> None:
    async def one() -> str:
        async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
            assert await Search(context, pool).count("text number", context.limit) == 30
            return context.digest

    assert len(set(await asyncio.gather(*(one() for _ in range(8))))) == 1


async def test_the_same_file_is_read_as_each_question_asks(
    tmp_path: Path, pool: SearchPool, snapshot_cache: SnapshotCache
) -> None:
    (tmp_path / "latin.txt").write_bytes("naïve".encode("latin-1"))
    await until_settled()
    async with await Context.take(whole(tmp_path), pool, None, snapshot_cache) as context:
        assert await texts(context, pool) == {"latin.txt": "naïve"}
    named = Scope("document", files=(str(tmp_path / "latin.txt"),))
    with pytest.raises(errors.DocumentEncoding):
        await Context.take(named, pool, ContextOptions(encoding="utf-8"), snapshot_cache)


async def test_a_file_truncated_meanwhile_is_skipped(
    tmp_path: Path, pool: SearchPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = HeldFiles.open

    def truncating(self: HeldFiles, path: str) -> Any:
        found = opened(self, path)
        os.truncate(path, 1000)
        return found

    monkeypatch.setattr(HeldFiles, "open", truncating)
    (tmp_path / "a.log").write_text("a\n" * LARGE)
    (tmp_path / "b.txt").write_text("b")
    async with await Context.take(whole(tmp_path), pool) as context:
        assert [one.path for one in context.documents] == ["b.txt"]
        assert [(one.path, one.code) for one in context.skipped] == [("a.log", 4105)]
    (tmp_path / "a.log").write_text("a\n" * LARGE)
    with pytest.raises(errors.DocumentChanged):
        await Context.take(Scope("files", files=(str(tmp_path / "a.log"),)), pool)


async def test_two_roots_of_one_name(tmp_path: Path, pool: SearchPool, snapshot_cache: SnapshotCache) -> None:
    for parent in ("one", "two"):
        root = tmp_path / parent / "project"
        root.mkdir(parents=True)
        (root / "a.txt").write_text(parent)
        (root / f"{parent}.txt").write_text(parent)
        (root / "loop").symlink_to(root)
        (root / ".env").write_text("KEY=1")
    roots = tuple(str(tmp_path / parent / "project") for parent in ("one", "two"))
    for _ in range(2):
        async with await Context.take(Scope("workspace", roots=roots), pool, None, snapshot_cache) as context:
            assert await texts(context, pool) == {
                "one/project/a.txt": "one",
                "one.txt": "one",
                "two/project/a.txt": "two",
                "two.txt": "two",
            }
            assert [one.code for one in context.skipped] == [4108, 4108]
            assert all("secret" in one.reason for one in context.skipped)


class Counted(SnapshotCache):
    """Notes what is looked for one by one."""

    looked_for: tuple[str, ...] = ()

    def find(self, key: Key, stamp: Stamp, held_files: HeldFiles) -> CachedRead | None:
        self.looked_for = (*self.looked_for, os.path.basename(key[0]))
        return super().find(key, stamp, held_files)


async def test_of_files_that_have_not_changed_none_is_looked_for(tree: Path, pool: SearchPool) -> None:
    await until_settled()
    kept = Counted()
    async with await Context.take(whole(tree), pool, None, kept) as first:
        expected = await texts(first, pool)
    others = {"large.log", "bad.bin"}  # searched in its own file; refused
    kept.looked_for = ()
    async with await Context.take(whole(tree), pool, None, kept) as context:
        assert set(kept.looked_for) == others
        assert await texts(context, pool) == expected
        kept._drop(kept._packs[-1])  # as one that is over the limit
        assert await texts(context, pool) == expected
    kept.looked_for = ()
    async with await Context.take(whole(tree), pool, None, kept) as context:
        assert len(kept.looked_for) == 32
        assert await texts(context, pool) == expected
    (tree / "d1" / "f1.txt").write_text("changed")
    kept.looked_for = ()
    opened = Buffer((tree / "d0" / "f0.txt").as_uri(), "open")
    async with await Context.take(whole(tree, opened), pool, None, kept) as context:
        assert set(kept.looked_for) == {"f1.txt", *others}
        assert await texts(context, pool) == expected | {"d1/f1.txt": "changed", "d0/f0.txt": "open"}
    kept.close()


async def test_what_was_read_is_compared_with_its_file_once(
    tree: Path, pool: SearchPool, snapshot_cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def noted(read: AnyRead, than: Candidate) -> bool:
        compared.append(os.path.basename(than.path))
        return is_newer(read, than)

    is_newer = cache._is_newer
    monkeypatch.setattr(cache, "_is_newer", noted)
    await until_settled()
    for wanted in (0, 30, 0):
        compared.clear()
        async with await Context.take(whole(tree), pool, None, snapshot_cache):
            assert len(compared) == wanted
    (tree / "d1" / "f1.txt").write_text("changed")
    await until_settled()
    for expected in ([], ["f1.txt"], []):
        compared.clear()
        async with await Context.take(whole(tree), pool, None, snapshot_cache) as context:
            assert compared == expected
            assert (await texts(context, pool))["d1/f1.txt"] == "changed"
