"""The compressed files and archives of one snapshot: unpacked within a limit; and the order of what was in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.snapshot.cache import CachedRead, Key, SnapshotCache
from rlm_ls.context.snapshot.intake import IncomingFile, RefusedFile, Unpacked
from rlm_ls.context.snapshot.pack import HeldFiles
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.unpacking import members_of
from rlm_ls.context.workers.protocol import Pool


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
        outcome = await self._pool.call("files.unpack.unpack", payload, self._options.seconds)
        if isinstance(outcome, RefusedFile):
            return outcome
        pack.size = pack.written = outcome.size
        self._room -= outcome.size
        if outcome.settled and outcome.members[0].name:
            self._snapshot_cache.keep(key, CachedRead(outcome.stamp, one.name, outcome, pack))
        return members_of(one, outcome, pack)

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
