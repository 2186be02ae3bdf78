"""Reading the candidates of a Context: from the shelf what is there, small files in batches, large files in ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from rlm_ls.context.document import CHECKPOINT, Document, Source
from rlm_ls.context.snapshot.cache import CachedRead, Key, SnapshotCache
from rlm_ls.context.snapshot.gc_pause import garbage_collection_paused
from rlm_ls.context.snapshot.intake import (
    CopiedText,
    IncomingFile,
    NeedsMoreRoom,
    Packed,
    ReadDocument,
    RefusedFile,
    Unpacked,
)
from rlm_ls.context.snapshot.measure import DIGEST, RangeMeasure, TextMeasure, join
from rlm_ls.context.snapshot.options import ContextOptions
from rlm_ls.context.snapshot.pack import HeldFiles, Pack
from rlm_ls.context.sources.candidates import Candidate
from rlm_ls.context.sources.encoding import AUTO, LOSSY, UTF_8, Encoding, not_text
from rlm_ls.context.sources.language import language_of
from rlm_ls.context.sources.secrets import LOOKED_AT, denied, held_secret, is_log, is_small
from rlm_ls.context.sources.stamp import Stamp, is_settled, stamp_of
from rlm_ls.context.sources.unpacking import members_of
from rlm_ls.context.workers.piece import File
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import DocumentEmpty, DocumentUnreadable, RlmError, SearchTimeout

SMALL = CHECKPOINT
"""Files below this many bytes are copied into a pack."""

NOTEBOOK = 256 << 20
"""So are notebooks below this, whose text is another than their bytes."""

RANGE = 8 * CHECKPOINT
BATCH_BYTES = 4 << 20
BATCH_FILES = 500

GROWTH = 3
"""Times that a text may grow on its way to UTF-8."""


@dataclass(slots=True)
class _Large:
    """A text that is searched where it lies, and its measures so far."""

    source: Source
    identity: tuple[int, int] | None
    stamp: Stamp
    skip: int
    measures: list[RangeMeasure]
    whole: TextMeasure | None = None


class _Reader:
    """Takes the candidates through their steps. What is keyed by a number is keyed by that of a candidate."""

    def __init__(
        self,
        wanted: Sequence[Candidate],
        held_files: HeldFiles,
        pool: SearchPool,
        options: ContextOptions,
        snapshot_cache: SnapshotCache,
    ) -> None:
        self.wanted = wanted
        self.held_files = held_files
        self.pool = pool
        self.options = options
        self.snapshot_cache = snapshot_cache
        self.errors: dict[int, RlmError] = {n: one.error for n, one in enumerate(wanted) if one.error is not None}
        self.found: dict[int, ReadDocument] = {}
        self.large: dict[int, _Large] = {}
        self.packed: list[int] = []
        self.room = options.unpack_bytes
        self.order: dict[int, tuple[int, int]] = {}
        """Where what was unpacked stands among all: the number of what it was in, and its own place there."""

    async def run(self) -> list[ReadDocument]:
        await asyncio.to_thread(self.write_buffers)
        numbers: Sequence[int] = range(len(self.wanted))
        while numbers:
            files = await asyncio.to_thread(self.unknown, numbers)
            with garbage_collection_paused(len(files)):
                await self.take_in(files)
            numbers = await self.unpack()
        return await asyncio.to_thread(self.finished)

    async def take_in(self, files: list[int]) -> None:
        large = [n for n in files if not self.is_small(n)]
        await self.copy([n for n in files if self.is_small(n)])
        await self.convert(await self.open_large(large))
        await self.measure()
        await self.convert(self.broken())

    async def unpack(self) -> Sequence[int]:
        """The numbers of what was found in compressed files and archives: candidates like the others."""
        packed, self.packed = self.packed, []
        first = len(self.wanted)
        for number in packed:
            one = self.wanted[number]
            kept = None if one.stamp is None else self.snapshot_cache.find(self.key(one), one.stamp, self.held_files)
            if kept is not None and isinstance(kept.outcome, Unpacked) and kept.pack is not None:
                self.add(number, kept.outcome, kept.pack)
                continue
            pack = await asyncio.to_thread(self.held_files.new)
            payload = {
                "incoming": self.incoming(number),
                "pack": pack.path,
                "limit": self.room,
                "deny": self.options.deny,
            }
            outcome = await self.pool.call("files.unpack.unpack", payload, self.options.seconds)
            if isinstance(outcome, RefusedFile):
                self.errors[number] = outcome.raised()
                continue
            pack.size = pack.written = outcome.size
            self.room -= outcome.size
            if outcome.settled and outcome.members[0].name:
                self.snapshot_cache.keep(self.key(one), CachedRead(outcome.stamp, one.name, outcome, pack))
            self.add(number, outcome, pack)
        return range(first, len(self.wanted))

    def add(self, number: int, outcome: Unpacked, pack: Pack) -> None:
        members = members_of(self.wanted[number], outcome, pack)
        first = len(self.wanted)
        self.wanted = [*self.wanted, *members]
        for place, one in enumerate(members):
            self.order[first + place] = (number, place)
            if one.error is not None:
                self.errors[first + place] = one.error

    def write_buffers(self) -> None:
        for number, one in enumerate(self.wanted):
            if one.buffer is None or number in self.errors:
                continue
            if not one.buffer.text:
                self.errors[number] = DocumentEmpty(
                    f"{one.name} is empty.", "Write some text in it, or name another document."
                )
                continue
            if title := _secret(one):
                self.errors[number] = denied(one.name, title)
                continue
            pack, start = self.held_files.own, self.held_files.own.size
            # In slices: one encode of a huge buffer would keep the event loop from the interpreter.
            for at in range(0, len(one.buffer.text), CHECKPOINT):
                pack.append(one.buffer.text[at : at + CHECKPOINT].encode("utf-8", "replace"))
            source = Source(pack.path, start, pack.size - start)
            pack.append(b"\n")  # as after every text in a pack
            self.large[number] = _Large(source, None, (0, 0, 0, 0), 0, [])

    def unknown(self, numbers: Sequence[int]) -> list[int]:
        """Files that are not on the shelf as they are now."""
        found: list[int] = []
        for number in numbers:
            one = self.wanted[number]
            if one.buffer is not None or one.stamp is None or number in self.errors:
                continue
            kept = self.snapshot_cache.find(self.key(one), one.stamp, self.held_files)
            outcome = None if kept is None else kept.outcome
            if isinstance(outcome, ReadDocument):
                self.found[number] = _named(outcome, one)
            elif isinstance(outcome, RefusedFile) and kept is not None and kept.name == one.name:
                self.errors[number] = outcome.raised()
            elif isinstance(outcome, Unpacked):
                self.packed.append(number)
            elif not isinstance(outcome, TextMeasure) or kept is None or not self.open_one(number, kept.skip, kept):
                found.append(number)
        return found

    def key(self, one: Candidate) -> Key:
        return one.path, self.options.encoding, one.explicit

    def guess(self) -> bool:
        return self.options.encoding == AUTO

    def is_small(self, number: int) -> bool:
        one = self.wanted[number]
        return one.size < (NOTEBOOK if one.name.lower().endswith(".ipynb") else SMALL)

    async def copy(self, numbers: list[int]) -> None:
        """Small files, many at a time; those whose text is larger than they are once more."""
        batches = list(self.batches(numbers))
        places = [
            await self.snapshot_cache.room(sum(self.wanted[n].size + 1 for n in batch), self.held_files)
            for batch in batches
        ]
        payloads = (
            {
                "incoming": [self.incoming(n) for n in batch],
                "pack": pack.path,
                "place": place,
                "option": self.options.encoding,
            }
            for batch, (pack, place) in zip(batches, places, strict=True)
        )
        larger: list[tuple[int, int]] = []
        at = 0
        async with aclosing(self.pool.map("files.packing.small", payloads, self.options.seconds)) as results:
            async for result in results:
                for number, outcome in zip(batches[at], _checked(result), strict=True):
                    if isinstance(outcome, NeedsMoreRoom):
                        larger.append((number, outcome.room))
                    else:
                        self.outcome(number, outcome, places[at][0])
                at += 1
        for number, room in larger:
            await self.copy_alone(number, room)

    def batches(self, numbers: list[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        size = 0
        for number in numbers:
            batch.append(number)
            size += self.wanted[number].size
            if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def incoming(self, number: int, place: int = 0, room: int = 0) -> IncomingFile:
        one = self.wanted[number]
        if one.inside is None:
            return IncomingFile(one.path, one.name, one.size, self.guess(), place, room)
        inside = one.inside
        return IncomingFile(inside.path, one.name, one.size, self.guess(), place, room, inside.place, not inside.raw)

    async def convert(self, numbers: list[int]) -> None:
        for number in numbers:
            await self.copy_alone(number, GROWTH * self.wanted[number].size + 16)

    async def copy_alone(self, number: int, room: int) -> None:
        pack, place = await self.snapshot_cache.room(room + 1, self.held_files)
        payload = {
            "incoming": self.incoming(number, place, room),
            "pack": pack.path,
            "option": self.options.encoding,
        }
        self.outcome(number, await self.pool.call("files.packing.single", payload, self.options.seconds), pack)

    def outcome(self, number: int, outcome: CopiedText | NeedsMoreRoom | Packed | RefusedFile, pack: Any) -> None:
        one = self.wanted[number]
        if isinstance(outcome, Packed):
            self.packed.append(number)
        elif isinstance(outcome, CopiedText):
            source = Source(pack.path, outcome.place, outcome.size)
            pack.written += outcome.size
            self.found[number] = read = _read(
                one, source, outcome.whole, None, outcome.encoding, outcome.notebook, outcome.faults
            )
            stamp, settled = outcome.stamp, outcome.settled
            if one.inside is not None and one.stamp is not None:
                stamp, settled = one.stamp, one.inside.settled
            if settled:
                self.snapshot_cache.keep(self.key(one), CachedRead(stamp, one.name, read, pack))
        elif isinstance(outcome, RefusedFile):
            self.errors[number] = outcome.raised()
            if one.stamp is not None and is_settled(one.stamp):
                self.snapshot_cache.keep(self.key(one), CachedRead(one.stamp, one.name, outcome))
        else:
            self.errors[number] = not_text(one.name, self.options.encoding, 0)

    async def open_large(self, numbers: list[int]) -> list[int]:
        """Opens those that can be searched where they are; the numbers of those that must be converted."""
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
            elif head.codec == "utf-8":
                await asyncio.to_thread(self.open_one, number, head.skip)
            else:
                convert.append(number)
        return convert

    def open_one(self, number: int, skip: int, kept: CachedRead | None = None) -> bool:
        """Opens a file to be searched where it lies; False if it is not what was kept of it."""
        one = self.wanted[number]
        if one.inside is not None and one.stamp is not None:
            source = Source(one.inside.path, one.inside.place + skip, one.size - skip)
            self.large[number] = _Large(source, None, one.stamp, skip, [])
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
        text = _Large(Source(path, skip, status.st_size - skip), identity, stamp, skip, [])
        if kept is not None and isinstance(kept.outcome, TextMeasure):
            text.whole = kept.outcome
        self.large[number] = text
        return True

    async def measure(self) -> None:
        todo = [
            (number, File(self.wanted[number].name, text.source, text.identity), at)
            for number, text in self.large.items()
            if text.whole is None
            for at in range(0, text.source.size, RANGE)
        ]
        payloads = ({"file": file, "start": at, "end": min(at + RANGE, file.source.size)} for _, file, at in todo)
        place = 0
        async with aclosing(self.pool.map("files.inspect.measure", payloads, self.options.seconds)) as results:
            async for result in results:
                number = todo[place][0]
                outcome = _checked(result)
                if isinstance(outcome, RefusedFile):
                    self.errors[number] = outcome.raised()
                else:
                    self.large[number].measures.append(outcome)
                place += 1

    def broken(self) -> list[int]:
        """Joins the measures; the texts that are not UTF-8 and shall be converted."""
        found: list[int] = []
        for number, text in list(self.large.items()):
            one = self.wanted[number]
            if text.whole is not None or number in self.errors:
                continue
            text.whole = join(text.measures)
            if text.whole.bad >= 0:
                del self.large[number]
                if self.options.encoding == LOSSY or self.guess():
                    found.append(number)
                else:
                    self.errors[number] = not_text(one.name, "utf-8", text.whole.bad, text.whole.bad_line)
            elif one.buffer is None and one.inside is None and is_settled(text.stamp):
                self.snapshot_cache.keep(self.key(one), CachedRead(text.stamp, one.name, text.whole, None, text.skip))
        return found

    def finished(self) -> list[ReadDocument]:
        for number, text in self.large.items():
            if number not in self.errors and text.whole is not None:
                one = self.wanted[number]
                self.found[number] = read = _read(one, text.source, text.whole, text.identity)
                if one.inside is not None and one.inside.settled:
                    self.snapshot_cache.keep(self.key(one), CachedRead(text.stamp, one.name, read, one.inside.pack))
        return [self.found[number] for number in sorted(self.found, key=self.place)]

    def place(self, number: int) -> tuple[int, ...]:
        """For sorting: what was unpacked stands where it was found."""
        places: list[int] = []
        while number in self.order:
            number, place = self.order[number]
            places.append(place)
        return number, *reversed(places)


async def read(
    wanted: Sequence[Candidate],
    held_files: HeldFiles,
    pool: SearchPool,
    options: ContextOptions,
    snapshot_cache: SnapshotCache,
) -> tuple[list[ReadDocument], list[tuple[Candidate, RlmError]]]:
    """The candidates that could be read, in order, and why others could not; both with what was unpacked of them."""
    reader = _Reader(wanted, held_files, pool, options, snapshot_cache)
    found = await reader.run()
    return found, [(reader.wanted[number], reader.errors[number]) for number in sorted(reader.errors, key=reader.place)]


def _secret(one: Candidate) -> str:
    """What kind of secret an open text is. What somebody pipes in is read on purpose."""
    if one.buffer is None or one.uri.startswith("stdin:"):
        return ""
    head = one.buffer.text[:LOOKED_AT].encode("utf-8", "replace")[:LOOKED_AT]
    log = is_log(one.name) or one.buffer.language == "log"
    return held_secret(head, whole=is_small(one.name, len(one.buffer.text)), log=log)


def _checked(result: Any) -> Any:
    if isinstance(result, SearchTimeout):
        raise SearchTimeout("Reading the documents took too long.", "Ask about fewer or smaller documents.")
    return result


def _read(
    one: Candidate,
    source: Source,
    whole: TextMeasure,
    identity: tuple[int, int] | None,
    encoding: Encoding = UTF_8,
    notebook: bool = False,
    faults: int = 0,
) -> ReadDocument:
    document = Document(
        uri=one.uri,
        path=one.name,
        language=_language(one, notebook),
        version=one.buffer.version if one.buffer else None,
        source=source,
        characters=whole.characters,
        lines=whole.lines,
        longest_line=whole.longest_line,
        ascii=whole.ascii,
        crlf=whole.crlf,
        checkpoints=whole.checkpoints,
        encoding=encoding.codec,
        assumed=encoding.assumed,
        faults=faults,
        notebook=notebook,
        unpacked=one.inside is not None and not one.inside.raw,
    )
    named = f"{one.name}\0{source.size}\0".encode("utf-8", "replace")
    return ReadDocument(document, File(one.name, source, identity), named + whole.digest)


def _named(read: ReadDocument, one: Candidate) -> ReadDocument:
    """What was read of a file, by the name and URI that this question has for it."""
    old = read.document
    if old.path == one.name and old.uri == one.uri:
        return read
    document = replace(old, path=one.name, uri=one.uri, language=_language(one, old.notebook))
    named = f"{one.name}\0{old.size}\0".encode("utf-8", "replace")
    return ReadDocument(document, File(one.name, old.source), named + read.digest[-DIGEST:])


def _language(one: Candidate, notebook: bool) -> str:
    language = (one.buffer.language if one.buffer else "") or language_of(one.name)
    return "json" if language == "jupyter" and not notebook else language  # as text it is what lies in the file
