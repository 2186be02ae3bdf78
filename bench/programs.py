"""Compiled programs: a cached one on 100 MB against a bare wasmtime script (goal ≤ 1.3 times), shards on all cores.

Goals: map_reduce on two cores ≥ 1.6 times one; a warm call on 1 MB ≤ 5 ms. Needs a Rust compiler for WebAssembly.
"""

from __future__ import annotations

import asyncio
import ctypes
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from bench.tables import spread, table
from bench.texts import OUT, large_log
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.executors.compiled.program_runner import ProgramRunner
from rlm_ls.executors.compiled.programs import Programs
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits
from rlm_ls.executors.scripts.host import VerbHost

LARGE, SMALL = 100_000_000, 1_000_000

SOURCES = {
    "line_ends": "fn analyze(t: &str) -> usize { t.lines().count() }",
    "words": """fn analyze(t: &str) -> usize {
        let mut found = std::collections::HashMap::new();
        for word in t.split_ascii_whitespace() { *found.entry(word).or_insert(0u32) += 1; }
        found.len()
    }""",
    "errors": """fn analyze(t: &str) -> String {
        let mut found = std::collections::BTreeMap::new();
        for line in t.lines() {
            let mut words = line.split_ascii_whitespace().skip(1);
            if words.next() == Some("ERROR") { *found.entry(words.next()).or_insert(0u32) += 1; }
        }
        found.iter().map(|(service, n)| format!("{} {n}\\n", service.unwrap_or(""))).collect()
    }""",
}


NOTE = """

The bare script's text is in memory already: only its copy into the module counts. Cores by the best of each: another
process on one of the two takes away half the gain."""


def measure(repeats: int) -> str:
    return asyncio.run(_measure(repeats))


def available() -> bool:
    """Whether Rust can be compiled here."""

    async def look() -> bool:
        with tempfile.TemporaryDirectory() as folder:
            found = await Toolchains(Path(folder)).found("wasm")
            return any(one.works and one.language == "rust" for one in found)

    return asyncio.run(look())


async def _measure(repeats: int) -> str:
    large, small = cut(LARGE), cut(SMALL)
    rows = []
    for name, source in SOURCES.items():
        async with programs_over(large) as (host, programs):
            await programs.define(host, name, "rust", source)
            path = (await programs.program_runner.compile(source, "rust", "wasm")).path
            bare, ours = [], []
            for _ in range(repeats):  # interleaved, so that a busy moment of the machine falls on both
                bare.append(await asyncio.to_thread(bare_script, path, large))
                ours.append(await seconds_of(lambda name=name: programs.run(host, name)))
            cores: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(repeats):
                for threads, took in cores.items():
                    programs.program_runner.wasm._threads = threads
                    took.append(await seconds_of(lambda name=name: programs.map_reduce(host, name, None, "concat")))
        async with programs_over(small) as (host, programs):
            await programs.define(host, name, "rust", source)
            await programs.run(host, name)
            warm = [await seconds_of(lambda name=name: programs.run(host, name)) for _ in range(repeats)]
        rows.append(
            [
                name,
                *(spread([1000 * second for second in seconds]) for seconds in (bare, ours)),
                f"{median(ours) / median(bare):.2f}",
                f"{min(cores[1]) / min(cores[2]):.2f}",
                spread([1000 * second for second in warm], 1),
            ]
        )
    head = ["program", "100 MB, bare script, ms", "as a verb, ms", "ratio", "2 cores to 1", "1 MB, warm, ms"]
    return table(head, rows) + NOTE


async def seconds_of(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


def bare_script(compiled: Path, text: Path) -> float:
    """Seconds of one call by wasmtime alone: a new Store, the text copied in, the function."""
    from wasmtime import Func, FuncType, Instance, Memory, Module, Store, ValType

    from rlm_ls.executors.compiled.wasm.machine import engine

    module = Module.deserialize_file(engine(), str(compiled))
    raw = text.read_bytes()
    started = time.perf_counter()
    store = Store(engine())
    store.set_epoch_deadline(1_000)
    nothing = Func(store, FuncType([ValType.i32(), ValType.i32()], []), lambda *_: None)
    instance = Instance(store, module, [nothing] * len(module.imports))
    memory, run = (instance.exports(store)[name] for name in ("memory", "run"))
    assert isinstance(memory, Memory)
    assert isinstance(run, Func)
    at = memory.grow(store, -(-len(raw) >> 16)) << 16
    ctypes.memmove(ctypes.addressof(memory.data_ptr(store).contents) + at, raw, len(raw))
    run(store, at, len(raw))
    return time.perf_counter() - started


@asynccontextmanager
async def programs_over(text: Path) -> AsyncIterator[tuple[VerbHost, Programs]]:
    with tempfile.TemporaryDirectory() as folder:
        async with SearchPool() as pool:
            program_runner = ProgramRunner(Path(folder), Toolchains(Path(folder)))
            try:
                async with await Context.take(Scope("document", files=(str(text),)), pool) as context:
                    programs = Programs(program_runner, frozenset({"wasm"}), ProgramLimits())
                    yield VerbHost(context, Search(context, pool), dict, programs=programs), programs
            finally:
                await program_runner.close()


def cut(size: int) -> Path:
    """The first lines of the large log, in a file of about `size` bytes."""
    path = OUT / f"{size}.log"
    if not path.is_file():
        OUT.mkdir(parents=True, exist_ok=True)
        with large_log().open("rb") as file:
            path.write_bytes(file.read(size).rpartition(b"\n")[0] + b"\n")
    return path
