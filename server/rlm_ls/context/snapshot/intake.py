"""Messages between parent and workers about a file that is read into a Context."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rlm_ls import errors
from rlm_ls.context.document import Document, Section, Source
from rlm_ls.context.snapshot.measure import RangeMeasure, TextMeasure
from rlm_ls.context.sources.encoding import UTF_8, Encoding
from rlm_ls.context.sources.stamp import Stamp
from rlm_ls.context.workers.piece import File, Stretch
from rlm_ls.errors import RlmError

BATCH_BYTES = 4 << 20
BATCH_FILES = 500


def in_batches(numbers: Iterable[int], size: Callable[[int], int]) -> Iterator[list[int]]:
    """Small files, by number, that are sent together."""
    batch: list[int] = []
    total = 0
    for number in numbers:
        batch.append(number)
        total += size(number)
        if total >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


class IncomingFile(NamedTuple):
    """A file to be read, up to `size` bytes. `guess`: whether to find out its encoding where the one that is set does
    not fit.

    A text that is copied on its own goes to offset `place` of the pack, where `room` bytes are reserved. For an
    `unpacked` text, the bytes begin at offset `at` of the file `path` and are not decompressed again. `named`: somebody
    named the file. `as_text`: it is no document to take a text out of, or was one. A tuple, since many are sent.
    """

    path: str
    name: str
    size: int
    guess: bool
    place: int = 0
    room: int = 0
    at: int = 0
    unpacked: bool = False
    named: bool = False
    as_text: bool = False
    utf_8: bool = False
    """The bytes are UTF-8, whatever encoding is set: they are our own."""
    drawn: bool = False
    """A terminal drew the text (`sources/drawing`)."""


class IncomingFiles(NamedTuple):
    """Files of which nothing is to be said but what they are called and how large they are: `names` and `paths` are
    joined by NUL, so that many are sent in no time."""

    paths: str
    names: str
    sizes: array[int]
    guess: bool

    @property
    def each(self) -> Iterator[IncomingFile]:
        rows = zip(self.paths.split("\0"), self.names.split("\0"), self.sizes, strict=True)
        return (IncomingFile(path, name, size, self.guess) for path, name, size in rows)


class CopiedText(NamedTuple):
    """A text that was copied: `size` bytes at offset `place` of the pack. `settled`: the file's `stamp` differs from
    that of any later state."""

    stamp: Stamp
    settled: bool
    place: int
    size: int
    whole: TextMeasure
    encoding: Encoding
    faults: int
    """How many U+FFFD stand in it for what could not be read."""

    @property
    def plain(self) -> bool:
        """Whether it is UTF-8 as it stood in the file, and small."""
        whole = self.whole
        as_is = self.encoding is UTF_8 and not self.faults and not whole.drawn and whole.bad < 0
        return as_is and len(whole.checkpoints) == 2


class NeedsMoreRoom(NamedTuple):
    """The text is larger than its file: it takes so much room in a pack."""

    room: int


class Packed(NamedTuple):
    """The file is compressed, or an archive: it is to be unpacked first."""

    kind: str


class Foreign(NamedTuple):
    """The file is a document that is not text (extraction/kinds.py): its text is to be taken out first."""

    kind: str


class Ordinary(NamedTuple):
    """The file is not the document that it began like: it is read as what else it is."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's text: `size` bytes in the pack that was given, its sections, and what its readers must be told."""

    stamp: Stamp
    settled: bool
    kind: str
    size: int
    sections: tuple[Section, ...]
    notes: tuple[str, ...]


class Member(NamedTuple):
    """One unpacked text: `size` bytes at offset `place` of the pack. `name` is its name in the archive, "" for a
    compressed file; `measures` are those of its first ranges."""

    name: str
    place: int
    size: int
    measures: tuple[RangeMeasure, ...] = ()


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The texts of a compressed file or an archive. `notes` are the names of members that could not be read, and
    why."""

    stamp: Stamp
    settled: bool
    members: tuple[Member, ...]
    size: int
    notes: tuple[tuple[str, RefusedFile], ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """Why a file cannot be a Document: an error class of rlm_ls.errors by name, so that it crosses processes."""

    error: str
    message: str
    remedy: str

    @classmethod
    def by(cls, error: RlmError) -> RefusedFile:
        return cls(type(error).__name__, error.message, error.remedy)

    def raised(self) -> RlmError:
        cls: type[RlmError] = getattr(errors, self.error)
        return cls(self.message, self.remedy)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A Document that has been read; where workers find its bytes; and the digest of its name and text."""

    document: Document
    file: File
    digest: bytes

    @property
    def path(self) -> str:
        return self.document.path

    @property
    def uri(self) -> str:
        return self.document.uri

    @property
    def size(self) -> int:
        return self.document.source.size

    @property
    def lines(self) -> int:
        return self.document.lines

    @property
    def language(self) -> str:
        return self.document.language

    @property
    def stretch(self) -> Stretch | None:
        """None where the file could be replaced, or lies elsewhere."""
        source = self.file.source
        return None if self.file.identity is not None or source.version else (source.path, source.offset, source.size)


@dataclass(slots=True)
class LargeText:
    """A text that is not copied but searched in its file or buffer's pack, and its measures so far."""

    source: Source
    identity: tuple[int, int] | None
    stamp: Stamp
    skip: int
    measures: list[RangeMeasure]
    whole: TextMeasure | None = None
