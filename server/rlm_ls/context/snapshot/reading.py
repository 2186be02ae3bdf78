"""Reads the candidates of a Context: what the cache has from there, small files in batches, large files in ranges."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import accumulate, islice, pairwise

from rlm_ls.context.columns.joined import Joined, Picked
from rlm_ls.context.document import SMALL, Source
from rlm_ls.context.gc_pause import garbage_collection_paused
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.remote.measuring import measured
from rlm_ls.context.remote.texts import FarDocuments
from rlm_ls.context.snapshot.cache import CachedRead, LastRead, SnapshotCache
from rlm_ls.context.snapshot.columns import AnyRead, CopiedDocument
from rlm_ls.context.snapshot.copying import Copying, Reading, checked
from rlm_ls.context.snapshot.documents import document_of, renamed, secret_in, written
from rlm_ls.context.snapshot.intake import (
    Foreign,
    LargeText,
    Packed,
    ReadDocument,
    RefusedFile,
    Unpacked,
)
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure, TextMeasure, join
from rlm_ls.context.snapshot.pack import HeldFiles
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.candidates import Wanted
from rlm_ls.context.sources.encoding import LOSSY, UTF_8, not_text
from rlm_ls.context.sources.secrets import denied
from rlm_ls.context.sources.stamp import kept_as, stamp_of
from rlm_ls.context.workers.piece import File
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import DocumentEmpty, DocumentUnreadable, RlmError


class _Reader(Reading):
    """Takes the candidates through the steps of reading."""

    async def run(self) -> dict[int, AnyRead]:
        cache, asked, encoding = self.snapshot_cache, self.wanted, self.options.encoding
        dropped, self.settled = cache.dropped, cache.again(asked, encoding, self.held_files)
        known = len(self.settled)
        self.found = dict(self.settled) if known < len(asked) else self.settled  # to which nothing comes
        numbers: Sequence[int] = range(len(asked))
        if self.settled:
            numbers = [n for n in numbers if n not in self.settled] if len(self.settled) < len(asked) else []
        self.errors |= {n: error for n in numbers if (error := asked[n].error) is not None}
        await asyncio.to_thread(self.write_buffers, numbers)
        while numbers:
            files = await asyncio.to_thread(self.unknown, numbers)
            with garbage_collection_paused(len(files)):
                await self.take_in(files)
            numbers = [*await self.unpack(), *await self.extract()]
        if dropped == cache.dropped:
            fresh = tuple(islice(self.settled, known, None))
            cache.read_last(LastRead(asked, encoding, self.settled, cache.packs(self.held_files), fresh))
        await asyncio.to_thread(self.finished)
        return self.found

    async def take_in(self, files: list[int]) -> None:
        small, large = self.by_size(files)
        copying = Copying(self)
        await copying.copy(small)
        await copying.convert(await self.open_large(large))
        await self.measure()
        await copying.convert(self.broken())

    async def unpack(self) -> Sequence[int]:
        """The numbers of what was found in compressed files and archives: candidates like the others."""
        packed, self.packed = self.packed, []
        first = len(self.wanted)
        for number in packed:
            one = self.wanted[number]
            unpacked = await self.archives.unpack(one, self.key(one), self.incoming(number))
            if isinstance(unpacked, RefusedFile):
                self.errors[number] = unpacked.raised()
            else:
                self.add(number, unpacked)
        return range(first, len(self.wanted))

    async def extract(self) -> Sequence[int]:
        """The numbers of the texts of documents that are not text themselves, and of what turned out to be none."""
        again: list[int] = []
        for number, outcome in await self.extractions.run(self.wanted, self.incoming):
            if isinstance(outcome, RefusedFile):
                self.errors[number] = outcome.raised()
            elif outcome is None:
                again.append(number)
            else:
                again.append(len(self.wanted))
                self.add(number, [outcome])
        return again

    def add(self, number: int, members: list[Candidate]) -> None:
        first = len(self.wanted)
        self.wanted = [*self.wanted, *members]
        self.archives.found_in(number, first, len(members))
        for place, one in enumerate(members, first):
            if one.error is not None:
                self.errors[place] = one.error

    def write_buffers(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            one = self.wanted[number]
            if one.buffer is None or number in self.errors:
                continue
            if not one.buffer.text:
                self.errors[number] = DocumentEmpty(
                    f"{one.name} is empty.", "Write some text in it, or name another document."
                )
                continue
            if title := secret_in(one):
                self.errors[number] = denied(one.name, title)
                continue
            source, drawn = written(one.buffer, self.held_files.own)
            if drawn:
                self.drawn.add(number)
            self.large[number] = LargeText(source, None, (0, 0, 0, 0), 0, [])

    def unknown(self, numbers: Sequence[int]) -> list[int]:
        """The files that the cache does not have as they are now; those that it has are taken from it."""
        found: list[int] = []
        for number in numbers:
            one = self.wanted[number]
            if one.buffer is not None or one.stamp is None or number in self.errors:
                continue
            kept = self.snapshot_cache.find(self.key(one), one.stamp, self.held_files)
            if isinstance(kept, CopiedDocument):
                self.found[number] = self.settled[number] = renamed(kept, one)
                continue
            outcome = None if kept is None else kept.outcome
            if isinstance(outcome, ReadDocument):
                self.found[number] = read = renamed(outcome, one)
                if one.inside is None:
                    self.settled[number] = read
            elif isinstance(outcome, RefusedFile) and kept is not None and kept.name == one.name:
                self.errors[number] = outcome.raised()
            elif isinstance(outcome, Unpacked):
                self.packed.append(number)
            elif not self.suffices(outcome) or kept is None or not self.open_one(number, kept.skip, kept):
                found.append(number)
        return found

    def suffices(self, outcome: object) -> bool:
        """Whether these are measures of a text, and all that are wanted."""
        return isinstance(outcome, TextMeasure) and (self.options.lines_only or bool(outcome.digest))

    def by_size(self, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Those that are copied, and those that are searched where they are."""
        small: list[int] = []
        large: list[int] = []
        for number in numbers:
            one = self.wanted[number]
            (small if one.size < SMALL and (one.inside is None or not one.stays) else large).append(number)
        return small, large

    async def open_large(self, numbers: list[int]) -> list[int]:
        """Opens large files that can be searched in place. Returns the numbers of those that must be converted."""
        numbers = [number for number in numbers if not await self.go_on(number)]
        if not numbers:
            return []
        payload = {"incoming": [self.incoming(n) for n in numbers], "option": self.options.encoding}
        heads = await self.pool.call("files.inspect.heads", payload, self.options.seconds)
        convert: list[int] = []
        for number, head in zip(numbers, heads, strict=True):
            if isinstance(head, RefusedFile):
                self.errors[number] = head.raised()
            elif isinstance(head, Packed):
                self.packed.append(number)
            elif isinstance(head, Foreign):
                self.extractions.wanted[number] = head.kind
            elif head.codec == "utf-8" and not head.drawn:
                await asyncio.to_thread(self.open_one, number, head.skip)
            else:
                if head.drawn:
                    self.drawn.add(number)
                convert.append(number)
        return convert

    async def go_on(self, number: int) -> bool:
        """Whether a file was only appended to since it was last read: it is measured from there on."""
        one = self.wanted[number]
        if one.stays:
            return self.open_one(number, 0)  # it was found to be plain text where it lies
        known = None if one.inside else self.snapshot_cache.beginning(self.key(one), one.stamp)
        if known is None or not isinstance(known.outcome, TextMeasure):
            return False
        await asyncio.to_thread(self.open_one, number, known.skip)
        text = self.large.get(number)
        if text is None:
            return number in self.errors
        file = File(one.name, text.source, text.identity)
        payload = {"file": file, "known": known.outcome, "size": known.stamp[0] - known.skip}
        before = await self.pool.call("files.growth.before", payload, self.options.seconds)
        if before is None:
            del self.large[number]
            return False
        text.measures.append(before)
        return True

    def open_one(self, number: int, skip: int, kept: CachedRead | None = None) -> bool:
        """Opens a file to be searched without a copy. False if it has changed since it was cached as `kept`."""
        one = self.wanted[number]
        if one.inside is not None and one.stamp is not None:
            source = Source(one.inside.path, one.inside.place + skip, one.size - skip, one.inside.version)
            # Of what stands behind a mark nothing is known: it was measured from the mark on.
            known = [] if skip else list(one.inside.measures)
            self.large[number] = LargeText(source, None, one.stamp, skip, known)
            return True
        try:
            path, status, replaceable = self.held_files.open(one.path)
        except OSError as error:
            message = f"{one.name} cannot be opened: {error.strerror}."
            self.errors[number] = DocumentUnreadable(message, "Check its permissions.")
            return True
        stamp = stamp_of(status)
        if kept is not None and kept.stamp != stamp:
            return False
        identity = (status.st_dev, status.st_ino) if replaceable else None
        text = LargeText(Source(path, skip, status.st_size - skip), identity, stamp, skip, [])
        if kept is not None and isinstance(kept.outcome, TextMeasure):
            text.whole = kept.outcome
        self.large[number] = text
        return True

    async def measure(self) -> None:
        todo = [
            (number, File(self.wanted[number].name, text.source, text.identity), at)
            for number, text in self.large.items()
            if text.whole is None
            for at in range(text.measures[-1].end if text.measures else 0, text.source.size, RANGE)
        ]
        lines_only = self.options.lines_only and not any(self.large[number].measures for number, _, _ in todo)
        payloads = (
            {"file": file, "start": at, "end": min(at + RANGE, file.source.size), "lines_only": lines_only}
            for _, file, at in todo
        )
        numbers = iter([number for number, _, _ in todo])
        async with aclosing(self.pool.map("files.inspect.measure", payloads, self.options.seconds)) as results:
            async for result in results:
                self.noted(next(numbers), checked(result))

    def noted(self, number: int, outcome: RangeMeasure | RefusedFile) -> None:
        if isinstance(outcome, RefusedFile):
            self.errors[number] = outcome.raised()
        else:
            self.large[number].measures.append(outcome)

    def broken(self) -> list[int]:
        """Joins the measures of each text. Returns the numbers of texts that are not UTF-8 and must be converted."""
        found: list[int] = []
        for number, text in list(self.large.items()):
            one = self.wanted[number]
            if text.whole is not None or number in self.errors:
                continue
            text.whole = join(text.measures)
            if text.whole.drawn and one.buffer is None and number not in self.drawn:
                self.drawn.add(number)
                del self.large[number]
                found.append(number)
            elif text.whole.bad >= 0:
                del self.large[number]
                if self.options.encoding == LOSSY or self.guess():
                    found.append(number)
                else:
                    self.errors[number] = not_text(one.name, "utf-8", text.whole.bad, text.whole.bad_line)
            elif one.buffer is None and one.inside is None:
                kept = CachedRead(kept_as(text.stamp), one.name, text.whole, None, text.skip)
                self.snapshot_cache.keep(self.key(one), kept)
        return found

    def finished(self) -> None:
        for number, text in self.large.items():
            if number not in self.errors and text.whole is not None:
                one = self.wanted[number]
                encoding = replace(UTF_8, drawn=number in self.drawn)
                read = document_of(one, text.source, text.whole, text.identity, encoding)
                self.found[number] = read
                if one.inside is not None and one.inside.settled:
                    self.snapshot_cache.keep(self.key(one), CachedRead(text.stamp, one.name, read, one.inside.pack))


