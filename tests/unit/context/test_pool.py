"""The worker processes: never a hang, never an orphan, and nobody else's work is disturbed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path

import psutil
import pytest
from tests.patience import PATIENCE
from tests.processes import works
from tests.unit.context.oracle import SLOW, piece_of, slow_text

from rlm_ls.context.workers.pool import SearchPool, Worker
from rlm_ls.errors import BadPattern, DocumentChanged, SearchFailed, SearchTimeout
from rlm_ls.executors.checking.checker import CheckerPool

pytestmark = pytest.mark.usefixtures("processes")

COUNT = {"ignore_case": False, "multiline": False, "lines": False}


def counting(folder: Path, text: str, pattern: str) -> dict[str, object]:
    return {"pieces": [piece_of(folder, text)], "pattern": pattern, **COUNT}


def stuck(folder: Path) -> dict[str, object]:
    """A request that one engine call keeps busy for minutes: RE2 at 0.1 MB/s, on one line of 12 MB."""
    return {"pieces": [piece_of(folder, slow_text(12_000_000))], "pattern": SLOW, **COUNT}


def workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "rlm_ls.context.workers.worker" in " ".join(child.cmdline()):
                found.append(child)
    return found


def at_work() -> list[psutil.Process]:
    return [worker for worker in workers() if works(worker)]


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)


async def test_workers_are_started_when_needed_and_end_with_the_pool(tmp_path: Path) -> None:
    async with SearchPool(2) as pool:
        assert workers() == []
        assert await pool.call("matching.match.count", counting(tmp_path, "a\na\n", "a"), 20) == ({0: 2}, 4)
        assert len(workers()) == 1
    assert workers() == []


async def test_what_a_worker_takes_to_start_does_not_count_for_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    start, loop = Worker.start, asyncio.get_running_loop()
    now = loop.time

    async def slowly(module: str) -> Worker:
        monkeypatch.setattr(loop, "time", lambda: now() + 25)
        await asyncio.sleep(0.01)  # whatever ends before those 25 seconds are over ends now
        return await start(module)

    monkeypatch.setattr(Worker, "start", slowly)
    async with CheckerPool(1) as pool:
        assert await pool.call("schemas.check", {"schema": {"type": "object"}}, 20) == ""


async def test_a_map_keeps_the_order_and_uses_every_worker(pool: SearchPool, tmp_path: Path) -> None:
    payloads = [counting(tmp_path, "a" * 5000 + "b" * 9, "a" * n) for n in range(1, 30)]
    async with aclosing(pool.map("matching.match.count", payloads, 20)) as results:
        counts = [found[0] async for found, _ in results]
    assert counts == [5000 // n for n in range(1, 30)]
    assert len(workers()) == 2


async def test_a_late_worker_is_killed_and_replaced(pool: SearchPool, tmp_path: Path) -> None:
    with pytest.raises(SearchTimeout) as late:
        await asyncio.wait_for(pool.call("matching.match.count", stuck(tmp_path), 0.3), PATIENCE)
    assert late.value.remedy
    assert await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20) == ({0: 1}, 1)


async def test_of_a_worker_that_was_not_listened_to_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Worker] = []

    async def deaf(self: Worker, request: bytes) -> bytes:
        asked.append(self)
        self._stdin.write(request)
        await asyncio.Event().wait()
        return b""

    before = psutil.Process().num_fds()
    async with SearchPool(1) as pool:
        await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)
        with monkeypatch.context() as patched:
            patched.setattr(Worker, "ask", deaf)
            many = counting(tmp_path, "a\n" * 50_000, "a") | {"limit": 50_000, "room": 10_000_000}
            del many["lines"]
            call = asyncio.create_task(pool.call("matching.match.regex", many, 60))
            # The reply is larger than what is read ahead: nobody looks for the end of the pipe behind it.
            await eventually(lambda: bool(asked) and len(asked[0]._stdout._buffer) > 1 << 17)  # type: ignore[attr-defined]
            call.cancel()
            await asyncio.wait({call})
        await eventually(lambda: not asked[0].alive)
        await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)
        workers()[0].kill()  # another that has to be dropped
        with suppress(SearchFailed):
            await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)
    assert psutil.Process().num_fds() == before


async def test_a_late_item_of_a_map_does_not_lose_the_others(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    payloads = [counting(tmp_path / "other", "a", "a"), stuck(tmp_path), counting(tmp_path / "other", "a", "a")]
    # What a worker loads at its first search is none of this deadline's business.
    await asyncio.gather(*(pool.call("matching.match.count", payloads[0], 60) for _ in range(2)))
    async with aclosing(pool.map("matching.match.count", payloads, 1.5)) as results:
        found = [one async for one in results]
    assert found[0] == found[2] == ({0: 1}, 1)
    assert isinstance(found[1], SearchTimeout)


async def test_a_worker_that_dies_is_reported_and_replaced(pool: SearchPool, tmp_path: Path) -> None:
    call = asyncio.create_task(pool.call("matching.match.count", stuck(tmp_path), 30))
    await eventually(lambda: len(at_work()) == 1)
    workers()[0].send_signal(signal.SIGKILL)
    with pytest.raises(SearchFailed):
        await asyncio.wait_for(call, PATIENCE)
    assert await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20) == ({0: 1}, 1)


async def test_an_idle_worker_that_died_is_replaced_unseen(pool: SearchPool, tmp_path: Path) -> None:
    await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)
    workers()[0].kill()
    await eventually(lambda: not any(worker.alive for worker in pool._all))
    assert await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20) == ({0: 1}, 1)


async def test_cancelling_kills_the_workers_of_that_call_only(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)
    idle = workers()[0].pid
    one = asyncio.create_task(pool.call("matching.match.count", stuck(tmp_path), 60))
    two = asyncio.create_task(pool.call("matching.match.count", stuck(tmp_path / "other"), 60))
    await eventually(lambda: len(at_work()) == 2)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    await eventually(lambda: [worker.pid != idle for worker in workers()] == [True])
    assert not two.done()
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)


async def test_leaving_a_map_early_stops_its_workers(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    payloads = [counting(tmp_path, "a", "a"), stuck(tmp_path / "other")]
    async with aclosing(pool.map("matching.match.count", payloads, 60)) as results:
        async for _ in results:
            break
    await eventually(lambda: len(workers()) == 1)
    assert await pool.call("matching.match.count", payloads[0], 20) == ({0: 1}, 1)


async def test_errors_of_operations_arrive_as_themselves(pool: SearchPool, tmp_path: Path) -> None:
    with pytest.raises(BadPattern, match="unterminated"):
        await pool.call("matching.match.count", counting(tmp_path, "a", "("), 20)
    with pytest.raises(SearchFailed, match=r"places\.nope"):
        await pool.call("places.nope", {}, 20)


async def test_a_closed_pool_refuses_work(tmp_path: Path) -> None:
    pool = SearchPool(1)
    await pool.close()
    with pytest.raises(SearchFailed):
        await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 20)


async def test_closing_ends_calls_under_way(tmp_path: Path) -> None:
    pool = SearchPool(1)
    call = asyncio.create_task(pool.call("matching.match.count", stuck(tmp_path), 60))
    await eventually(lambda: len(at_work()) == 1)
    await pool.close()
    with pytest.raises(SearchFailed):
        await asyncio.wait_for(call, PATIENCE)


async def test_a_worker_that_starts_while_the_pool_closes_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, start, started = SearchPool(1), Worker.start, []

    async def meanwhile(module: str) -> Worker:
        started.append(await start(module))
        await pool.close()
        return started[0]

    monkeypatch.setattr(Worker, "start", meanwhile)
    with pytest.raises(SearchFailed):
        await pool.call("matching.match.count", counting(tmp_path, "a", "a"), 60)
    assert not started[0].alive


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, sys\n"
        "from rlm_ls.context.workers.pool import SearchPool\n"
        "async def main():\n"
        "    pool = SearchPool(1)\n"
        "    try: await pool.call('places.nope', {}, 20)\n"
        "    except Exception: pass\n"
        "    print(next(iter(pool._all))._process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert psutil.pid_exists(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + PATIENCE
    while psutil.pid_exists(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(worker)


def test_a_worker_starts_without_the_heavy_imports() -> None:
    heavy = ("pydantic", "pygls", "litellm", "re2", "tree_sitter", "pathspec", "ahocorasick_rs")
    code = f"import sys, rlm_ls.context.workers.worker\nprint([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


async def test_a_file_of_the_current_folder_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "re2.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    async with SearchPool(1) as pool:
        await pool.call("matching.match.count", counting(tmp_path, "a", "a+"), 20)
    assert not (tmp_path / "ran").exists()


async def test_a_file_truncated_under_a_search_is_reported(pool: SearchPool, tmp_path: Path) -> None:
    payload = counting(tmp_path, "a\n" * 1000, "a")
    (tmp_path / "source").write_text("a\n")
    with pytest.raises(DocumentChanged, match="truncated"):
        await pool.call("matching.match.count", payload, 20)
