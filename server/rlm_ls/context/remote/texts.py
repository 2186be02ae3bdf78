"""The texts of a listing as they were measured, in columns; their Documents are made when somebody asks for them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rlm_ls.context.columns.rows import Made
from rlm_ls.context.document import Document, Source
from rlm_ls.context.remote.listed import Listed
from rlm_ls.context.snapshot.measure import TextMeasure
from rlm_ls.context.sources.language import text_language_of
from rlm_ls.context.workers.piece import File, Stretch

ASCII, CRLF = 1, 2


class FarTexts:
    """What was measured of each row of `listed`: 60 bytes. A row of which nothing was is of no length.

    `ends` are the checkpoints of all texts, one after the other, without the 0 that they begin with; `digests` those of
    their ranges. A row's begin where the one before ends.
    """

    __slots__ = ("_digests", "_ends", "_flags", "_numbers", "_places", "listed")

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self._numbers = array("q")
        self._flags = bytearray()
        self._ends = array("q")
        self._digests = bytearray()
        self._places = array("q", (0, 0))

    def __len__(self) -> int:
        return len(self._flags)

    def add(self, whole: TextMeasure) -> None:
        """The next row's."""
        self._numbers.extend((whole.characters, whole.lines, whole.longest_line))
        self._flags.append(whole.ascii * ASCII | whole.crlf * CRLF)
        self._ends.extend(whole.checkpoints[1:])
        self._digests += whole.digest
        self._places.extend((len(self._ends), len(self._digests)))

    def leave(self, until: int) -> None:
        """Nothing is known of the next rows, up to one."""
        while len(self) < until:
            self.add(NOTHING)

    def whole(self, row: int) -> TextMeasure:
        characters, lines, longest = self._numbers[3 * row : 3 * row + 3]
        end, digest, next_end, next_digest = self._places[2 * row : 2 * row + 4]
        flags = self._flags[row]
        checkpoints = (0, *self._ends[end:next_end])
        digests = bytes(self._digests[digest:next_digest])
        return TextMeasure(
            characters, lines, longest, bool(flags & ASCII), bool(flags & CRLF), checkpoints, -1, 0, digests
        )

    def known(self, row: int) -> bool:
        return self._places[2 * row] < self._places[2 * row + 2]

    def digest(self, row: int) -> bytes:
        return bytes(self._digests[self._places[2 * row + 1] : self._places[2 * row + 3]])

    def lines(self, row: int) -> int:
        return self._numbers[3 * row + 1]

    def source(self, row: int) -> Source:
        listed = self.listed
        return Source(listed.urls[row], listed.skips[row], listed.size(row), listed.versions[row])


NOTHING = TextMeasure(0, 0, 0, True, False, (0,), -1, 0, b"")


class FarDocument(NamedTuple):
    """A row of texts, under the name that it has in a Context."""

    path: str
    texts: FarTexts
    row: int

    @property
    def uri(self) -> str:
        return self.texts.listed.urls[self.row]

    @property
    def size(self) -> int:
        return self.texts.listed.size(self.row)

    @property
    def lines(self) -> int:
        return self.texts.lines(self.row)

    @property
    def language(self) -> str:
        return text_language_of(self.path)

    @property
    def stretch(self) -> Stretch | None:
        return None

    @property
    def file(self) -> File:
        return File(self.path, self.texts.source(self.row))

    @property
    def digest(self) -> bytes:
        return f"{self.path}\0{self.size}\0".encode("utf-8", "replace") + self.texts.digest(self.row)

    @property
    def document(self) -> Document:
        return self.texts.whole(self.row).document(self.uri, self.path, self.language, self.texts.source(self.row))


class FarDocuments(Made[FarDocument]):
    """The documents of a listing: rows of `texts`, with their names, in an order."""

    __slots__ = ("names", "rows", "texts")

    def __init__(self, texts: FarTexts, names: Sequence[str], rows: Sequence[int]) -> None:
        self.texts = texts
        self.names = names
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def made(self, number: int) -> FarDocument:
        row = self.rows[number]
        return FarDocument(self.names[row], self.texts, row)

    def sizes(self) -> Iterator[int]:
        return map(self.texts.listed.size, self.rows)

    def lines(self) -> Iterator[int]:
        return map(self.texts.lines, self.rows)
