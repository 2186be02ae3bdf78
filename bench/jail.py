"""Compilers and native programs in the sandbox: what the sandbox adds to a run (goal: ≤ 10 ms), and compile times."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.tables import spread, table
from rlm_ls.errors import LevelUnavailable
from rlm_ls.executors.compiled.native import run_native
from rlm_ls.executors.compiled.preludes.native_prelude import native_prelude
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import Language, Target
from rlm_ls.executors.jail.bubblewrap import Bubblewrap
from rlm_ls.executors.jail.jail import Jail
from rlm_ls.executors.jail.launcher import Launcher
from rlm_ls.executors.jail.process import run_to_end

NATIVE = {
    "rust": "pub fn analyze(text: &str) -> String { text.lines().count().to_string() }",
    "c": 'char *analyze(const char *text, unsigned long size) { return size ? "some" : "none"; }',
}
WASM = {
    "rust": '#[no_mangle] pub extern "C" fn lines(n: usize) -> usize { let v = vec![10u8; n]; '
    "String::from_utf8_lossy(&v).lines().count() }",
    "c": '__attribute__((export_name("lines"))) unsigned lines(unsigned n) { return n / 3; }',
    "wat": '(module (func (export "lines") (param i32) (result i32) local.get 0))',
}


def measure(repeats: int) -> str:
    return asyncio.run(_measure(max(repeats, 3)))


async def _measure(repeats: int) -> str:
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        state = Path(folder)
        toolchains = Toolchains(state)
        rows = [["find and prove the sandbox, first time", await _timed(toolchains.jail.available, 1)]]
        rows.append(["the same, launcher built", await _timed(lambda: Jail(state).available(), repeats)])
        rows.append(["find and prove compilers to wasm, first time", await _timed(lambda: toolchains.found("wasm"), 1)])
        rows.append(["the same, proved before", await _timed(lambda: Toolchains(state).found("wasm"), repeats)])
        for target, sources in (("wasm", WASM), ("native", NATIVE)):
            for language, source in sources.items():
                rows.append(
                    [f"compile {language} to {target}", await _compiling(toolchains, source, language, target, repeats)]
                )
        rows += await _runs(toolchains, state, repeats)
        return table(["what", "ms"], rows)


async def _compiling(toolchains: Toolchains, source: str, language: str, target: str, repeats: int) -> str:
    name: Language = "rust" if language == "rust" else "c" if language == "c" else "wat"
    to: Target = "wasm" if target == "wasm" else "native"
    prelude = native_prelude(language) if target == "native" else ""
    try:
        await toolchains.fingerprint(name, to)
    except LevelUnavailable as error:
        return error.message
    return await _timed(lambda: toolchains.compile(source, name, to, prelude=prelude), repeats)


async def _runs(toolchains: Toolchains, state: Path, repeats: int) -> list[list[str]]:
    """A native program over 1 MB, bare and in each sandbox that works here."""
    try:
        made = await toolchains.compile(NATIVE["rust"], "rust", "native", prelude=native_prelude("rust"))
    except LevelUnavailable as error:
        return [["run a native program", error.message]]
    binary, text = state / "program", state / "text"
    binary.write_bytes(made)
    binary.chmod(0o755)
    text.write_bytes(b"a line of twenty by.\n" * 50_000)
    descriptor = os.open(text, os.O_RDONLY)
    runs = max(repeats, 30)
    rows = []
    try:

        async def bare() -> None:
            size = str(text.stat().st_size)
            await run_to_end([str(binary), "0", size], seconds=10, output=1 << 20, stdin=descriptor)

        rows.append(["run over 1 MB, no sandbox", await _timed(bare, runs)])
        for kind in (Launcher(state / "jail"), Bubblewrap()):
            jail = Jail(state, (kind,))
            why_not = await jail.available()
            shown = why_not or await _timed(lambda jail=jail: run_native(binary, descriptor, jail=jail), runs)  # type: ignore[misc]
            rows.append([f"run over 1 MB, {kind.name}", shown])
    finally:
        os.close(descriptor)
    return rows


async def _timed(work: Callable[[], Awaitable[object]], repeats: int) -> str:
    took = []
    for _ in range(repeats):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return spread(took, 1)
