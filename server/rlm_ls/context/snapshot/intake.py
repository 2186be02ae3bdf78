"""A file on its way into a Context, as parent and workers speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rlm_ls import errors
from rlm_ls.context.document import Document
from rlm_ls.context.snapshot.measure import TextMeasure
from rlm_ls.context.sources.encoding import Encoding
from rlm_ls.context.sources.stamp import Stamp
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import RlmError


class IncomingFile(NamedTuple):
    """A file to be read up to `size` bytes. `guess`: if it is not in the encoding that is set, find out which.

    `place` and `room` are where a text goes that is written on its own. Of what was `unpacked` the bytes begin `at`
    some place of the file, and are taken as they are. Plain, for many are sent.
    """

    path: str
    name: str
    size: int
    guess: bool
    place: int = 0
    room: int = 0
    at: int = 0
    unpacked: bool = False


class CopiedText(NamedTuple):
    """A text in a pack: `size` bytes at `place`. `settled`: `stamp` tells the file from any later state of it."""

    stamp: Stamp
    settled: bool
    place: int
    size: int
    whole: TextMeasure
    encoding: Encoding
    notebook: bool
    faults: int
    """How many U+FFFD stand in it for what could not be read."""


class NeedsMoreRoom(NamedTuple):
    """The text is larger than its file: it takes so much room in a pack."""

    room: int


class Packed(NamedTuple):
    """The file is compressed, or an archive: it is to be unpacked first."""

    kind: str


class Member(NamedTuple):
    """What was unpacked: `size` bytes at `place`. `name` is its own in an archive, "" in a file that is one text."""

    name: str
    place: int
    size: int


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a compressed file or an archive held. `notes` say what could not be read of it: a name, and why."""

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
    """A Document that has been read, where workers find it, and what tells it from any other."""

    document: Document
    file: File
    digest: bytes