async def read(
    wanted: Wanted,
    held_files: HeldFiles,
    pool: Pool,
    options: ContextOptions,
    snapshot_cache: SnapshotCache,
) -> tuple[Sequence[AnyRead], list[tuple[Candidate, RlmError]]]:
    """Reads the candidates. Returns the documents in order, and the candidates that could not be read with the reason;
    both include what was unpacked."""
    reader = _Reader(wanted.candidates, held_files, pool, options, snapshot_cache)
    found, in_order = await reader.run(), reader.archives.in_order
    errors = [(reader.wanted[number], reader.errors[number]) for number in in_order(reader.errors)]
    if not wanted.far:
        return await asyncio.to_thread(lambda: [found[number] for number in in_order(found)]), errors
    far: list[FarDocuments] = []
    for one in wanted.far:
        before = snapshot_cache.far(one.listed)
        texts, failed = await measured(one.listed, one.names, pool, options, before)
        snapshot_cache.keep_far(texts)
        far.append(FarDocuments(texts, one.names, _without(len(one.listed), failed)))
        errors += [(one.candidate(row, error), error) for row, error in sorted(failed.items())]
    return await asyncio.to_thread(_in_order, found, reader, far, wanted), errors


def _without(count: int, failed: Mapping[int, RlmError]) -> Sequence[int]:
    return array("I", [row for row in range(count) if row not in failed]) if failed else range(count)


