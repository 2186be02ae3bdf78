"""A disk that is full, a history that is locked, read-only, damaged or of a newer version: questions work."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE
from tests.scripted import TEXT, FakeModel, asking, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine.request import Budget
from rlm_ls.errors import StoreFailed, UnknownRun
from rlm_ls.store import connection, schema
from rlm_ls.store.calls import CachedReply
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME, VERSION

GOOD = script("submit('seven', cite=[lines(3)])")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, shorter: for a lock, and until the disk is tried again."""
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.01)


def _newer(state: Path) -> None:
    with closing(sqlite3.connect(state / FILE_NAME)) as other:
        other.execute(f"PRAGMA user_version={VERSION + 1}")


def _a_folder_in_its_place(state: Path) -> None:
    (state / FILE_NAME).mkdir()


def _no_folder(state: Path) -> None:
    state.rmdir()
    state.write_text("a file")


FAULTS = pytest.mark.parametrize("fault", [_newer, _a_folder_in_its_place, _no_folder])


@FAULTS
async def test_a_history_that_cannot_be_opened_stops_no_question_and_the_answer_says_so(
    tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    fault(state)
    async with asking(state) as ask:
        assert "4402" in ask.engine.store.warning
        told = await ask(GOOD)
        assert told.answer.status == "answered"
        (warning,) = [line for line in told.answer.warnings if "4402" in line]
        assert "kept in memory" in warning
        assert "RLM_STATE_DIR" in warning
        # What this process did can be looked at and followed up; what is on the disk cannot, and that is said.
        row = await ask.engine.store.run(told.answer.run_id)
        assert row.status == "answered"
        assert [event["seq"] for event in await ask.engine.store.events(row.run_id)][:3] == [1, 2, 3]
        with pytest.raises(StoreFailed):
            await ask.engine.store.runs()
        with pytest.raises(StoreFailed):
            await ask.engine.store.run("261122-000000")
        followed = await ask(GOOD, follow_up=told.answer.run_id)
        assert followed.answer.status == "answered"


async def test_a_lock_that_comes_in_the_middle_of_a_run_loses_nothing_once_it_is_gone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with asking(state) as ask:
        path = state / FILE_NAME
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        locked = False

        def lock(event: Any) -> None:
            nonlocal locked
            if event.type == "modelReplied" and not locked:
                other.execute("BEGIN IMMEDIATE")
                locked = True

        told = await ask(script("print(1)"), GOOD, on_event=lock)
        assert told.answer.status == "answered"
        assert [line for line in told.answer.warnings if "locked" in line and "4402" in line]
        run_id = told.answer.run_id
        with closing(sqlite3.connect(path)) as reader:
            written = reader.execute("SELECT count(*) FROM events").fetchone()[0]
        assert 0 < written < len(told.events)
        # Both halves are one trace.
        stored = [event for event in told.events if event.type != "textStreamed"]
        assert [event["seq"] for event in await ask.engine.store.events(run_id)] == [event.seq for event in stored]
        assert (await ask.engine.store.run(run_id)).status == "answered"
        assert [row.status for row in await ask.engine.store.runs()] == ["answered"]
        other.close()
        await ask("no program at all", budget=Budget(turns=1))
    # Closed: all that was kept in memory is on the disk.
    store = await Store.open(state)
    assert [event["seq"] for event in await store.events(run_id)] == [event.seq for event in stored]
    row = await store.run(run_id)
    assert row.status == "answered"
    assert row.answer is not None
    assert row.question == "How many errors?"
    assert len(await store.runs()) == 2
    await store.close()


async def test_what_was_paid_while_nothing_could_be_written_is_not_asked_again_by_a_resume(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with asking(state) as ask:
        other = sqlite3.connect(state / FILE_NAME, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        (tmp_path / "a.log").write_text(TEXT)

        scope = Scope(kind="document", files=(str(tmp_path / "a.log"),))
        asking_it = script("print(llm('what?', lines(1)))")
        model = FakeModel([asking_it, GOOD])
        first = await ask(model=model, scope=scope, budget=Budget(turns=1))
        assert first.answer.status == "partial"
        assert (len(model.asked), len(model.sub_asked)) == (1, 1)
        answer = await ask.engine.resume(
            first.answer.run_id, lambda _: None, budget=Budget(turns=3), model=lambda *_: model
        )
        assert answer.status == "answered"
        assert (len(model.asked), len(model.sub_asked)) == (2, 1)
        # Another run makes the same call: it comes from the cache, which is in memory too.
        again = FakeModel([asking_it, GOOD])
        assert (await ask(model=again, scope=scope)).answer.status == "answered"
        assert again.sub_asked == []
        other.close()
    store = await Store.open(state)
    assert [row.status for row in await store.runs()] == ["answered", "answered"]
    assert (await store.cache_size()).entries == 1
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own, in a mount namespace of the tests' process where that is allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no small file system can be mounted here (the limit on file sizes is tried instead)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_disk_that_fills_up_and_has_room_again(small_disk: Path) -> None:
    state = small_disk / "state"
    ballast = small_disk / "ballast"
    async with asking(state) as ask:
        full = False

        def fill(event: Any) -> None:
            nonlocal full
            if event.type == "modelReplied" and not full:
                full = True
                with ballast.open("wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(b"x" * 4096)
                    except OSError:
                        return

        long = "# " + "x" * 60_000
        told = await ask(script(f"{long}\nprint(1)"), script(f"{long}\nprint(2)"), GOOD, on_event=fill)
        assert told.answer.status == "answered"
        assert [line for line in told.answer.warnings if "No space is left" in line]
        ballast.unlink()
    store = await Store.open(state)
    seqs = [event["seq"] for event in await store.events(told.answer.run_id)]
    assert seqs == [event.seq for event in told.events if event.type != "textStreamed"]
    await store.close()


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.scripted import asking, script

async def main():
    async with asking(Path(sys.argv[1])) as ask:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        told = await ask(script("# " + "x" * 300_000 + "\\nprint(1)"), script("submit('seven', cite=[lines(3)])"))
        assert told.answer.status == "answered", told.answer
        assert [line for line in told.answer.warnings if "4402" in line], told.answer.warnings
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(told.answer.run_id, sum(event.type != "textStreamed" for event in told.events))

asyncio.run(main())
"""


def test_files_that_may_not_grow_any_more(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    code = LIMITED.format(root=str(Path(__file__).parents[2]))
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    run_id, count = done.stdout.split()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as reader:
        (stored,) = reader.execute("SELECT count(*) FROM events WHERE run_id = ?", (run_id,)).fetchone()
    assert stored == int(count)


async def test_a_file_that_is_damaged_in_the_middle_of_a_run(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with asking(state) as ask:

        def damage(event: Any) -> None:
            if event.type == "modelReplied" and event.turn == 1:
                with closing(sqlite3.connect(state / FILE_NAME)) as other:
                    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                data = bytearray((state / FILE_NAME).read_bytes())
                data[4096:] = b"\xa5" * (len(data) - 4096)
                with (state / FILE_NAME).open("r+b") as file:
                    file.write(data)

        told = await ask(*(script(f"print({turn})") for turn in range(3)), GOOD, on_event=damage)
        assert told.answer.status == "answered"
        assert [line for line in told.answer.warnings if "damaged" in line]
        later = await ask(GOOD)
        assert later.answer.status == "answered"
    store = await Store.open(state)
    assert (await store.run(later.answer.run_id)).status == "answered"
    assert list(state.glob(f"{FILE_NAME}.corrupt-*"))
    await store.close()


async def test_what_is_kept_in_memory_is_bounded_and_later_runs_take_the_place_of_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlm_ls.store import spare

    monkeypatch.setattr(spare, "LIMIT_BYTES", 1 << 20)
    (tmp_path / FILE_NAME).mkdir()
    store = await Store.open(tmp_path, required=False)
    for number in range(20):
        await store.begin_run(f"r{number}", "q", float(number), {})
        await store.append(f"r{number}", 1, "warned", {"seq": 1, "message": "x" * 200_000})
        await store.cache_reply(f"k{number}", CachedReply("y" * 1000, "m", 1, 1, 0.0))
        await store.end_run(f"r{number}", "answered", {})
    assert (await store.events("r19"))[0]["seq"] == 1
    with pytest.raises((UnknownRun, StoreFailed)):
        await store.events("r0")
    # One run that is larger than all the room: it goes on, its trace ends early.
    await store.begin_run("large", "q", 99.0, {})
    for seq in range(1, 30):
        await store.append("large", seq, "warned", {"seq": seq, "message": "x" * 100_000})
    await store.end_run("large", "answered", {})
    seqs = [event["seq"] for event in await store.events("large")]
    assert seqs == list(range(1, len(seqs) + 1))
    assert 0 < len(seqs) < 29
    await store.close()


async def test_the_disk_is_tried_again_by_itself_and_what_was_kept_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.015)
    (tmp_path / FILE_NAME).mkdir()
    store = await Store.open(tmp_path, required=False)
    await store.begin_run("r", "q", 1.0, {})
    assert "4402" in store.trouble
    (tmp_path / FILE_NAME).rmdir()
    for _ in range(200):
        if not store.trouble:
            break
        await asyncio.sleep(0.05)
    assert not store.trouble
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as reader:
        assert reader.execute("SELECT run_id FROM runs").fetchall() == [("r",)]
    await store.close()
