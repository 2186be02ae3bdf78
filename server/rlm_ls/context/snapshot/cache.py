"""The snapshot cache: what one question has read of the files, for the next ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import is_
from pathlib import Path
from typing import Any, TypeVar, cast

from rlm_ls.context.remote.copies import Copies
from rlm_ls.context.remote.listed import Listed
from rlm_ls.context.remote.texts import FarTexts
from rlm_ls.context.snapshot.columns import AnyRead, CopiedDocument
from rlm_ls.context.snapshot.intake import RefusedFile, Unpacked
from rlm_ls.context.snapshot.line_index import LineIndex
from rlm_ls.context.snapshot.measure import TextMeasure
from rlm_ls.context.snapshot.pack import HeldFiles, Pack
from rlm_ls.context.sources import uris
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.folders import Folders, Listing
from rlm_ls.context.sources.stamp import Stamp, may_go_on
from rlm_ls.context.sources.walk import Rules
from rlm_ls.context.workers.protocol import Pool

PACK_BYTES = 128 << 20
"""Bytes at which a pack is closed and the next one begun. Room is made by deleting whole packs."""

MOST_BYTES = 8 << 30
MOST_TEXTS = 200_000
MOST_TREES = 4
MOST_FAR = 1_000_000
"""Texts that stay elsewhere, some hundred bytes each."""

Key = tuple[str, str, bool]
"""Path, encoding option, and whether the encoding may be guessed: what decides how a file is read."""


T = TypeVar("T")
Made = TypeVar("Made")


@dataclass(slots=True, eq=False)
class CachedRead:
    """The outcome of reading a file that had this stamp.

    It is one of four: a Document whose text is in `pack`; the measures of a text that is searched in its own file,
    after a byte order mark of `skip` bytes; the members of an archive, unpacked in `pack`; or why the file was refused,
    in words that call it `name`.
    """

    stamp: Stamp
    name: str
    outcome: AnyRead | TextMeasure | Unpacked | RefusedFile
    pack: Pack | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class LastRead:
    """What was read of the last question's candidates, by number, and the packs that hold it."""

    wanted: Sequence[Candidate]
    encoding: str
    found: dict[int, AnyRead]
    packs: tuple[Pack, ...]
    fresh: Sequence[int] = ()
    """Those that were read for that question: some may have been written to between the look at a folder and the
    reading."""


def _is_newer(read: AnyRead, than: Candidate) -> bool:
    return isinstance(read, CopiedDocument) and read.stamp != than.stamp


