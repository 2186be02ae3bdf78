"""What breaks: nodes, search processes, the scheduler, the driver; and what is stopped."""

from __future__ import annotations

import asyncio
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.cluster.conftest import Cluster
from tests.fakes.model_server import ModelServer
from tests.patience import PATIENCE
from tests.scripted import script
from tests.unit.context.oracle import SLOW, piece_of, slow_text

from rlm_ls.context.cluster.agent import LEASE
from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.errors import ClusterFailed, SearchFailed, SearchTimeout
from rlm_ls.settings.sections import Settings

COUNT = {"ignore_case": False, "multiline": False, "lines": False}
OPERATION = "matching.match.count"


def stuck(folder: Path) -> dict[str, object]:
    """A request that one engine call keeps busy for minutes."""
    return {"pieces": [piece_of(folder, slow_text(12_000_000))], "pattern": SLOW, **COUNT}


@pytest.fixture
async def two(cluster: Cluster, here: SearchPool) -> AsyncIterator[ClusterPool]:
    """Two workers on this machine, attached to."""
    cluster.add_worker()
    cluster.add_worker()
    await cluster.ready(2)
    pool = ClusterPool(cluster.address, here, piece_bytes=1 << 20, shared=True)
    await pool.ready()
    yield pool
    await pool.close()


async def eventually(condition: Callable[[], Any], seconds: float = 60.0) -> float:
    """How long it took. Searches that are stuck take longer."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def counted_while(two: ClusterPool, folder: Path, harm: Callable[[], object]) -> tuple[int, int, str]:
    """Lines counted over 24 MB by 24 requests, `harm` done after a few: what came, what should have, what was left."""
    path = folder / "app.log"
    line = slow_text(2_000)
    path.write_text("".join(f"{line}{n:09}\n" for n in range(12_000)))
    async with await Context.take(Scope("document", files=(str(path),)), two) as context:
        search = Search(context, two, deadline_seconds=240.0)
        progress = search.progress(context.limit)
        asked = {"pattern": r"[0-9]{9}$", **COUNT, "lines": True}
        total = done = 0
        async with aclosing(search.scan(OPERATION, context.limit, progress, **asked)) as results:
            async for counts, _ in results:
                total += sum(counts.values())
                done += 1
                if done == 3:
                    await asyncio.to_thread(harm)
        return total, 12_000, progress.note


async def test_a_worker_that_is_killed_costs_no_range_and_doubles_none(
    two: ClusterPool, cluster: Cluster, tmp_path: Path
) -> None:
    def harm() -> None:
        for child in psutil.Process(cluster.workers[0].pid).children():
            child.kill()
        cluster.workers[0].kill()

    total, wanted, note = await counted_while(two, tmp_path, harm)
    assert (total, note) == (wanted, "")


async def test_a_search_process_that_is_killed_costs_no_range_and_doubles_none(
    two: ClusterPool, cluster: Cluster, tmp_path: Path
) -> None:
    def harm() -> None:
        for worker in cluster.workers:
            for child in psutil.Process(worker.pid).children():
                child.kill()

    total, wanted, note = await counted_while(two, tmp_path, harm)
    assert (total, note) == (wanted, "")


async def test_a_search_whose_process_dies_again_and_again_is_an_error(
    two: ClusterPool, cluster: Cluster, tmp_path: Path
) -> None:
    search = asyncio.create_task(two.call(OPERATION, stuck(tmp_path), 240.0))
    killed: set[int] = set()
    # Until it is over: one that was killed before it had its range costs none of the tries.
    while not search.done():
        await eventually(lambda: search.done() or {one.pid for one in cluster.searching()} - killed)
        for one in cluster.searching():
            killed.add(one.pid)
            one.kill()
    with pytest.raises(SearchFailed, match="ended unexpectedly"):
        await search


async def test_a_search_that_is_late_is_killed_on_its_node(two: ClusterPool, cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(SearchTimeout):
        await two.call(OPERATION, stuck(tmp_path), 0.5)
    await eventually(lambda: not cluster.searching())


async def test_a_stop_frees_the_nodes(two: ClusterPool, cluster: Cluster, tmp_path: Path) -> None:
    """In 200 ms or so; the searches would take minutes."""
    payload = stuck(tmp_path)
    searches = [asyncio.create_task(two.call(OPERATION, payload, 240.0)) for _ in range(6)]
    await eventually(lambda: len(cluster.searching()) == 2)
    for search in searches:
        search.cancel()
    await asyncio.gather(*searches, return_exceptions=True)
    taken = await eventually(lambda: not cluster.searching())
    print(f"idle after {1000 * taken:.0f} ms, 100 of them spent looking")
    assert await two.call(OPERATION, {"pieces": [piece_of(tmp_path, "a\na\n")], "pattern": "a", **COUNT}, 20) == (
        {0: 2},
        4,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_a_scheduler_that_is_lost_is_an_error_and_one_that_is_there_again_is_used(
    two: ClusterPool,
    cluster: Cluster,
    here: SearchPool,
    tmp_path: Path,
    how: signal.Signals,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Within five seconds; the search has four minutes."""
    search = asyncio.create_task(two.call(OPERATION, stuck(tmp_path), 240.0))
    await eventually(cluster.searching)
    assert cluster.scheduler is not None
    began = time.monotonic()
    cluster.scheduler.send_signal(how)
    with pytest.raises(ClusterFailed, match="lost"):
        await asyncio.wait_for(search, PATIENCE)
    print(f"lost after {time.monotonic() - began:.1f} s")
    small = {"pieces": [piece_of(tmp_path, "a\na\n")], "pattern": "a", **COUNT}
    assert await here.call(OPERATION, small, 20) == ({0: 2}, 4)
    with pytest.raises(ClusterFailed, match="cannot be reached"):
        await two.call(OPERATION, small, 20)
    assert capfd.readouterr().err == ""
    cluster.end()
    cluster.workers.clear()
    cluster.begin()
    cluster.add_worker()
    await cluster.ready(1)
    assert await two.call(OPERATION, small, 20) == ({0: 2}, 4)


