"""Compiled programs by nodes: sent once, known by their digest, with the answer that this machine gives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import Cluster
from tests.cluster.test_failure import eventually

from rlm_ls.context.cluster.connection import Connection
from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.document import Part
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import ProgramCrashed, ProgramLimit
from rlm_ls.executors.compiled.wasm import by_digest
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits, ProgramOutput, WasmRunner

WHOLE = """(module (memory (export "memory") 1)
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"""
"""Gives back the text that it was given."""

SPINS = """(module (memory (export "memory") 1)
  (func (export "run") (param i32 i32) (result i64) (loop (br 0)) (i64.const 0)))"""

TRAPS = """(module (memory (export "memory") 1)
  (func (export "run") (param i32 i32) (result i64) unreachable))"""

LINES = "".join(f"{n % 7} {'ERROR' if n % 10 == 3 else 'INFO'} é\n" for n in range(400_000))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The requests to nodes' processes for programs."""
    found: list[bytes] = []
    run = Connection.run

    async def watched(
        self: Connection, job: str, request: bytes, seconds: float, program: bool = False, *more: Any
    ) -> Any:
        if program:
            found.append(request)
        return await run(self, job, request, seconds, program, *more)

    monkeypatch.setattr(Connection, "run", watched)
    return found


@pytest.fixture
async def two(cluster: Cluster, here: SearchPool, tmp_path: Path) -> AsyncIterator[ClusterPool]:
    """Two workers on this machine with a cache of their own."""
    cluster.env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    cluster.add_worker()
    cluster.add_worker()
    await cluster.ready(2)
    pool = ClusterPool(cluster.address, here, piece_bytes=1 << 20, shared=True)
    yield pool
    await pool.close()


@pytest.fixture
async def runner() -> AsyncIterator[WasmRunner]:
    made = WasmRunner(2)
    yield made
    await made.close()


async def ran(
    runner: WasmRunner,
    folder: Path,
    wat: str,
    pool: Any,
    combine: str,
    *filters: tuple[str, bool],
    seconds: float = 60.0,
) -> ProgramOutput:
    path, module = folder / "app.log", folder / f"{sha256(wat.encode()).hexdigest()}.cwasm"
    path.write_text(LINES, encoding="utf-8")
    if not module.exists():
        assert await runner.compile(module, wat=wat) == ""
    async with await Context.take(Scope("document", files=(str(path),)), pool) as context:
        within = tuple(Part(part.doc, part.start, part.end, filters) for part in context.limit)
        batches = list(await Search(context, pool).cut_up(within))
        return await runner.run(module, batches, ProgramLimits(seconds=seconds), combine, pool)


async def test_map_reduce_by_nodes_gives_what_it_gives_here_and_sends_a_module_once(
    two: ClusterPool, here: SearchPool, runner: WasmRunner, sent: list[bytes], tmp_path: Path
) -> None:
    for filters in ((), (("ERROR", True),)):
        for combine in ("concat", "count", "unique"):
            there = await ran(runner, tmp_path, WHOLE, two, combine, *filters)
            near = await ran(runner, tmp_path, WHOLE, here, combine, *filters)
            assert (there.value, there.size) == (near.value, near.size)
    module = (tmp_path / f"{sha256(WHOLE.encode()).hexdigest()}.wasm").read_bytes()
    with_it = [one for one in sent if module in one]
    assert 1 <= len(with_it) <= 4, "it is known by its digest after the first"
    assert len(sent) > 20
    kept = list((tmp_path / "cache" / "rlm-ls" / "modules").glob("*.cwasm"))
    assert [one.name.partition("-")[0] for one in kept] == [sha256(module).hexdigest()]


async def test_a_program_that_spins_is_stopped_on_its_nodes(
    two: ClusterPool, cluster: Cluster, runner: WasmRunner, tmp_path: Path
) -> None:
    running = asyncio.create_task(ran(runner, tmp_path, SPINS, two, "concat", seconds=240.0))
    await eventually(lambda: len(cluster.searching()) == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    print(f"idle after {1000 * await eventually(lambda: not cluster.searching()):.0f} ms, 100 of them spent looking")


async def test_a_program_that_is_late_or_crashes_says_so(two: ClusterPool, runner: WasmRunner, tmp_path: Path) -> None:
    with pytest.raises(ProgramLimit):
        await ran(runner, tmp_path, SPINS, two, "concat", seconds=2.0)
    with pytest.raises(ProgramCrashed, match="unreachable"):
        await ran(runner, tmp_path, TRAPS, two, "concat")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "rlm-ls" / "modules"


def test_a_module_that_is_not_what_it_is_named_is_not_kept(cache: Path) -> None:
    limits = {"shard": 1, "heap": 1, "most_output": 1}
    digest = sha256(b"one").hexdigest()
    assert by_digest.outputs(Deadline(9), digest, b"", [], **limits) is None
    with pytest.raises(ProgramCrashed, match="not the one"):
        by_digest.outputs(Deadline(9), digest, b"two", [], **limits)
    assert os.listdir(cache) == []
