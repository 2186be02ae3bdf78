"""Copying texts into packs: small ones many at a time, those that must be converted one by one."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from rlm_ls.context.document import Source
from rlm_ls.context.extraction.lanes import Extractions
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.snapshot.archives import Archives
from rlm_ls.context.snapshot.cache import CachedRead, Key, SnapshotCache
from rlm_ls.context.snapshot.columns import FLAGS, SETTLED, SIZE, WIDTH, AnyRead, CopiedDocument, CopiedTexts
from rlm_ls.context.snapshot.documents import document_of
from rlm_ls.context.snapshot.intake import (
    CopiedText,
    Foreign,
    IncomingFile,
    IncomingFiles,
    LargeText,
    NeedsMoreRoom,
    Packed,
    RefusedFile,
    in_batches,
)
from rlm_ls.context.snapshot.pack import HeldFiles, Pack
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.encoding import AUTO, not_text
from rlm_ls.context.sources.stamp import is_settled
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import RlmError, SearchTimeout

GROWTH = 3
"""How many times as large as its file a text may be in UTF-8."""


class Reading:
    """What becomes of the candidates of a Context. Every number here is a candidate's index in `wanted`."""

    def __init__(
        self,
        wanted: Sequence[Candidate],
        held_files: HeldFiles,
        pool: Pool,
        options: ContextOptions,
        snapshot_cache: SnapshotCache,
    ) -> None:
        self.wanted = wanted
        self.held_files = held_files
        self.pool = pool
        self.options = options
        self.snapshot_cache = snapshot_cache
        self.errors: dict[int, RlmError] = {}
        self.found: dict[int, AnyRead] = {}
        self.settled: dict[int, AnyRead] = {}
        """Of those, what the cache has for the next question: the file was as it was when it was looked at."""
        self.large: dict[int, LargeText] = {}
        self.packed: list[int] = []
        self.extractions = Extractions(held_files, pool.size, options)
        self.drawn: set[int] = set()  # by a terminal: copied as its reader saw it
        self.archives = Archives(held_files, pool, options, snapshot_cache)

    def key(self, one: Candidate) -> Key:
        return one.path, self.options.encoding, one.explicit

    def guess(self) -> bool:
        """Whether encodings are detected: a codec that the user has set is taken at its word."""
        return self.options.encoding == AUTO

    def incoming(self, number: int, place: int = 0, room: int = 0) -> IncomingFile:
        one = self.wanted[number]
        named, as_text = one.explicit, number in self.extractions.ordinary
        path, at, unpacked, ours, inside = one.path, 0, False, False, one.inside
        if inside is not None:
            path, at, unpacked, ours = inside.path, inside.place, not inside.raw, inside.extraction is not None
        return IncomingFile(
            path, one.name, one.size, self.guess(), place, room, at, unpacked, named, ours or as_text, ours,
            number in self.drawn,
        )  # fmt: skip

    def incoming_files(self, numbers: list[int]) -> IncomingFiles | list[tuple[Any, ...]]:
        """Some files of one request: those that were walked are sent in no time."""
        some = [self.wanted[number] for number in numbers]
        ordinary, drawn = self.extractions.ordinary, self.drawn
        if any(one.inside is not None or one.explicit for one in some) or ordinary or drawn:
            return [tuple(self.incoming(number)) for number in numbers]  # plain ones are packed faster
        paths, names = "\0".join([one.path for one in some]), "\0".join([one.name for one in some])
        return IncomingFiles(paths, names, array("q", [one.size for one in some]), self.guess())


