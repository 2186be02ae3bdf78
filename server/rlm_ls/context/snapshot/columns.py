"""Many documents in columns: a Document, and where workers find it, are made when somebody asks for them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from heapq import nlargest
from typing import Any, Generic, NamedTuple, TypeVar

from rlm_ls.context.columns.joined import Joined
from rlm_ls.context.columns.rows import Made
from rlm_ls.context.document import SMALL, Document, Part, Source
from rlm_ls.context.remote.texts import FarDocument, FarDocuments
from rlm_ls.context.snapshot.intake import CopiedText, ReadDocument
from rlm_ls.context.snapshot.measure import DIGEST, TextMeasure
from rlm_ls.context.sources.encoding import UTF_8
from rlm_ls.context.sources.language import text_language_of
from rlm_ls.context.sources.stamp import Stamp
from rlm_ls.context.workers.piece import BUNDLE, Bundle, File, Stretch

MOST_KEPT = 1_000
"""Documents that are kept once they were made, where some lie elsewhere."""

Outcome = TypeVar("Outcome")
One = TypeVar("One")

WIDTH = 12
"""Numbers in a row of CopiedTexts."""
INDEX, PLACE, SIZE, CHARACTERS, LINES, LONGEST, ENDS, FLAGS, STAMP = range(9)
ASCII, CRLF, SETTLED = 1, 2, 4


class CopiedTexts(NamedTuple):
    """Texts of one request that were copied and are plain: UTF-8 as it stood in a file, small.

    A row each: `numbers` holds WIDTH of them, from the text's INDEX in the request to the file's stamp, `digests`
    DIGEST bytes. A hundred bytes in all, where objects would take two thousand.
    """

    numbers: array[int]
    digests: bytes

    def __len__(self) -> int:
        return len(self.numbers) // WIDTH

    def stamp(self, row: int) -> Stamp:
        size, modified, changed, inode = self.numbers[row * WIDTH + STAMP : (row + 1) * WIDTH]
        return size, modified, changed, inode

    def text(self, row: int) -> CopiedText:
        at = row * WIDTH
        _, place, size, characters, lines, longest, ends, flags = self.numbers[at : at + STAMP]
        digest = self.digests[row * DIGEST : (row + 1) * DIGEST]
        plain, crlf = bool(flags & ASCII), bool(flags & CRLF)
        whole = TextMeasure(characters, lines, longest, plain, crlf, (0, ends), -1, 0, digest)
        return CopiedText(self.stamp(row), bool(flags & SETTLED), place, size, whole, UTF_8, 0)


class Rows:
    """Builds CopiedTexts. `others` are the outcomes of a request that are no rows, by their index."""

    __slots__ = ("_digests", "_numbers", "others")

    def __init__(self) -> None:
        self._numbers = array("q")
        self._digests: list[bytes] = []
        self.others: dict[int, Any] = {}

    def add(self, row: Sequence[int], digest: bytes) -> bool:
        """A row of WIDTH numbers; False where one is too large."""
        try:
            self._numbers.extend(row)
        except OverflowError:  # some file systems number their files up to 2⁶⁴
            del self._numbers[len(self._digests) * WIDTH :]
            return False
        self._digests.append(digest)
        return True

    def put(self, index: int, one: Any) -> None:
        """An outcome: of a plain text a row."""
        if not isinstance(one, CopiedText) or not one.plain:
            self.others[index] = one
            return
        whole = one.whole
        flags = whole.ascii * ASCII | whole.crlf * CRLF | one.settled * SETTLED
        measures = (one.size, whole.characters, whole.lines, whole.longest_line, whole.checkpoints[1], flags)
        if not self.add((index, one.place, *measures, *one.stamp), whole.digest):
            self.others[index] = one

    def made(self) -> tuple[CopiedTexts, dict[int, Any]]:
        return CopiedTexts(self._numbers, b"".join(self._digests)), self.others


def in_columns(found: Iterable[Outcome]) -> tuple[CopiedTexts, dict[int, Outcome]]:
    """The plain texts among the outcomes of a request, and the other outcomes by their index."""
    rows = Rows()
    for index, one in enumerate(found):
        rows.put(index, one)
    return rows.made()


class CopiedDocument(NamedTuple):
    """A plain text that was copied into `pack`, under a name and a URI: a row of `texts` that begins at `at`. A tuple,
    since there are many."""

    path: str
    uri: str
    pack: str
    texts: CopiedTexts
    at: int

    @property
    def size(self) -> int:
        return self.texts.numbers[self.at + SIZE]

    @property
    def lines(self) -> int:
        return self.texts.numbers[self.at + LINES]

    @property
    def stamp(self) -> Stamp:
        """The file's, of the text that was copied."""
        return tuple(self.texts.numbers[self.at + STAMP : self.at + WIDTH])  # type: ignore[return-value]

    @property
    def offset(self) -> int:
        """Where it begins in the pack."""
        return self.texts.numbers[self.at + PLACE]

    @property
    def language(self) -> str:
        return text_language_of(self.path)

    @property
    def stretch(self) -> Stretch:
        return self.pack, self.offset, self.size

    @property
    def source(self) -> Source:
        return Source(self.pack, self.offset, self.size)

    @property
    def file(self) -> File:
        return File(self.path, self.source)

    @property
    def digest(self) -> bytes:
        row = self.at // WIDTH
        named = f"{self.path}\0{self.size}\0".encode("utf-8", "replace")
        return named + self.texts.digests[row * DIGEST : (row + 1) * DIGEST]

    @property
    def document(self) -> Document:
        whole = self.texts.text(self.at // WIDTH).whole
        return whole.document(self.uri, self.path, self.language, self.source)

    def renamed(self, path: str, uri: str) -> CopiedDocument:
        return CopiedDocument(path, uri, self.pack, self.texts, self.at)


AnyRead = ReadDocument | CopiedDocument | FarDocument
"""A Document that has been read, made or yet to be made."""


class _OfEach(Made[One], Generic[One]):
    """What is made of each document that was read."""

    def __init__(self, found: Sequence[AnyRead]) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)


