"""The compressed files and archives of one snapshot: unpacked within a limit; and the order of what was in them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rlm_ls.context.document import Source
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.snapshot.cache import CachedRead, Key, SnapshotCache
from rlm_ls.context.snapshot.intake import IncomingFile, RefusedFile, Unpacked
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure
from rlm_ls.context.snapshot.pack import HeldFiles
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.encoding import UTF_8
from rlm_ls.context.sources.unpacking import members_of
from rlm_ls.context.workers.piece import File
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import RlmError

AFTER = 5
"""Bytes behind a range that must be there for it to be measured: the rest of its last character, and the line end that
stands behind every text in a pack."""

AWAKE = 0.01
"""Seconds between two looks at how far a decoder is."""


class Archives:
    """What is unpacked for one snapshot: at most `options.unpack_bytes` together, each file into a pack of its own.

    Candidates are known by their number: their index in the list of the snapshot's candidates.
    """

    def __init__(
        self, held_files: HeldFiles, pool: Pool, options: ContextOptions, snapshot_cache: SnapshotCache
    ) -> None:
        self._held_files = held_files
        self._pool = pool
        self._options = options
        self._snapshot_cache = snapshot_cache
        self._room = options.unpack_bytes
        self._parents: dict[int, tuple[int, int]] = {}
        """For each candidate that was unpacked: the number of its archive, and its position there."""

    async def unpack(self, one: Candidate, key: Key, incoming: IncomingFile) -> list[Candidate] | RefusedFile:
        """The members of a compressed file or an archive, from the cache or by a worker; or why it was refused."""
        kept = None if one.stamp is None else self._snapshot_cache.find(key, one.stamp, self._held_files)
        if isinstance(kept, CachedRead) and isinstance(kept.outcome, Unpacked) and kept.pack is not None:
            return members_of(one, kept.outcome, kept.pack)
        pack = await asyncio.to_thread(self._held_files.new)
        payload = {"incoming": incoming, "pack": pack.path, "limit": self._room, "deny": self._options.deny}
        outcome, measures = await self._measured(pack.path, incoming, payload)
        if isinstance(outcome, RefusedFile):
            return outcome
        if outcome.members[0].place == 0:
            known = tuple(one for one in measures if one.end + AFTER <= outcome.members[0].size)
            first = outcome.members[0]._replace(measures=known)
            outcome = replace(outcome, members=(first, *outcome.members[1:]))
        pack.size = pack.written = outcome.size
        self._room -= outcome.size
        if outcome.settled and outcome.members[0].name:
            self._snapshot_cache.keep(key, CachedRead(outcome.stamp, one.name, outcome, pack))
        return members_of(one, outcome, pack)

    async def _measured(
        self, path: str, incoming: IncomingFile, payload: dict[str, Any]
    ) -> tuple[Unpacked | RefusedFile, list[RangeMeasure]]:
        """What is unpacked, and the measures of its beginning, which another process takes meanwhile. By the same
        process, or a thread of it, a decoder would be held up."""
        unpacking = asyncio.ensure_future(self._pool.call("files.unpack.unpack", payload, self._options.seconds))
        try:
            measures = await self._beside(unpacking, incoming._replace(path=path, at=0)) if self._pool.size > 1 else []
            return await unpacking, measures
        finally:
            if not unpacking.done():
                unpacking.cancel()
                await asyncio.wait({unpacking})

    async def _beside(self, unpacking: asyncio.Future[Any], text: IncomingFile) -> list[RangeMeasure]:
        """The first ranges of a `text` that is still being written, one after another; none where it is no plain text,
        or has to be converted. What is left is measured by all processes at once."""
        measures: list[RangeMeasure] = []
        while not unpacking.done():
            start, size = len(measures) * RANGE, await asyncio.to_thread(os.path.getsize, text.path)
            if size < start + RANGE + AFTER:
                await asyncio.wait({unpacking}, timeout=AWAKE)
                continue
            try:
                if not measures and not await self._is_plain(text._replace(size=size)):
                    break
                payload = {"file": File(text.name, Source(text.path, 0, size)), "start": start, "end": start + RANGE}
                one = await self._pool.call("files.inspect.measure", payload, self._options.seconds)
            except RlmError:
                break  # whoever measures all of it will say why
            if isinstance(one, RefusedFile):
                break
            measures.append(one)
        return measures

    async def _is_plain(self, text: IncomingFile) -> bool:
        """Whether it begins like one that is searched as it is."""
        payload = {"incoming": [text], "option": self._options.encoding}
        (head,) = await self._pool.call("files.inspect.heads", payload, self._options.seconds)
        return bool(head == UTF_8)

    def found_in(self, archive: int, first: int, count: int) -> None:
        """Note that `count` candidates, from number `first` on, are the members of `archive`, in its order."""
        for position in range(count):
            self._parents[first + position] = (archive, position)

    def in_order(self, numbers: Iterable[int]) -> list[int]:
        """Candidates, where each belongs. Where nothing was unpacked they are numbered so."""
        return sorted(numbers, key=self.place if self._parents else None)

    def place(self, number: int) -> tuple[int, ...]:
        """A sort key that puts what was unpacked where its archive is: the numbers and positions from outside in."""
        positions: list[int] = []
        while number in self._parents:
            number, position = self._parents[number]
            positions.append(position)
        return number, *reversed(positions)
