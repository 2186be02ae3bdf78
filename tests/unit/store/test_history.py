"""The run history as its users see it: one process, everything in order."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rlm_ls.errors import BadRequest, StoreFailed, UnknownRun
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME

ANSWER: dict[str, Any] = {"status": "answered", "model": "m/2", "usage": {"seconds": 2.5, "usd": 0.01}, "answer": "42"}


def event(seq: int, text: str = "") -> dict[str, Any]:
    return {"type": "warned", "seq": seq, "at": seq / 10, "message": text}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "state")
    yield store
    await store.close()


async def test_a_run_and_its_events_are_read_back_after_reopening(tmp_path: Path) -> None:
    first = await Store.open(tmp_path)
    await first.begin_run("r1", "why? 🌸 \ud83c", 100.0, {"model": "m/1", "scope": {"kind": "files"}})
    await first.append("r1", 2, "warned", event(2, "second \u2028"))
    await first.append("r1", 1, "warned", event(1, "half a pair \ud83c"))
    await first.end_run("r1", "answered", ANSWER)
    await first.close()
    second = await Store.open(tmp_path)
    row = await second.run("r1")
    assert (row.run_id, row.status, row.created, row.seconds, row.usd) == ("r1", "answered", 100.0, 2.5, 0.01)
    assert row.question.startswith("why? 🌸")
    assert row.model == "m/2"
    assert row.answer == ANSWER
    assert row.meta == {"model": "m/1", "scope": {"kind": "files"}}
    assert await second.events("r1") == [event(1, "half a pair \ud83c"), event(2, "second \u2028")]
    await second.close()


async def test_runs_come_newest_first_and_in_pages(store: Store) -> None:
    for number in range(5):
        await store.begin_run(f"r{number}", "q", 100.0 + number, {})
    assert [row.run_id for row in await store.runs(limit=2)] == ["r4", "r3"]
    assert [row.run_id for row in await store.runs(limit=10, offset=3)] == ["r1", "r0"]


async def test_runs_begun_in_the_same_moment_are_told_apart_by_their_order(store: Store) -> None:
    for name in ("b", "c", "a"):
        await store.begin_run(name, "q", 100.0, {})
    assert [row.run_id for row in await store.runs()] == ["a", "c", "b"]
    assert (await store.run("last")).run_id == "a"


async def test_a_run_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    for name in ("abc1", "abc2", "abc", "x%y"):
        await store.begin_run(name, "q", 1.0, {})
    assert (await store.run("abc1")).run_id == "abc1"
    assert (await store.run("abc")).run_id == "abc"
    assert (await store.run("x%")).run_id == "x%y"
    with pytest.raises(UnknownRun, match=r"3 runs start with 'ab'.*abc1"):
        await store.run("ab")
    for missing in ("zz", "", "%", "_bc1"):
        with pytest.raises(UnknownRun, match="no run"):
            await store.run(missing)


async def test_last_without_any_run_says_so(store: Store) -> None:
    with pytest.raises(UnknownRun, match="no runs yet"):
        await store.run("last")


async def test_a_run_without_an_end_is_running_and_tells_how_long(store: Store) -> None:
    await store.begin_run("r", "q", time.time() - 60, {"model": "m"})
    row = await store.run("r")
    assert row.status == "running"
    assert row.model == "m"
    assert row.seconds >= 60
    assert row.answer is None


async def test_unknown_runs_are_refused_everywhere(store: Store) -> None:
    with pytest.raises(UnknownRun):
        await store.append("none", 1, "warned", {})
    with pytest.raises(UnknownRun):
        await store.end_run("none", "answered", {})
    with pytest.raises(UnknownRun):
        await store.events("none")
    with pytest.raises(UnknownRun):
        await store.delete_run("none")


async def test_a_second_event_with_one_number_fails_alone(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    await store.append("r", 1, "warned", event(1))
    outcomes = await asyncio.gather(
        store.append("r", 2, "warned", event(2)),
        store.append("r", 1, "warned", event(1, "again")),
        store.append("none", 1, "warned", event(1)),
        store.append("r", 3, "warned", event(3)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), StoreFailed, UnknownRun, type(None)]
    assert await store.events("r") == [event(1), event(2), event(3)]


async def test_events_of_many_concurrent_runs_all_arrive(store: Store) -> None:
    runs = [f"r{number}" for number in range(20)]
    await asyncio.gather(*(store.begin_run(name, "q", 1.0, {}) for name in runs))

    async def write(name: str) -> None:
        for seq in range(1, 41):
            await store.append(name, seq, "warned", event(seq))

    await asyncio.gather(*(write(name) for name in runs))
    for name in runs:
        assert [found["seq"] for found in await store.events(name)] == list(range(1, 41))


async def test_an_event_whose_caller_was_cancelled_is_written_all_the_same(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    tasks = [asyncio.create_task(store.append("r", seq, "warned", event(seq))) for seq in range(1, 51)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    assert len(await store.events("r")) == 50


async def test_the_event_loop_goes_on_while_another_program_holds_the_file(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    other = sqlite3.connect(store.folder / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.append("r", 1, "warned", event(1)))
    ticks = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks == 20
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    await asyncio.wait_for(waiting, 60)
    assert await store.events("r") == [event(1)]


async def test_closing_writes_what_is_queued_and_refuses_what_comes_after(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.begin_run("r", "q", 1.0, {})
    queued = [asyncio.create_task(store.append("r", seq, "warned", event(seq))) for seq in range(1, 31)]
    await asyncio.sleep(0)
    await asyncio.gather(store.close(), store.close())
    await asyncio.gather(*queued)
    with pytest.raises(StoreFailed, match="closed"):
        await store.append("r", 99, "warned", event(99))
    again = await Store.open(tmp_path)
    assert len(await again.events("r")) == 30
    await again.close()


async def test_a_deleted_run_is_gone_with_its_text(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    await store.append("r", 1, "warned", event(1, "a very private sentence"))
    await store.end_run("r", "answered", ANSWER)
    await store.delete_run("r")
    with pytest.raises(UnknownRun):
        await store.run("r")
    for path in store.folder.glob(f"{FILE_NAME}*"):
        assert b"a very private sentence" not in path.read_bytes()


async def test_a_running_run_is_not_deleted(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    with pytest.raises(BadRequest, match="still running"):
        await store.delete_run("r")
    assert await store.clear() == 0
    assert await store.prune(0) == 0
    assert (await store.run("r")).status == "running"


async def test_clearing_takes_runs_before_a_time_or_all(store: Store) -> None:
    for number in range(4):
        await store.begin_run(f"r{number}", "q", 100.0 + number, {})
        await store.end_run(f"r{number}", "answered", ANSWER)
    assert await store.clear(before=102.0) == 2
    assert [row.run_id for row in await store.runs()] == ["r3", "r2"]
    assert await store.clear() == 2
    assert await store.runs() == []


async def test_pruning_deletes_the_oldest_until_the_rest_fits_and_gives_the_space_back(store: Store) -> None:
    for number in range(10):
        await store.begin_run(f"r{number}", "q", 100.0 + number, {})
        await store.append(f"r{number}", 1, "warned", event(1, "x" * 200_000))
        await store.end_run(f"r{number}", "answered", ANSWER)
    assert await store.size() > 2_000_000
    gone = await store.prune(1_000_000)
    assert gone == 6
    assert [row.run_id for row in await store.runs()] == ["r9", "r8", "r7", "r6"]
    assert await store.size() <= 1_000_000
    assert (store.folder / FILE_NAME).stat().st_size <= 1_000_000
    assert await store.prune(1_000_000) == 0


async def test_the_history_can_be_read_by_its_owner_only(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    for path in store.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_the_folder_is_taken_from_the_environment(state_dir: Path) -> None:
    store = await Store.open()
    assert store.folder == state_dir
    assert (state_dir / FILE_NAME).exists()
    await store.close()


async def test_what_is_stored_is_plain_json(store: Store) -> None:
    await store.begin_run("r", "q", 1.0, {})
    await store.append("r", 1, "warned", event(1, "é"))
    with sqlite3.connect(store.folder / FILE_NAME) as other:
        (text,) = other.execute("SELECT event FROM events").fetchone()
    other.close()
    assert json.loads(text) == event(1, "é")


async def test_runs_are_searched_in_question_and_answer_whatever_their_case(store: Store) -> None:
    for run_id, question, answer in (
        ("a", "Which Straße is long?", "None of them."),
        ("b", "what failed first", "Request 4711, at the GATEWAY"),
        ("c", "what failed last 100%", None),
    ):
        await store.begin_run(run_id, question, float(ord(run_id)), {})
        if answer is not None:
            await store.end_run(run_id, "answered", {"answer": answer, "usage": {"seconds": 1}})

    async def found(words: str) -> list[str]:
        return [row.run_id for row in await store.runs(search=words)]

    assert await found("FAILED what") == ["c", "b"]
    assert await found("gateway failed") == ["b"]
    assert await found("STRASSE") == ["a"]
    assert await found("100%") == ["c"]
    assert await found("%") == ["c"]
    assert await found("usage") == []
    assert await found("'); DROP TABLE runs") == []
    assert [row.run_id for row in await store.runs(1, 1, "failed")] == ["b"]
    assert await found("  ") == ["c", "b", "a"]


async def test_a_deleted_run_leaves_no_byte_and_no_file_behind(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    (tmp_path / "answers").mkdir()
    for run_id in ("r-1", "r-2"):
        await store.begin_run(run_id, f"question of {run_id}", 1.0, {})
        await store.append(run_id, 1, "warned", {"message": f"MARKER {run_id}"})
        await store.end_run(run_id, "answered", {"answer": f"MARKER {run_id}"})
        (tmp_path / "answers" / f"{run_id}.md").write_text("x")
    await store.delete_run("r-1")
    assert [path.name for path in (tmp_path / "answers").iterdir()] == ["r-2.md"]
    await store.clear()
    assert list((tmp_path / "answers").iterdir()) == []
    await store.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"MARKER" not in path.read_bytes(), path
