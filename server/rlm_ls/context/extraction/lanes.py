"""The documents of one snapshot, taken apart side by side in processes that end with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.snapshot.intake import Extracted, IncomingFile, Ordinary, RefusedFile
from rlm_ls.context.snapshot.pack import HeldFiles, Pack
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.unpacking import taken_out_of
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import DocumentUnreadable, SearchFailed, SearchTimeout

SECONDS = 120.0
"""For one document."""

Work = tuple[IncomingFile, str]
"""A document and its kind."""


class ExtractionPool(SearchPool):
    worker: ClassVar[str] = "rlm_ls.context.extraction.worker"


class Extractions:
    """The documents of one snapshot that are not text. Candidates are known by their number, as in Archives."""

    def __init__(self, held_files: HeldFiles, size: int, options: ContextOptions) -> None:
        self.wanted: dict[int, str] = {}
        """The kind of each document whose text is still to be taken out."""
        self.ordinary: set[int] = set()
        """What began like a document that is not text, and is none."""
        self._held_files = held_files
        self._size = size
        self._options = options

    async def run(
        self, candidates: Sequence[Candidate], incoming: Callable[[int], IncomingFile]
    ) -> list[tuple[int, Candidate | RefusedFile | None]]:
        """For each document that is wanted its text as a candidate, why there is none, or None for what is none."""
        wanted, self.wanted = self.wanted, {}
        if not wanted:
            return []
        work = [(incoming(number), kind) for number, kind in wanted.items()]
        room, seconds = self._options.unpack_bytes, self._options.seconds
        outcomes = await extracted(work, self._held_files, self._size, room, seconds)
        found: list[tuple[int, Candidate | RefusedFile | None]] = []
        for number, (outcome, pack, place) in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, Extracted):
                found.append((number, taken_out_of(candidates[number], outcome, pack, place)))
            elif isinstance(outcome, Ordinary):
                self.ordinary.add(number)
                found.append((number, None))
            else:
                found.append((number, outcome))
        return found


async def extracted(
    work: list[Work], held_files: HeldFiles, size: int, room: int, seconds: float
) -> list[tuple[Extracted | Ordinary | RefusedFile, Pack, int]]:
    """The outcome for each document, and where its text is: the pack and the offset in it.

    `size` processes at a time; `room` is how many bytes of text all of them may hold together, `seconds` how long all
    of it may take. A document whose process dies (out of memory, a defect in a library) is refused like any other.
    """
    found: list[tuple[Extracted | Ordinary | RefusedFile, Pack, int] | None] = [None] * len(work)
    left = iter(range(len(work)))
    end = time.monotonic() + seconds
    used = 0

    async def lane(pool: ExtractionPool) -> None:
        nonlocal used
        pack = await asyncio.to_thread(held_files.new)
        for number in left:
            incoming, kind = work[number]
            limit = min(SECONDS, max(0.0, end - time.monotonic()))
            outcome = await _one(pool, incoming, kind, pack, room - used, limit)
            place = pack.size
            if isinstance(outcome, Extracted):
                pack.size += outcome.size + 1
                pack.written += outcome.size
                used += outcome.size
            found[number] = outcome, pack, place

    pool = ExtractionPool(min(size, len(work)))
    async with pool, asyncio.TaskGroup() as lanes:
        for _ in range(pool.size):
            lanes.create_task(lane(pool))
    return [one for one in found if one is not None]


async def _one(
    pool: ExtractionPool, incoming: IncomingFile, kind: str, pack: Pack, room: int, seconds: float
) -> Extracted | Ordinary | RefusedFile:
    payload = {"incoming": incoming, "kind": kind, "pack": pack.path, "place": pack.size, "limit": max(0, room)}
    try:
        outcome: Extracted | Ordinary | RefusedFile = await pool.call("extract.extract", payload, seconds)
        return outcome
    except SearchTimeout:
        why, remedy = f"Taking the text out of {incoming.name} took too long.", "Split it, or save it as text."
        return RefusedFile.by(SearchTimeout(why, remedy))
    except SearchFailed:
        why = f"{incoming.name} cannot be read: what takes its text out broke down over it (too large, or damaged)."
        return RefusedFile.by(DocumentUnreadable(why, "Open it in a viewer and save it anew, or as text."))
