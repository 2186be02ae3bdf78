"""The texts that a name stands for and that stay where they lie, in columns: there may be a million."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.context.columns.rows import Made
from rlm_ls.context.columns.strings import Packing, Strings, foreign
from rlm_ls.context.document import NODE
from rlm_ls.context.ops.files.served import ServedTexts
from rlm_ls.errors import RlmError, SearchFailed

LONGEST_VERSION = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A row each: the text's address, the version of its file, how many bytes that has, and at which of them the text
    begins. `errors`: by row, why some cannot be read. `place`: where was asked for what. `explicit`: it was named
    itself, not by a folder or a pattern."""

    urls: Strings
    versions: Strings
    sizes: array[int]
    skips: array[int]
    errors: dict[int, RlmError]
    place: str
    explicit: bool = False

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def paths(self) -> Sequence[str]:
        return Paths(self.urls)

    def size(self, row: int) -> int:
        """Bytes of the text."""
        return self.sizes[row] - self.skips[row]

    def same(self, other: Listed) -> bool:
        """Whether they are the same texts in the same state."""
        alike = self.sizes == other.sizes and self.skips == other.skips
        return alike and self.urls.same(other.urls) and self.versions.same(other.versions)


class Paths(Made[str]):
    """Of each address what it is called by: all but the scheme."""

    __slots__ = ("_urls",)

    def __init__(self, urls: Strings) -> None:
        self._urls = urls

    def __len__(self) -> int:
        return len(self._urls)

    def made(self, number: int) -> str:
        return _path(self._urls[number])


def _path(url: str) -> str:
    return url.partition("://")[2]


def failed(url: str, error: RlmError) -> Listed:
    """An address of which nothing else is known than why it cannot be read."""
    return Listed(Strings.of([url]), Strings.of([""]), array("q", [0]), array("B", [0]), {0: error}, url)


def on_node(host: str, served: ServedTexts, name: str) -> Listed:
    """What a node says that a name stands for there: what came of it is looked at before it is believed.

    Raises SearchFailed for what is no listing.
    """
    try:
        sizes, skips = served.sizes, served.skips
        fitting = isinstance(sizes, array) and isinstance(skips, array) and len(sizes) == len(skips)
        if not fitting or sizes.typecode != "q" or skips.typecode != "B":
            raise ValueError("no columns")
        if len(sizes) and (min(sizes) < 0 or any(map(int.__gt__, skips, sizes))):
            raise ValueError("a negative size")
        urls, told = Packing(), Packing()
        for path in foreign(served.paths, len(sizes)):
            urls.add(f"{NODE}{host}{path}")
        for version in foreign(served.versions, len(sizes)):
            told.add(version[:LONGEST_VERSION])
        errors = {int(row): one.raised() for row, one in served.refused.items()}
    except (ValueError, TypeError, AttributeError):
        raise SearchFailed(f"The node {host[:200]} sent what is no listing.", "Is it one of yours?") from None
    found = urls.made()
    return Listed(found, told.made(), sizes, skips, errors, f"{host}\0{name}", len(found) == 1 and found[0] == name)


def apart(some: Sequence[Listed]) -> list[Listed]:
    """Each without the texts that stand in one before: two names may stand for the same."""
    if len(some) < 2:
        return list(some)
    seen: set[int] = set()
    found = []
    for listed in some:
        hashes = array("q", map(hash, listed.urls))
        wanted = [row for row, one in enumerate(hashes) if one not in seen]
        seen.update(hashes)
        found.append(listed if len(wanted) == len(listed) else _rows(listed, wanted))
    return found


def _rows(listed: Listed, rows: Sequence[int]) -> Listed:
    errors = {number: listed.errors[row] for number, row in enumerate(rows) if row in listed.errors}
    return Listed(
        Strings.of(listed.urls[row] for row in rows),
        Strings.of(listed.versions[row] for row in rows),
        array("q", [listed.sizes[row] for row in rows]),
        array("B", [listed.skips[row] for row in rows]),
        errors,
        listed.place,
        listed.explicit,
    )
