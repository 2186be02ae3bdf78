"""What office files and books are packed in: a zip archive of XML, both of them hostile until shown otherwise."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO
from urllib.parse import unquote

from rlm_ls.errors import DocumentUnreadable

MOST_BYTES = 1 << 30
"""Of all entries together, by what the archive says of them: zipfile reads no more than that."""
MOST_ENTRIES = 100_000
MOST_SMALL = 32 << 20
"""Bytes of an entry that is read at once."""

SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}
"""How XML is parsed here: no entity is replaced, nothing is fetched or opened, no tree is deeper than libxml2 likes."""


class Package:
    """The entries of an archive, by name. Raises DocumentUnreadable where it claims to be larger than is read."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self.archive = zipfile.ZipFile(source)
        entries = self.archive.infolist()
        self.names = frozenset(entry.filename for entry in entries)
        size = sum(entry.file_size for entry in entries)
        if size > MOST_BYTES or len(entries) > MOST_ENTRIES:
            raise DocumentUnreadable(
                f"{name} is not opened: it would grow to {size / (1 << 20):,.0f} MiB in {len(entries):,} parts.",
                "Split it, or save it as text.",
            )

    def open(self, name: str) -> IO[bytes]:
        return self.archive.open(name)

    def read(self, name: str) -> bytes:
        with self.open(name) as entry:
            return entry.read(MOST_SMALL)

    def tree(self, name: str) -> Any:
        """The root element of a small entry; None if there is no such entry."""
        from lxml import etree

        return etree.fromstring(self.read(name), etree.XMLParser(**SAFE)) if name in self.names else None

    def elements(self, name: str, tags: frozenset[str]) -> Iterator[tuple[str, Any, str]]:
        """Event ("start", "end"), element and local tag of those elements of an entry, as a stream; ended ones are
        dropped."""
        from lxml import etree

        with self.open(name) as entry:
            for event, element in etree.iterparse(entry, events=("start", "end"), **SAFE):
                tag = local(element)
                if tag in tags:
                    yield event, element, tag

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """The last word of the type and the name of each part that an OOXML part refers to, by the reference's id."""
        folder, name = posixpath.split(part)
        tree = self.tree(f"{folder}/_rels/{name}.rels")
        found: dict[str, tuple[str, str]] = {}
        for one in () if tree is None else tree.iter("{*}Relationship"):
            if one.get("TargetMode") != "External":
                target = resolved(folder, one.get("Target", ""))
                found[one.get("Id", "")] = one.get("Type", "").rsplit("/", 1)[-1], target
        return found


def resolved(folder: str, reference: str) -> str:
    """The name of an entry that is referred to from a folder of the archive."""
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def local(element: Any) -> str:
    """A tag without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """An attribute by its name without a namespace, which writers of such files differ in."""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def dropped(element: Any) -> None:
    """Frees an element that has been read, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