DRIVER = """
import asyncio, pickle, sys
from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.workers.pool import SearchPool
async def main():
    pool = ClusterPool(sys.argv[1], SearchPool(1), shared=True)
    await pool.call("matching.match.count", pickle.load(sys.stdin.buffer), 240.0)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_nodes_stop_when_nothing_is_heard_of_the_driver(
    cluster: Cluster, tmp_path: Path, how: signal.Signals
) -> None:
    """Within five seconds; the search has four minutes."""
    cluster.add_worker()
    await cluster.ready(1)
    driver = await _heard(cluster, tmp_path)
    try:
        driver.send_signal(how)
        print(f"idle after {await eventually(lambda: not cluster.searching()):.1f} s")
    finally:
        driver.kill()
        driver.wait()


async def _heard(cluster: Cluster, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A driver whose search went on for longer than one lease: it is heard. Another one where a busy machine did not
    let it speak for so long; none ever is where drivers are not heard at all."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        driver = subprocess.Popen([sys.executable, "-P", "-c", DRIVER, cluster.address], stdin=subprocess.PIPE)  # noqa: ASYNC220
        assert driver.stdin is not None
        driver.stdin.write(pickle.dumps(stuck(tmp_path)))
        driver.stdin.close()
        await eventually(cluster.searching)
        await asyncio.sleep(LEASE + 1)
        if cluster.searching():
            return driver
        driver.kill()
        driver.wait()
    raise AssertionError("a driver that is there was not heard")


async def test_a_run_whose_cluster_is_lost_ends_with_its_code_and_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("".join(f"{n} {'ERROR' if n % 10 == 3 else 'INFO'}\n" for n in range(200_000)))
    look = script("seen = count('ERROR')\nprint(seen)")
    submit = script("again = count('ERROR')\nsubmit(str(again), cite=[lines(4)])")
    async with ModelServer([look, submit, submit]) as server:
        settings = Settings.model_validate(
            {
                "models": {"root": ("openai/one",), "api_base": server.base_url},
                "cluster": {"address": "local:1"},
                "levels": ("dsl",),
            }
        )
        events: list[Any] = []
        opened = await Engine.open(settings=settings, state_dir=tmp_path / "state")
        try:

            def listen(event: Any) -> None:
                events.append(event)
                if event.wire()["type"] == "turnFinished" and event.wire()["turn"] == 1:
                    for child in psutil.Process().children():
                        if "rlm_ls.context.cluster.node" in child.cmdline():
                            child.suspend()

            request = AskRequest("How many?", Scope("document", files=(str(tmp_path / "app.log"),)), run_id="r")
            answer = await opened.ask(request, listen)
            assert answer.status == "partial"
            assert "scheduler was lost" in answer.reason
            assert events[-1].wire()["errorCode"] == 4311
            again = await opened.resume("r", lambda _: None)
            assert (again.status, again.answer) == ("answered", "20000")
        finally:
            await opened.close()