def _in_order(
    near: Mapping[int, AnyRead], reader: _Reader, far: Sequence[FarDocuments], wanted: Wanted
) -> Sequence[AnyRead]:
    """What is here and what stays elsewhere, where each belongs."""
    there: Sequence[Sequence[AnyRead]] = _in_time(far, wanted.moved) if wanted.moved else far
    segments: list[Sequence[AnyRead]] = []
    numbers = reader.archives.in_order(near)
    at = 0
    for one, documents in zip(wanted.far, there, strict=True):
        until = bisect_left(numbers, one.place, key=lambda number: reader.archives.place(number)[0])
        segments += [[near[number] for number in numbers[at:until]], documents]
        at = until
    segments.append([near[number] for number in numbers[at:]])
    return Joined(segments)


def _in_time(far: Sequence[FarDocuments], moved: Mapping[int, int]) -> list[Sequence[AnyRead]]:
    """The pieces of rotated logs in the order of their time, in the places that they had together."""
    every = Joined([FarDocuments(one.texts, one.names, range(len(one.texts))) for one in far])
    there: list[Sequence[AnyRead]] = []
    read: set[int] = set()
    starts = list(accumulate([len(one.texts) for one in far], initial=0))
    for one, start in zip(far, starts, strict=False):
        read.update(start + row for row in one.rows)
    for start, end in pairwise(starts):
        order = (moved.get(place, place) for place in range(start, end))
        there.append(Picked(every, array("I", [number for number in order if number in read])))
    return there
