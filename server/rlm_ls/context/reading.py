"""Reading the candidates of a Context: open buffers, small files in batches, large files in ranges, all measured."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rlm_ls.context.candidates import Candidate
from rlm_ls.context.document import CHECKPOINT, Document, Source
from rlm_ls.context.encoding import Encoding, not_text
from rlm_ls.context.intake import Copied, Incoming, Refused
from rlm_ls.context.language import language_of
from rlm_ls.context.measure import Measure, Whole, join
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.pack import Hold
from rlm_ls.context.piece import File
from rlm_ls.context.pool import SearchPool
from rlm_ls.errors import DocumentEmpty, DocumentUnreadable, NoDocuments, SearchTimeout

SMALL = CHECKPOINT
"""Files below this many bytes are copied into the pack file."""

RANGE = 8 * CHECKPOINT
BATCH_BYTES = 4 << 20
BATCH_FILES = 500

GROWTH = 3
"""Times that a text may grow on its way to UTF-8."""


@dataclass(frozen=True, slots=True)
class Read:
    """A Document that has been read, what its bytes hash to, and its file's identity if its path may be reused."""

    document: Document
    digest: bytes
    identity: tuple[int, int] | None


@dataclass(slots=True)
class _Text:
    """Where a candidate's text is, and its measures so far."""

    source: Source
    measures: list[Measure]
    identity: tuple[int, int] | None = None


