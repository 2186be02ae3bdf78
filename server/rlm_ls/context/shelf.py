"""What was read for one question and serves the next ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from rlm_ls.context import names
from rlm_ls.context.folders import Folders, Listing
from rlm_ls.context.intake import Read, Refused, Unpacked
from rlm_ls.context.measure import Whole
from rlm_ls.context.pack import Hold, Pack
from rlm_ls.context.pool import SearchPool
from rlm_ls.context.stamp import Stamp
from rlm_ls.context.walk import Rules

PACK_BYTES = 128 << 20
"""A pack that has grown so large is followed by a new one: packs are what is thrown away."""

MOST_BYTES = 8 << 30
MOST_TEXTS = 200_000
MOST_TREES = 4

Key = tuple[str, str, bool]
"""Path, encoding option, and whether the encoding may be guessed: what decides how a file is read."""


T = TypeVar("T")
Made = TypeVar("Made")


@dataclass(slots=True, eq=False)
class Kept:
    """The outcome of reading a file that had this stamp.

    A Document in a pack; the measures of one that is searched where it lies, after a byte order mark of `skip` bytes;
    what an archive holds, in a pack; or why there is none, in words that call it `name`.
    """

    stamp: Stamp
    name: str
    outcome: Read | Whole | Unpacked | Refused
    pack: Pack | None = None
    skip: int = 0


class Shelf:
    """Texts, refusals and folders, for as long as the engine lives; a Context that uses some of it keeps it alive.

    It holds at most `most_bytes` of texts on disk beside those that a run still needs. Close it at the end. Not for
    use from several event loops.
    """

    def __init__(self, folder: str | None = None, most_bytes: int = MOST_BYTES, most_texts: int = MOST_TEXTS) -> None:
        self.watching = False
        """Whether `changed` is told of every change below the roots. Otherwise every file's state is asked for."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_texts = most_texts
        self._kept: dict[Key, Kept] = {}
        self._packs: list[Pack] = []
        self._trees: dict[Rules, Folders] = {}
        self._time = 0
        self._last: tuple[list[Any], Any] | None = None

    def changed(self, files: Iterable[str]) -> None:
        """Paths or URIs of files and folders that came, went or were written."""
        paths = [path for name in files if (path := names.file_path(name)) is not None]
        for tree in self._trees.values():
            tree.changed(paths)

    async def listing(self, rules: Rules, pool: SearchPool, seconds: float) -> Listing:
        """The files that the rules let through, as they are now. Raises SearchTimeout."""
        tree = self._trees.pop(rules, None) or Folders(rules)
        self._trees[rules] = tree
        while len(self._trees) > MOST_TREES:
            del self._trees[next(iter(self._trees))]
        return await tree.listing(pool, seconds, self.watching)

    def find(self, key: Key, stamp: Stamp, hold: Hold) -> Kept | None:
        """What was read of a file, if it is still the same; from then on `hold` has it."""
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp:
            return None
        if kept.pack is not None:
            hold.use(kept.pack)
            kept.pack.used_at = self._time
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        self.forget(key)
        self._kept[key] = kept
        if kept.pack is not None:
            if kept.pack not in self._packs:  # one that was unpacked into; the last is where small texts go
                kept.pack.use()
                self._packs.insert(0, kept.pack)
            kept.pack.kept.add(key)

    def forget(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None and kept.pack is not None:
            kept.pack.kept.discard(key)

    async def room(self, size: int, hold: Hold) -> tuple[Pack, int]:
        """A pack, and the place in it for so many bytes; `hold` has the pack from then on."""
        if not self._packs or self._packs[-1].size + size > PACK_BYTES:
            self._packs.append(await asyncio.to_thread(Pack, self._folder))
        pack = self._packs[-1]
        hold.use(pack)
        pack.used_at = self._time
        return pack, pack.reserve(size)

    def same(self, make: Callable[[list[T], Made | None], Made], parts: list[T]) -> Made:
        """What was made of the same parts the last time; else it is made now, with what was made then to go by."""
        if self._last is None or self._last[0] != parts:
            self._last = (parts, make(parts, None if self._last is None else self._last[1]))
        return cast(Made, self._last[1])

    def begin(self) -> None:
        """A question begins: what it uses is newer than the rest."""
        self._time += 1

    def trim(self) -> None:
        """Lets go of what is over the limits: what was not used for longest, and of that used last the newest."""
        order = sorted(self._packs, key=lambda pack: (pack.used_at, -self._packs.index(pack)))
        size = sum(pack.written for pack in order)
        for pack in order:
            if size <= self._most_bytes and len(self._kept) <= self._most_texts:
                break
            size -= pack.written
            self._drop(pack)
        while len(self._kept) > self._most_texts:
            self.forget(next(iter(self._kept)))

    def close(self) -> None:
        """Deletes what no Context needs any longer."""
        while self._packs:
            self._drop(self._packs[-1])
        self._kept.clear()
        self._trees.clear()
        self._last = None

    def _drop(self, pack: Pack) -> None:
        self._packs.remove(pack)
        for key in pack.kept:
            self._kept.pop(key, None)  # type: ignore[call-overload]
        pack.kept.clear()
        pack.release()
