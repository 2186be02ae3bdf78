"""The server's side of L2: worker processes for modules, started when first needed, killed when late or unwanted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rlm_ls.context.document import ANYWHERE
from rlm_ls.context.workers.piece import Bundle, Pieces, size_of
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import DocumentChanged, ProgramCrashed, ProgramError, ProgramLimit, SearchFailed, SearchTimeout
from rlm_ls.executors.compiled.wasm import MODULE
from rlm_ls.executors.compiled.wasm.spread import spread
from rlm_ls.executors.compiled.wasm.texts import shard_size

COMPILE_SECONDS = 30.0


class ProgramPool(SearchPool):
    """Workers as the search has them, with the operations of `rlm_ls.executors.compiled.wasm`."""

    worker: ClassVar[str] = "rlm_ls.executors.compiled.wasm.worker"


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """Of one call. `heap` is bytes beside the text, `output` bytes of what it returns."""

    seconds: float = 60.0
    heap: int = 1 << 30
    output: int = 8 << 20


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """What a call gave back: text, or what `combine` made of it; bytes of text it was called with, and shards."""

    value: Any
    size: int
    shards: int


class WasmRunner:
    """Compiles modules and runs them. Close it, or its processes stay."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 2
        self._pool = ProgramPool()

    async def compile(self, path: Path, *, module: bytes = b"", wat: str = "") -> str:
        """Machine code of a module, or of its text form, at `path`. Returns what is wrong with it, or nothing."""
        payload = {"module": module, "wat": wat, "path": str(path)}
        problem = await self._call("machine.compile", payload, COMPILE_SECONDS)
        return str(problem)

    async def run(
        self,
        path: Path,
        batches: Sequence[Pieces],
        limits: ProgramLimits,
        combine: str | None = None,
        pool: Pool | None = None,
    ) -> ProgramOutput:
        """The compiled program over the text, whole or by shards, those by other machines where `pool` says so.
        Cancelling kills it at once.

        Raises ProgramCrashed, ProgramLimit, ProgramError, DocumentChanged.
        """
        if combine is not None and pool is not None and pool.programs is not None:
            there = pool.programs
            if all(there.place({"pieces": batch}) for batch in batches):
                found = await self._by_nodes(there, path, batches, limits, combine)
                if found is not None:
                    return found
        check_here(batches)
        payload = {
            "path": str(path),
            "batches": batches,
            "heap": limits.heap,
            "most_output": limits.output,
            "combine": combine,
            "threads": self._threads,
        }
        try:
            return ProgramOutput(*await self._call("machine.run", payload, limits.seconds))
        except ProgramCrashed:
            # A file cut short under a mapping ends the worker that reads it.
            await asyncio.to_thread(_check, batches)
            raise

    async def _by_nodes(
        self, there: Pool, path: Path, batches: Sequence[Pieces], limits: ProgramLimits, combine: str
    ) -> ProgramOutput | None:
        shard = shard_size(sum(map(size_of, batches)), self._threads)
        heap = limits.heap // self._threads
        made = await spread(there, path.with_suffix(MODULE), batches, shard, heap, limits.output, limits.seconds)
        if made is None:
            return None
        payload = {"outputs": made.outputs, "combine": combine, "most_output": limits.output}
        value = await self._call("machine.fold", payload, limits.seconds)
        return ProgramOutput(value, made.size, len(made.outputs))

    async def copy(self, batches: Sequence[Pieces], path: Path, seconds: float) -> None:
        """The text as one file, for a program that is no module. Raises ProgramError for texts of a cluster's nodes."""
        check_here(batches)
        await self._call("texts.copy", {"batches": batches, "path": str(path)}, seconds)

    async def close(self) -> None:
        await self._pool.close()

    async def _call(self, operation: str, payload: dict[str, Any], seconds: float) -> Any:
        try:
            return await self._pool.call(operation, payload, seconds)
        except SearchTimeout:
            raise ProgramLimit(
                f"The program was not done after {seconds:g} seconds.", "Do less per line, or narrow the text."
            ) from None
        except SearchFailed as failed:
            raise ProgramCrashed(
                "The program's process ended unexpectedly (out of memory, or killed)."
                if "worker ended" in failed.message
                else failed.message,
            ) from None


def check_here(batches: Sequence[Pieces]) -> None:
    """Raises ProgramError for texts that only a cluster's nodes can read."""
    for batch in batches:
        if not isinstance(batch, Bundle) and any(one.file.source.place not in ("", ANYWHERE) for one in batch):
            raise ProgramError(
                "The text is on a node of the cluster, where no program runs over it as a whole.",
                'Use map_reduce(…, combine="concat"), which runs there, or search in it.',
            )


def _check(batches: Sequence[Pieces]) -> None:
    """Raises DocumentChanged if a file is shorter than what was to be read of it."""
    for batch in batches:
        if isinstance(batch, Bundle):
            continue  # in a pack of our own
        for piece in batch:
            source = piece.file.source
            if source.version:
                continue  # it lies elsewhere, and its version is compared as it is read
            try:
                size = os.stat(source.path).st_size
            except OSError:
                size = -1
            if size < source.offset + source.size:
                raise DocumentChanged(
                    f"{piece.file.name} was truncated or replaced while a program was reading it.", "Ask again."
                )