class _Reader:
    """Takes the candidates through their steps; `texts` is keyed by their number."""

    def __init__(self, wanted: Sequence[Candidate], hold: Hold, pool: SearchPool, options: ContextOptions) -> None:
        self.wanted = wanted
        self.hold = hold
        self.pool = pool
        self.options = options
        self.texts: dict[int, _Text] = {}
        self.pack_size = 0

    async def run(self) -> list[Read]:
        await asyncio.to_thread(self.write_buffers)
        files = [n for n, one in enumerate(self.wanted) if one.buffer is None and one.error is None]
        large = [n for n in files if self.wanted[n].size >= SMALL]
        await self.copy([n for n in files if self.wanted[n].size < SMALL])
        await self.copy(await self.open_large(large))
        await self.measure()
        if self.options.encoding == "utf-8-replace":
            broken = [n for n, text in self.texts.items() if join(text.measures).bad >= 0]
            await self.copy(broken)
        found = [(n, self.finished(n, text)) for n, text in sorted(self.texts.items())]
        return [read for _, read in found if read is not None]

    def write_buffers(self) -> None:
        for number, one in enumerate(self.wanted):
            if one.buffer is None or one.error is not None:
                continue
            if not one.buffer.text:
                one.error = DocumentEmpty(f"{one.name} is empty.", "Write some text in it, or name another document.")
                continue
            start = self.pack_size
            # In slices: one encode of a huge buffer would keep the event loop from the interpreter.
            for at in range(0, len(one.buffer.text), CHECKPOINT):
                raw = one.buffer.text[at : at + CHECKPOINT].encode("utf-8", "replace")
                self.write(raw)
            self.texts[number] = _Text(Source(self.hold.pack, start, self.pack_size - start), [])

    def write(self, raw: bytes) -> None:
        os.lseek(self.hold.pack_descriptor, self.pack_size, os.SEEK_SET)
        view = memoryview(raw)
        while view:
            try:
                written = os.write(self.hold.pack_descriptor, view)
            except OSError as error:
                raise NoDocuments(
                    f"The private copy of the open documents cannot be written: {error.strerror}.",
                    "Make room in the temporary folder.",
                ) from None
            view = view[written:]
        self.pack_size += len(raw)

    async def copy(self, numbers: list[int]) -> None:
        batches = list(self.batches(numbers))
        payloads = (
            {"incoming": [one for _, one in batch], "pack": self.hold.pack, "option": self.options.encoding}
            for batch in batches
        )
        place = 0
        async with aclosing(self.pool.map("inspect.copy", payloads, self.options.seconds)) as results:
            async for result in results:
                for (number, _), outcome in zip(batches[place], _checked(result), strict=True):
                    if isinstance(outcome, Copied):
                        self.texts[number] = _Text(outcome.source, [outcome.measure])
                    else:
                        self.refuse(number, outcome)
                place += 1

    def batches(self, numbers: list[int]) -> Iterator[list[tuple[int, Incoming]]]:
        batch: list[tuple[int, Incoming]] = []
        size = 0
        for number in numbers:
            one = self.wanted[number]
            room = GROWTH * one.size + 16
            batch.append((number, Incoming(one.path, one.name, one.size, self.pack_size, room)))
            self.pack_size += room
            size += one.size
            if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    async def open_large(self, numbers: list[int]) -> list[int]:
        """Opens those that can be searched where they are; the numbers of those that must be converted."""
        if not numbers:
            return []
        incoming = [Incoming(self.wanted[n].path, self.wanted[n].name, self.wanted[n].size) for n in numbers]
        payload = {"incoming": incoming, "option": self.options.encoding}
        heads = await self.pool.call("inspect.heads", payload, self.options.seconds)
        convert: list[int] = []
        for number, head in zip(numbers, heads, strict=True):
            if isinstance(head, Refused):
                self.refuse(number, head)
            elif head.codec == "utf-8":
                await asyncio.to_thread(self.open_one, number, head)
            else:
                convert.append(number)
        return convert

    def open_one(self, number: int, head: Encoding) -> None:
        one = self.wanted[number]
        try:
            _, path, status, replaceable = self.hold.open(one.path)
        except OSError as error:
            one.error = DocumentUnreadable(f"{one.name} cannot be opened: {error.strerror}.", "Check its permissions.")
            return
        identity = (status.st_dev, status.st_ino) if replaceable else None
        self.texts[number] = _Text(Source(path, head.skip, status.st_size - head.skip), [], identity)

    async def measure(self) -> None:
        todo = [
            (number, File(self.wanted[number].name, text.source, text.identity), at)
            for number, text in self.texts.items()
            if not text.measures
            for at in range(0, text.source.size, RANGE)
        ]
        payloads = ({"file": file, "start": at, "end": min(at + RANGE, file.source.size)} for _, file, at in todo)
        place = 0
        async with aclosing(self.pool.map("inspect.measure", payloads, self.options.seconds)) as results:
            async for result in results:
                self.texts[todo[place][0]].measures.append(_checked(result))
                place += 1

    def refuse(self, number: int, refused: Refused) -> None:
        self.wanted[number].error = refused.raised()

    def finished(self, number: int, text: _Text) -> Read | None:
        one = self.wanted[number]
        whole = join(text.measures)
        if whole.bad >= 0:
            one.error = not_text(one.name, "utf-8", whole.bad, whole.bad_line)
            return None
        return Read(_document(one, text.source, whole), whole.digest, text.identity)


async def read(wanted: Sequence[Candidate], hold: Hold, pool: SearchPool, options: ContextOptions) -> list[Read]:
    """The candidates that could be read, in order; the others have their `error` set."""
    return await _Reader(wanted, hold, pool, options).run()


def _checked(result: Any) -> Any:
    if isinstance(result, SearchTimeout):
        raise SearchTimeout("Reading the documents took too long.", "Ask about fewer or smaller documents.")
    return result


def _document(one: Candidate, source: Source, whole: Whole) -> Document:
    return Document(
        uri=one.uri,
        path=one.name,
        language=(one.buffer.language if one.buffer else "") or language_of(one.name),
        version=one.buffer.version if one.buffer else None,
        source=source,
        characters=whole.characters,
        lines=whole.lines,
        longest_line=whole.longest_line,
        ascii=whole.ascii,
        crlf=whole.crlf,
        checkpoints=whole.checkpoints,
    )
