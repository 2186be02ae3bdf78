"""What happens to the run history when things go wrong: dying processes, damaged files, full disks."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rlm_ls.errors import StoreFailed, UnknownRun
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME, VERSION

WRITER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from rlm_ls.store.database import Store

    async def main(folder, name, count):
        store = await Store.open(Path(folder))
        await store.begin_run(name, "q", 1.0, {"model": "m"})
        for seq in range(1, int(count) + 1):
            await store.append(name, seq, "warned", {"type": "warned", "seq": seq, "at": seq / 10})
            print(seq, flush=True)
        if name.startswith("hang"):
            await asyncio.sleep(60)
        await store.end_run(name, "answered", {})
        await store.close()

    asyncio.run(main(*sys.argv[1:]))
""")


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True
    )


async def wait_for(process: subprocess.Popen[str]) -> int:
    return await asyncio.wait_for(asyncio.to_thread(process.wait), 60)


async def test_a_killed_process_loses_no_event_it_was_told_is_written(tmp_path: Path) -> None:
    process = writer(tmp_path, "run", 100_000)
    assert process.stdout is not None
    written = 0
    while written < 200:
        written = int(await asyncio.to_thread(process.stdout.readline))
    process.send_signal(signal.SIGKILL)
    for line in await asyncio.to_thread(process.stdout.readlines):
        if line.endswith("\n"):
            written = int(line)
    await wait_for(process)
    process.stdout.close()
    store = await Store.open(tmp_path)
    events = await store.events("run")
    assert len(events) in (written, written + 1)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    await store.close()


async def test_a_run_of_a_dead_process_shows_as_interrupted_and_one_of_a_live_process_as_running(
    tmp_path: Path,
) -> None:
    process = writer(tmp_path, "hang", 3)
    assert process.stdout is not None
    for _ in range(3):
        await asyncio.to_thread(process.stdout.readline)
    store = await Store.open(tmp_path)
    assert (await store.run("hang")).status == "running"
    assert await store.clear() == 0
    process.kill()
    await wait_for(process)
    process.stdout.close()
    row = await store.run("hang")
    assert row.status == "interrupted"
    assert row.seconds == pytest.approx(0.3)
    assert [row.status for row in await store.runs()] == ["interrupted"]
    await store.close()
    later = await Store.open(tmp_path)
    assert (await later.run("hang")).status == "interrupted"
    assert await later.clear() == 1
    await later.close()


async def test_a_run_that_was_not_ended_before_closing_is_interrupted(tmp_path: Path) -> None:
    first = await Store.open(tmp_path)
    await first.begin_run("r", "q", 1.0, {})
    second = await Store.open(tmp_path)
    assert (await second.run("r")).status == "running"
    await first.close()
    assert (await second.run("r")).status == "interrupted"
    await second.close()


async def test_several_processes_write_to_one_history_at_once(tmp_path: Path) -> None:
    processes = [writer(tmp_path, f"run{number}", 150) for number in range(3)]
    try:
        outputs = await asyncio.gather(*(asyncio.to_thread(process.communicate, None, 90) for process in processes))
        assert [len(output.split()) for output, _ in outputs] == [150, 150, 150]
    finally:
        for process in processes:
            process.kill()
    store = await Store.open(tmp_path)
    assert sorted(row.run_id for row in await store.runs()) == ["run0", "run1", "run2"]
    for number in range(3):
        assert len(await store.events(f"run{number}")) == 150
    await store.close()


@pytest.mark.parametrize("content", [b"no database " * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_moved_aside_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    store = await Store.open(tmp_path)
    await store.begin_run("r", "q", 1.0, {})
    (aside,) = tmp_path.glob(f"{FILE_NAME}.corrupt-*")
    assert aside.read_bytes() == content
    assert str(aside) in store.warning
    await store.close()
    again = await Store.open(tmp_path)
    assert again.warning == ""
    assert (await again.run("r")).run_id == "r"
    await again.close()


async def test_damage_that_shows_while_running_is_reported_and_mended_at_the_next_start(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    for number in range(50):
        await store.begin_run(f"r{number}", "q", 1.0, {})
        await store.append(f"r{number}", 1, "warned", {"message": "x" * 20_000})
        await store.end_run(f"r{number}", "answered", {})
    await store.close()
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    page = 4096
    for start in range(3 * page, len(data), page):
        data[start : start + page] = b"\xa5" * page
    path.write_bytes(data)
    store = await Store.open(tmp_path)
    outcomes = await asyncio.gather(*(store.events(f"r{number}") for number in range(50)), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert failures
    for failure in failures:
        assert isinstance(failure, StoreFailed | UnknownRun)
    damaged = [failure for failure in failures if isinstance(failure, StoreFailed)]
    assert "damaged" in damaged[0].message
    assert "Restart" in damaged[0].remedy
    await store.close()
    store = await Store.open(tmp_path)
    assert "moved to" in store.warning
    assert await store.runs() == []
    await store.close()
    assert len(list(tmp_path.glob(f"{FILE_NAME}.corrupt-*"))) == 1


async def test_a_history_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute(f"PRAGMA user_version={VERSION + 1}")
    other.execute("CREATE TABLE future (x)")
    other.commit()
    other.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(StoreFailed, match="newer rlm-ls") as failure:
        await Store.open(tmp_path)
    assert "Upgrade" in failure.value.remedy
    assert len((tmp_path / FILE_NAME).read_bytes()) == len(before)
    assert not list(tmp_path.glob("*.corrupt-*"))


async def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="cannot be written") as failure:
        await Store.open(tmp_path / "file" / "state")
    assert "RLM_STATE_DIR" in failure.value.remedy


async def test_a_folder_in_the_place_of_the_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreFailed):
        await Store.open(tmp_path)


async def test_a_full_disk_loses_no_event_leaves_the_rest_readable_and_is_told_of(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.begin_run("r", "q", 1.0, {})
    await store.append("r", 1, "warned", {"seq": 1})
    # A real SQLITE_FULL: this connection may use no more pages.
    await store._thread.submit(
        lambda connection, owners: connection.execute("PRAGMA max_page_count=30").fetchall(), write=False
    )
    await store.append("r", 2, "warned", {"message": "x" * 1_000_000})
    assert "No space" in store.trouble
    assert "Free some space" in store.trouble
    await store.append("r", 3, "warned", {"seq": 3})
    assert [len(event) for event in await store.events("r")] == [1, 1, 1]
    # What is no part of a run is not kept, and fails.
    with pytest.raises(StoreFailed, match="No space"):
        await store.delete_run("other")
    await store._thread.submit(
        lambda connection, owners: connection.execute("PRAGMA max_page_count=100000").fetchall(), write=False
    )
    await store.close()
    later = await Store.open(tmp_path)
    assert [event.get("seq") for event in await later.events("r")] == [1, None, 3]
    await later.close()


async def test_a_process_that_never_closes_its_store_ends_all_the_same(tmp_path: Path) -> None:
    code = f"""
import asyncio
from pathlib import Path
from rlm_ls.store.database import Store
async def main():
    store = await Store.open(Path({str(tmp_path)!r}))
    await store.begin_run("r", "q", 1.0, {{}})
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=subprocess.PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert errors == b""


async def test_locks_of_dead_processes_are_cleared_away(tmp_path: Path) -> None:
    for number in range(3):
        process = writer(tmp_path, f"hang{number}", 1)
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        process.kill()
        await wait_for(process)
        process.stdout.close()
    store = await Store.open(tmp_path)
    assert len(os.listdir(tmp_path / "owners")) == 1
    await store.close()
    assert os.listdir(tmp_path / "owners") == []