class Copying:
    """Copies texts of a Reading, and notes there what became of each."""

    def __init__(self, of: Reading) -> None:
        self.of = of

    async def copy(self, numbers: list[int]) -> None:
        """Copies small files, many at a time; then, one by one, those whose text is larger than the file."""
        batches = list(in_batches(numbers, lambda number: self.of.wanted[number].size))
        places = [
            await self.of.snapshot_cache.room(sum(self.of.wanted[n].size + 1 for n in batch), self.of.held_files)
            for batch in batches
        ]
        payloads = (
            {
                "incoming": self.of.incoming_files(batch),
                "pack": pack.path,
                "place": place,
                "option": self.of.options.encoding,
            }
            for batch, (pack, place) in zip(batches, places, strict=True)
        )
        larger: list[tuple[int, int]] = []
        asked = zip(batches, places, strict=True)
        async with aclosing(self.of.pool.map("files.packing.small", payloads, self.of.options.seconds)) as results:
            async for result in results:
                batch, (pack, _) = next(asked)
                texts, others = checked(result)
                self.copied(batch, texts, pack)
                for index, outcome in others.items():
                    if isinstance(outcome, NeedsMoreRoom):
                        larger.append((batch[index], outcome.room))
                    else:
                        self.outcome(batch[index], outcome, pack)
        for number, room in larger:
            await self.copy_alone(number, room)

    def copied(self, batch: list[int], texts: CopiedTexts, pack: Pack) -> None:
        """Plain texts of a batch: of each a row is kept."""
        numbers, found, wanted = texts.numbers, self.of.found, self.of.wanted
        settled: dict[Key, CopiedDocument] = {}
        for at in range(0, len(numbers), WIDTH):
            number = batch[numbers[at]]
            one = wanted[number]
            if one.inside is not None:  # its Document says so, and it is kept as what it was unpacked from
                self.outcome(number, texts.text(at // WIDTH), pack)
                continue
            found[number] = read = CopiedDocument(one.name, one.uri, pack.path, texts, at)
            pack.written += numbers[at + SIZE]
            if numbers[at + FLAGS] & SETTLED:
                settled[one.path, self.of.options.encoding, one.explicit] = self.of.settled[number] = read
        self.of.snapshot_cache.keep_copied(settled, pack)

    async def convert(self, numbers: list[int]) -> None:
        for number in numbers:
            await self.copy_alone(number, GROWTH * self.of.wanted[number].size + 16)

    async def copy_alone(self, number: int, room: int) -> None:
        pack, place = await self.of.snapshot_cache.room(room + 1, self.of.held_files)
        incoming = self.of.incoming(number, place, room)
        payload = {"incoming": incoming, "pack": pack.path, "option": self.of.options.encoding}
        self.outcome(number, await self.of.pool.call("files.packing.single", payload, self.of.options.seconds), pack)

    def outcome(
        self, number: int, outcome: CopiedText | NeedsMoreRoom | Packed | Foreign | RefusedFile, pack: Any
    ) -> None:
        one = self.of.wanted[number]
        if isinstance(outcome, Packed):
            self.of.packed.append(number)
        elif isinstance(outcome, Foreign):
            self.of.extractions.wanted[number] = outcome.kind
        elif isinstance(outcome, CopiedText):
            source = Source(pack.path, outcome.place, outcome.size)
            pack.written += outcome.size
            self.of.found[number] = read = document_of(
                one, source, outcome.whole, None, outcome.encoding, outcome.faults
            )
            stamp, settled = outcome.stamp, outcome.settled
            if one.inside is not None and one.stamp is not None:
                stamp, settled = one.stamp, one.inside.settled
            if settled:
                self.of.snapshot_cache.keep(self.of.key(one), CachedRead(stamp, one.name, read, pack))
        elif isinstance(outcome, RefusedFile):
            self.of.errors[number] = outcome.raised()
            if one.stamp is not None and is_settled(one.stamp):
                self.of.snapshot_cache.keep(self.of.key(one), CachedRead(one.stamp, one.name, outcome))
        else:
            self.of.errors[number] = not_text(one.name, self.of.options.encoding, 0)


def checked(result: Any) -> Any:
    """What a worker answered. Raises SearchTimeout where it did not in time."""
    if isinstance(result, SearchTimeout):
        raise SearchTimeout("Reading the documents took too long.", "Ask about fewer or smaller documents.")
    return result
