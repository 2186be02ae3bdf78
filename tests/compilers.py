"""A VerbHost with compiled programs for tests: real compilers in their sandbox, real workers, texts of the test's
own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import IN_CI

from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.executors.compiled.program_runner import ProgramRunner
from rlm_ls.executors.compiled.programs import Programs
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits
from rlm_ls.executors.scripts.host import VerbHost

LENGTH = """(module (memory (export "memory") 1)
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (local $to i32)
    (local.set $to (i32.const 64))
    (loop $digit
      (local.set $to (i32.sub (local.get $to) (i32.const 1)))
      (i32.store8 (local.get $to) (i32.add (i32.const 48) (i32.rem_u (local.get $size) (i32.const 10))))
      (local.set $size (i32.div_u (local.get $size) (i32.const 10)))
      (br_if $digit (local.get $size)))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $to)) (i64.const 32))
            (i64.extend_i32_u (i32.sub (i32.const 64) (local.get $to))))))"""
"""WAT: how many bytes of text there are, as a number."""

WHOLE = """(module (memory (export "memory") 1)
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"""
"""WAT: the text itself."""


def missing(what: str) -> None:
    """On a build machine a missing part is a failure, elsewhere a named skip."""
    message = f"{what} does not work here: rlm-ls doctor says why"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


@dataclass
class Bench:
    """Programs over some texts. `told` are the events that came of them."""

    host: VerbHost
    programs: Programs
    told: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def define(self, name: str, source: str, language: str = "rust") -> str:
        if language != "wat" and language not in await self.programs.program_runner.languages(120):
            missing(f"a compiler for {language}")
        return await self.programs.define(self.host, name, language, source)

    async def run(self, name: str, within: Any = None) -> str:
        return await self.programs.run(self.host, name, within)

    async def map_reduce(self, name: str, combine: str = "concat", within: Any = None) -> Any:
        return await self.programs.map_reduce(self.host, name, within, combine)

    async def of(self, source: str, language: str = "rust") -> str:
        """Compile and run at once."""
        await self.define("program", source, language)
        return await self.run("program")

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        return [fields for told, fields in self.told if told == kind]


@asynccontextmanager
async def benched(
    state: Path, files: Sequence[Path], *, limits: ProgramLimits | None = None, levels: tuple[str, ...] = ("wasm",)
) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(SearchPool(2))
        scope = Scope("files", files=tuple(map(str, files)))
        context = await stack.enter_async_context(await Context.take(scope, pool))
        program_runner = ProgramRunner(state, Toolchains(state))
        stack.push_async_callback(program_runner.close)
        programs = Programs(program_runner, frozenset(levels), limits or ProgramLimits(seconds=20.0))
        host = VerbHost(context, Search(context, pool), lambda: {}, programs=programs)
        bench = Bench(host, programs)
        host.emit = lambda kind, fields: bench.told.append((kind, fields))
        yield bench
