"""What compiled programs of all runs share: compilers, the cache of compiled programs, the processes that run them."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from rlm_ls.context.sources.stamp import opened_file
from rlm_ls.context.workers.piece import Bundle, Pieces
from rlm_ls.errors import CompileFailed, DocumentChanged
from rlm_ls.executors.compiled.native import run_native
from rlm_ls.executors.compiled.program_cache import PROGRAMS, ProgramCache, key_of
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits, ProgramOutput, WasmRunner
from rlm_ls.executors.compiled.wrapping import Language, Target, explained, wrap
from rlm_ls.executors.jail.jail import Jail

log = logging.getLogger(__name__)

ABI = "1"
"""Counted up with whatever else changes what a cached program means."""


class LanguageSupport(Protocol):
    """One way to compile a language, tried or found wanting."""

    @property
    def language(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def works(self) -> bool: ...


class Compilers(Protocol):
    """Finds compilers and runs them locked away; `executors/compiled/toolchains` in earnest."""

    @property
    def jail(self) -> Jail: ...

    async def found(self, target: Target | None = None) -> Sequence[LanguageSupport]: ...

    async def fingerprint(self, language: Language, target: Target) -> str:
        """Changes with the compiler and its flags. Raises LevelUnavailable where none works."""
        ...

    async def compile(self, source: str, language: Language, target: Target, *, prelude: str = "") -> bytes:
        """A module or a binary. Raises CompileFailed, LevelUnavailable, SandboxUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program's machine code. `cached`: nothing was compiled for it this time."""

    path: Path
    cached: bool


class ProgramRunner:
    """Owned by the engine. Starts nothing before the first `look`, `compile` or run; close it, or processes stay."""

    def __init__(self, folder: Path, compilers: Compilers) -> None:
        self.compilers = compilers
        self.programs = ProgramCache(folder / PROGRAMS)
        self.wasm = WasmRunner()
        self._look: asyncio.Task[Sequence[LanguageSupport]] | None = None

    def look(self) -> asyncio.Task[Sequence[LanguageSupport]]:
        """Begin to see which compilers work; once."""
        if self._look is None:
            self._look = asyncio.create_task(self._found())
        return self._look

    async def languages(self, seconds: float) -> tuple[str, ...]:
        """Languages that compile to WebAssembly here; none where that is not known in time (the look goes on)."""
        done, _ = await asyncio.wait([self.look()], timeout=seconds)
        if not done:
            return ()
        return tuple(one.language for one in self.look().result() if one.works and one.target == "wasm")

    async def compile(self, source: str, language: Language, target: Target) -> Compiled:
        """From the cache, or compiled now. Raises CompileFailed, LevelUnavailable, SandboxUnavailable."""
        wrapped = wrap(source, language, target)
        compiler = "" if language == "wat" else await self.compilers.fingerprint(language, target)
        key = key_of([ABI, language, target, wrapped.source, wrapped.prelude, compiler, wasmtime_version()])
        await asyncio.to_thread(self.programs.open)
        path = self.programs.path(key, "cwasm" if target == "wasm" else "native")
        if await asyncio.to_thread(self.programs.holds, path):
            return Compiled(path, True)
        try:
            made = b""
            if language != "wat":
                made = await self.compilers.compile(wrapped.source, language, target, prelude=wrapped.prelude)
        except CompileFailed as error:
            raise explained(error, wrapped, language) from None
        if target == "native":
            await asyncio.to_thread(self.programs.keep, path, made)
        elif problem := await self.wasm.compile(path, module=made, wat=source if language == "wat" else ""):
            raise CompileFailed(problem)
        await asyncio.to_thread(self.programs.trim)
        return Compiled(path, False)

    async def run_native(self, path: Path, batches: Sequence[Pieces], limits: ProgramLimits) -> ProgramOutput:
        """Run a native program over the text as one file: the document's own file if the text is one whole document.

        Raises ProgramCrashed, ProgramLimit, DocumentChanged, SandboxUnavailable.
        """
        descriptor, offset, size = await self._as_file(batches, limits)
        try:
            said = await run_native(
                path,
                descriptor,
                offset=offset,
                size=size,
                jail=self.compilers.jail,
                memory=limits.heap,
                seconds=limits.seconds,
                output=limits.output,
            )
        finally:
            os.close(descriptor)
        return ProgramOutput(said.decode(), size, 1)

    async def _as_file(self, batches: Sequence[Pieces], limits: ProgramLimits) -> tuple[int, int, int]:
        """Descriptor, offset and size. The descriptor is the caller's."""
        pieces = [piece for batch in batches if not isinstance(batch, Bundle) for piece in batch]
        whole = len({piece.doc for piece in pieces}) == 1 and not any(isinstance(one, Bundle) for one in batches)
        whole = whole and not pieces[0].file.source.version  # else it lies elsewhere
        if whole and not pieces[0].filters and (pieces[0].start, pieces[-1].end) == (pieces[0].low, pieces[0].high):
            source = pieces[0].file.source
            try:
                descriptor, _ = opened_file(source.path)
            except OSError as error:
                raise DocumentChanged(
                    f"{pieces[0].file.name} cannot be read ({error.strerror}).", "Ask again."
                ) from None
            return descriptor, source.offset + pieces[0].low, pieces[0].high - pieces[0].low
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder) / "text"
            await self.wasm.copy(batches, copied, limits.seconds)
            descriptor = os.open(copied, os.O_RDONLY)
        return descriptor, 0, os.fstat(descriptor).st_size

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)
        await self.wasm.close()

    async def _found(self) -> Sequence[LanguageSupport]:
        try:
            return await self.compilers.found("wasm")
        except Exception:  # no compiler is no reason for a question to fail
            log.exception("looking for compilers failed")
            return ()


@cache
def wasmtime_version() -> str:
    return version("wasmtime")