class Told(_OfEach[str]):
    """What is said of each document: an attribute that is a string."""

    def __init__(self, found: Sequence[AnyRead], name: str) -> None:
        super().__init__(found)
        self._name = name

    def made(self, number: int) -> str:
        told: str = getattr(self._found[number], self._name)
        return told


class Wholes(Made[Part]):
    """All of each document: what a question may look at that leaves nothing out."""

    def __init__(self, sizes: array[int]) -> None:
        self._sizes = sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def made(self, number: int) -> Part:
        return Part(number, 0, self._sizes[number])


class Documents(_OfEach[Document]):
    """The documents of a Context, in order. Of 100,000 a column is read in 20 ms, all of them in half a second."""

    def __init__(self, found: Sequence[AnyRead]) -> None:
        super().__init__(found)
        self._kept: dict[int, Document] = {}

    def made(self, number: int) -> Document:
        made = self._kept.get(number)
        if made is None:
            if len(self._kept) >= MOST_KEPT and not isinstance(self._found, list):
                self._kept.clear()
            made = self._kept[number] = self._found[number].document
        return made

    @cached_property
    def paths(self) -> Sequence[str]:
        return [one.path for one in self._found] if isinstance(self._found, list) else Told(self._found, "path")

    @cached_property
    def sizes(self) -> array[int]:
        return _column(self._found, lambda one: one.size, FarDocuments.sizes)

    @cached_property
    def lines(self) -> array[int]:
        return _column(self._found, lambda one: one.lines, FarDocuments.lines)

    @property
    def languages(self) -> Sequence[str]:
        if not isinstance(self._found, list):
            return Told(self._found, "language")
        return [text_language_of(one.path) if isinstance(one, CopiedDocument) else one.language for one in self._found]

    def language(self, number: int) -> str:
        return self._found[number].language

    def largest(self, most: int) -> list[int]:
        """The numbers of the largest, the first of equals first. A thousandth of a second for each 10,000."""
        return nlargest(most, range(len(self)), key=self.sizes.__getitem__)

    @cached_property
    def not_plain(self) -> tuple[Document, ...]:
        """Those of which more may be to be said: converted, extracted, damaged, open in an editor, large."""
        here = (one for some in _segments(self._found) if isinstance(some, list) for one in some)
        return tuple([one.document for one in here if isinstance(one, ReadDocument)])


def _segments(found: Sequence[AnyRead]) -> Sequence[Sequence[AnyRead]]:
    return found.segments if isinstance(found, Joined) else [found]


def _column(
    found: Sequence[AnyRead], of: Callable[[AnyRead], int], of_far: Callable[[FarDocuments], Iterable[int]]
) -> array[int]:
    column = array("q")
    for some in _segments(found):
        column.extend(of_far(some) if isinstance(some, FarDocuments) else map(of, some))
    return column


class Files(_OfEach[File]):
    """Where workers find each document."""

    def made(self, number: int) -> File:
        return self._found[number].file

    def stretch(self, number: int) -> Stretch | None:
        """Where a document lies that can be searched together with others of its file; None for any other."""
        return self._found[number].stretch

    def place(self, number: int) -> str:
        """Which machines can read it, as `Source.place` says; none is made for that."""
        one = self._found[number]
        return "" if isinstance(one, CopiedDocument) else one.file.source.place

    def name(self, number: int) -> str:
        return self._found[number].path

    def bundle(self, first: int, most: int = BUNDLE) -> Bundle | None:
        """All of the small documents from a number on that stand in one file: `most` bytes, at most BUNDLE, or a little
        more. None where the first is no such one."""
        path, size, most = "", 0, min(most, BUNDLE)
        offsets, sizes, names = array("q"), array("q"), list[str]()
        for number in range(first, len(self._found)):
            one = self._found[number]
            if isinstance(one, CopiedDocument):
                pack, numbers = one.pack, one.texts.numbers
                offset, length = numbers[one.at + PLACE], numbers[one.at + SIZE]
            elif (stretch := one.stretch) is not None and stretch[2] < SMALL:
                pack, offset, length = stretch
            else:
                break
            if (names and pack != path) or size >= most:
                break
            path = pack
            offsets.append(offset)
            sizes.append(length)
            names.append(one.path)
            size += length
        docs = array("q", range(first, first + len(names)))
        return Bundle(path, docs, offsets, sizes, "\0".join(names), ()) if names else None

    @property
    def far(self) -> bool:
        """Whether some stay elsewhere: they may be a million, of which nothing is made before its turn."""
        return not all(isinstance(some, list) for some in _segments(self._found))
