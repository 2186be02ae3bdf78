"""Replies of sub-models, kept by content: found again, bounded, cleared, and no worse for damage than the rest."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from rlm_ls.store import calls, schema
from rlm_ls.store.calls import CachedReply
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME, MIGRATIONS

REPLY = CachedReply("yes\n", "openai/m", 120, 2, 0.0004)


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1_000_000.0]
    monkeypatch.setattr(calls.time, "time", lambda: now[0])

    def forward(hours: float) -> None:
        now[0] += hours * 3600

    return forward


async def test_a_reply_is_found_by_its_key_and_by_no_other(store: Store) -> None:
    await store.cache_reply(key(1), REPLY)
    assert await store.cached_replies([key(1), key(2), key(1)]) == {key(1): REPLY}
    assert await store.cached_replies([]) == {}


async def test_a_reply_outlives_the_process_that_paid_for_it(tmp_path: Path) -> None:
    first = await Store.open(tmp_path)
    await first.cache_reply(key(1), REPLY)
    await first.close()
    second = await Store.open(tmp_path)
    assert await second.cached_replies([key(1)]) == {key(1): REPLY}
    await second.close()


async def test_two_servers_share_what_they_paid_for(store: Store, tmp_path: Path) -> None:
    other = await Store.open(tmp_path)
    await other.cache_reply(key(1), REPLY)
    assert key(1) in await store.cached_replies([key(1)])
    await other.close()


@pytest.mark.parametrize("text", ["", "é 日本 😀", "half a pair: \ud83d", "\x00 zero"])
async def test_any_text_comes_back_as_it_was(store: Store, text: str) -> None:
    reply = CachedReply(text, "m", 1, 1, None)
    await store.cache_reply(key(text.encode("utf-8", "surrogatepass")), reply)
    assert list((await store.cached_replies([key(text.encode("utf-8", "surrogatepass"))])).values()) == [reply]


async def test_a_newer_reply_takes_the_place_of_the_older(store: Store) -> None:
    await store.cache_reply(key(1), REPLY)
    newer = CachedReply("no", "openai/m", 1, 1, None)
    await store.cache_reply(key(1), newer)
    assert await store.cached_replies([key(1)]) == {key(1): newer}
    assert (await store.cache_size()).entries == 1


async def test_what_was_used_last_stays_when_room_is_needed(store: Store, clock: Callable[[float], None]) -> None:
    big = CachedReply("x" * 1000, "m", 1, 1, None)
    store.limit_cache(20 * 1200)
    for number in range(18):
        await store.cache_reply(key(number), big)
    clock(2)
    await store.cached_replies([key(0), key(1)])
    clock(2)
    for number in range(18, 30):
        await store.cache_reply(key(number), big)
    kept = await store.cached_replies([key(number) for number in range(30)])
    assert (await store.cache_size()).bytes <= 20 * 1200 * 17 // 16
    assert {key(0), key(1), key(29)} <= kept.keys()
    assert not {key(2), key(3), key(4)} & kept.keys()


async def test_a_lower_limit_holds_from_the_next_reply_on(store: Store) -> None:
    for number in range(50):
        await store.cache_reply(key(number), CachedReply("x" * 1000, "m", 1, 1, None))
    store.limit_cache(10_000)
    await store.cache_reply(key(50), REPLY)
    assert (await store.cache_size()).bytes <= 10_000
    assert key(50) in await store.cached_replies([key(50)])


async def test_a_limit_of_nothing_keeps_nothing(store: Store) -> None:
    store.limit_cache(0)
    await store.cache_reply(key(1), REPLY)
    assert (await store.cache_size()).entries == 0


async def test_clearing_says_what_was_there_and_gives_the_space_back(store: Store) -> None:
    await store.begin_run("run", "q", 1.0, {})
    before = await store.size()
    for number in range(200):
        await store.cache_reply(key(number), CachedReply("x" * 5000, "m", 1, 1, None))
    entries, size = await store.clear_cache()
    assert (entries, size // 1_000_000) == (200, 1)
    assert await store.cached_replies([key(1)]) == {}
    assert await store.size() <= before + 8192
    assert (await store.run("run")).run_id == "run"


async def test_cached_replies_push_no_run_out_of_the_history(store: Store) -> None:
    await store.begin_run("run", "q", 1.0, {})
    await store.end_run("run", "answered", {})
    for number in range(300):
        await store.cache_reply(key(number), CachedReply("x" * 5000, "m", 1, 1, None))
    assert await store.prune(max_bytes=1_000_000) == 0
    assert await store.prune(max_bytes=1) == 1


async def test_many_replies_at_once_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(store.cache_reply(key(n), CachedReply(str(n), "m", 1, 1, 0.1)) for n in range(2000)))
    found = await store.cached_replies([key(n) for n in range(2000)])
    assert [found[key(n)].text for n in range(2000)] == [str(n) for n in range(2000)]


async def test_a_history_of_the_version_before_gets_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", MIGRATIONS[:1])
        patch.setattr(schema, "VERSION", 1)
        old = await Store.open(tmp_path)
        await old.begin_run("run", "q", 1.0, {})
        await old.close()
    new = await Store.open(tmp_path)
    await new.cache_reply(key(1), REPLY)
    assert await new.cached_replies([key(1)]) == {key(1): REPLY}
    assert (await new.run("run")).question == "q"
    await new.close()


async def test_damage_costs_the_replies_and_is_told_of_and_mended_at_the_next_start(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    for number in range(500):
        await store.cache_reply(key(number), CachedReply("x" * 2000, "m", 1, 1, None))
    await store.close()
    file = tmp_path / FILE_NAME
    content = bytearray(file.read_bytes())
    content[20 * 4096 : -4096] = b"\xff" * (len(content) - 21 * 4096)
    file.write_bytes(content)
    damaged = await Store.open(tmp_path)
    # A run goes on without what it cannot have.
    assert await damaged.cached_replies([key(number) for number in range(500)]) == {}
    await damaged.close()
    fresh = await Store.open(tmp_path)
    assert "moved" in fresh.warning
    await fresh.cache_reply(key(1), REPLY)
    assert await fresh.cached_replies([key(1)]) == {key(1): REPLY}
    await fresh.close()


async def test_replies_are_found_though_nothing_can_be_written(
    store: Store, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.cache_reply(key(1), REPLY)
    clock(3)

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(calls.CallCache, "touch", full)
    assert await store.cached_replies([key(1)]) == {key(1): REPLY}