class SnapshotCache:
    """What is known of files and folders: texts, refusals, listings. It belongs to the engine and lives as long.

    It keeps at most `most_bytes` of texts on disk, not counting those that a run still needs: a Context keeps what it
    uses. Close it at the end. Not for use from several event loops.
    """

    def __init__(
        self, most_bytes: int = MOST_BYTES, most_texts: int = MOST_TEXTS, line_index: Path | None = None
    ) -> None:
        self.watching = False
        """Whether `changed` is called for every change below the roots. If not, each question asks for every file's
        state."""
        self.copies: Copies | None = None
        """Of texts that lie elsewhere; without it there are none to be asked about."""
        self._most_bytes = most_bytes
        self._most_texts = most_texts
        self._kept: dict[Key, CachedRead | CopiedDocument] = {}
        """Of texts that were copied only what they are: their stamp is in their row."""
        self._packs: list[Pack] = []
        self._trees: dict[Rules, Folders] = {}
        self._far: dict[str, FarTexts] = {}
        self._time = 0
        self._last: tuple[Sequence[Any], Any] | None = None
        self._line_index = LineIndex(line_index)
        self._last_read: LastRead | None = None
        self.dropped = 0
        """How many packs were."""

    def changed(self, files: Iterable[str]) -> None:
        """Report files and folders (paths or URIs) that were created, deleted or written: they are looked at anew."""
        paths = [path for name in files if (path := uris.file_path(name)) is not None]
        for tree in self._trees.values():
            tree.changed(paths)

    async def listing(self, rules: Rules, pool: Pool, seconds: float) -> Listing:
        """The files that the rules let through, as they are now. Raises SearchTimeout."""
        tree = self._trees.pop(rules, None) or Folders(rules)
        self._trees[rules] = tree
        while len(self._trees) > MOST_TREES:
            del self._trees[next(iter(self._trees))]
        return await tree.listing(pool, seconds, self.watching)

    def find(self, key: Key, stamp: Stamp, held_files: HeldFiles) -> CachedRead | CopiedDocument | None:
        """What was read of a file, if the file is unchanged. `held_files` then keeps it for the run."""
        kept = self._kept.get(key)
        if isinstance(kept, CopiedDocument):
            pack = self._pack(kept.pack)
            if kept.stamp != stamp or pack is None:
                return None
            held_files.use(pack)
            pack.used_at = self._time
            return kept
        if kept is None and (known := self._line_index.find(key, stamp)) is not None:
            kept = self._kept[key] = CachedRead(stamp, "", known[2], None, known[1])
        if kept is None or kept.stamp != stamp:
            return None
        if kept.pack is not None:
            held_files.use(kept.pack)
            kept.pack.used_at = self._time
        return kept

    def again(self, wanted: Sequence[Candidate], encoding: str, held_files: HeldFiles) -> dict[int, AnyRead]:
        """What `find` would find of candidates that are the very ones of the last question, by number: walked files
        that have not changed. `held_files` then keeps it for the run. Where it is all of them it is the cache's own,
        not to be changed: a copy of 20,000 takes two thousandths of a second."""
        last = self._last_read
        if last is None or len(last.wanted) != len(wanted) or last.encoding != encoding:
            return {}
        for pack in last.packs:
            held_files.use(pack)
            pack.used_at = self._time
        if last.fresh:
            newer = {number for number in last.fresh if _is_newer(last.found[number], last.wanted[number])}
            found = (
                {number: read for number, read in last.found.items() if number not in newer} if newer else last.found
            )
            last = self._last_read = replace(last, found=found, fresh=())
        if wanted is last.wanted or all(map(is_, last.wanted, wanted)):
            return last.found if len(last.found) == len(wanted) else dict(last.found)
        return {number: read for number, read in last.found.items() if wanted[number] is last.wanted[number]}

    def read_last(self, last: LastRead) -> None:
        """Notes for `again` what `find` will find."""
        self._last_read = last

    def packs(self, held_files: HeldFiles) -> tuple[Pack, ...]:
        """Those of this cache that a run holds."""
        return tuple(pack for pack in self._packs if held_files.holds(pack))

    def beginning(self, key: Key, stamp: Stamp | None) -> CachedRead | None:
        """What was measured of a file in place that may only have been appended to since."""
        if stamp is None:
            return None
        kept = self._kept.get(key)
        measured = isinstance(kept, CachedRead) and isinstance(kept.outcome, TextMeasure) and kept.outcome.digest
        if isinstance(kept, CachedRead) and measured and may_go_on(kept.stamp, stamp):
            return kept
        known = self._line_index.beginning(key, stamp)
        return None if known is None else CachedRead(known[0], "", known[2], None, known[1])

    def keep(self, key: Key, kept: CachedRead) -> None:
        self.forget(key)
        self._kept[key] = kept
        if isinstance(kept.outcome, TextMeasure):
            self._line_index.note(key, kept.stamp, kept.skip, kept.outcome)
        if kept.pack is not None:
            if kept.pack not in self._packs:  # one that was unpacked into; the last is where small texts go
                kept.pack.use()
                self._packs.insert(0, kept.pack)
            kept.pack.kept.add(key)

    def keep_copied(self, texts: Mapping[Key, CopiedDocument], pack: Pack) -> None:
        """`keep`, of many texts that were copied into the newest pack."""
        for key in [key for key in texts if key in self._kept]:
            self.forget(key)
        self._kept.update(texts)
        pack.kept.update(texts)

    def far(self, listed: Listed) -> FarTexts | None:
        """What was measured of the texts of a listing, or of one much like it."""
        return self._far.get(listed.place)

    def keep_far(self, texts: FarTexts) -> None:
        self._far.pop(texts.listed.place, None)
        self._far[texts.listed.place] = texts
        while len(self._far) > MOST_TREES or (len(self._far) > 1 and sum(map(len, self._far.values())) > MOST_FAR):
            del self._far[next(iter(self._far))]

    def forget(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        pack = self._pack(kept.pack) if isinstance(kept, CopiedDocument) else kept.pack
        if pack is not None:
            pack.kept.discard(key)

    def _pack(self, path: str) -> Pack | None:
        return next((pack for pack in reversed(self._packs) if pack.path == path), None)

    async def room(self, size: int, held_files: HeldFiles) -> tuple[Pack, int]:
        """A pack, and the offset in it at which so many bytes are reserved. `held_files` keeps the pack for the run."""
        if not self._packs or self._packs[-1].size + size > PACK_BYTES:
            new = await asyncio.to_thread(held_files.new)
            new.use()
            self._packs.append(new)
        pack = self._packs[-1]
        held_files.use(pack)
        pack.used_at = self._time
        return pack, pack.reserve(size)

    def same(self, make: Callable[[Sequence[T], Made | None], Made], parts: Sequence[T]) -> Made:
        """`make` of these parts, or its last result if the parts are the same. `make` is given the last result to start
        from."""
        if self._last is None or self._last[0] != parts:
            self._last = (parts, make(parts, None if self._last is None else self._last[1]))
        return cast(Made, self._last[1])

    def begin(self) -> None:
        """Note that a question begins. `trim` keeps what the newest questions used."""
        self._time += 1

    def trim(self) -> None:
        """Drops what is over the limits: first what has not been used for longest. Not for the event loop."""
        self._line_index.save()
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
        """Drops everything. Files that a Context still uses are deleted when that closes."""
        while self._packs:
            self._drop(self._packs[-1])
        self._kept.clear()
        self._trees.clear()
        self._far.clear()
        self._last_read = None
        self._last = None

    def _drop(self, pack: Pack) -> None:
        self._packs.remove(pack)
        self._last_read = None
        self.dropped += 1
        for key in pack.kept:
            self._kept.pop(key, None)  # type: ignore[call-overload]
        pack.kept.clear()
        pack.release()
