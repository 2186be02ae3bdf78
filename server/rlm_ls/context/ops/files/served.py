"""On a node: which files an address means, of which version they are, and which can be searched where they lie."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from typing import NamedTuple

from rlm_ls.context.columns.strings import Packing, Strings
from rlm_ls.context.document import NODE
from rlm_ls.context.remote.addresses import is_pattern
from rlm_ls.context.remote.fetch import too_many
from rlm_ls.context.remote.plain import begins
from rlm_ls.context.remote.served import inside, open_inside, version_of
from rlm_ls.context.snapshot.intake import RefusedFile
from rlm_ls.context.sources.secrets import LOOKED_AT, is_secret
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import NodePath
from rlm_ls.errors import (
    DocumentDenied,
    DocumentEmpty,
    DocumentEncoding,
    DocumentUnreadable,
    RemoteFailed,
    RlmError,
)


class ServedText(NamedTuple):
    """A file of `size` bytes at `path`, whose text begins at byte `skip`; or why it is none."""

    path: str
    size: int
    version: str
    skip: int
    refused: RefusedFile | None = None


@dataclass(frozen=True, slots=True)
class ServedTexts:
    """Texts in columns, for they may be a million: the packed paths and versions (`columns/strings`), and by number why
    some are refused."""

    paths: list[bytes]
    versions: list[bytes]
    sizes: array[int]
    skips: array[int]
    refused: dict[int, RefusedFile]

    @classmethod
    def of(cls, texts: Iterable[ServedText]) -> ServedTexts:
        paths, versions = Packing(), Packing()
        sizes, skips = array("q"), array("B")
        refused: dict[int, RefusedFile] = {}
        for number, text in enumerate(texts):
            paths.add(text.path)
            versions.add(text.version)
            sizes.append(text.size)
            skips.append(text.skip)
            if text.refused is not None:
                refused[number] = text.refused
        return cls(list(paths.made().blocks), list(versions.made().blocks), sizes, skips, refused)

    def __iter__(self) -> Iterator[ServedText]:
        rows = zip(
            Strings(self.paths, len(self.sizes)),
            self.sizes,
            Strings(self.versions, len(self.sizes)),
            self.skips,
            strict=True,
        )
        return (ServedText(*row, self.refused.get(number)) for number, row in enumerate(rows))


def listing(deadline: Deadline, folder: NodePath, deny: tuple[str, ...], most: int) -> ServedTexts:
    """What is there: the file itself, those below a folder, or what a pattern matches (folders with all below them).
    Links are followed to the place that is named, and not below it.

    Raises DocumentDenied for what is not served, DocumentMissing, DocumentUnreadable for more than `most` files.
    """
    found: dict[str, ServedText] = {}
    wanted = os.path.normpath(folder.path)
    for path in _paths(wanted):
        if deadline.late():
            raise RemoteFailed("Listing the files of a node takes too long.", "Name fewer folders.")
        if len(found) >= most:
            raise too_many(f"{NODE}{folder.host}{folder.path}", len(found) + 1, most)
        if path not in found:
            found[path] = _looked_at(path, deny, named=path == wanted)
    return ServedTexts.of(found[path] for path in sorted(found))


def _paths(path: str) -> Iterator[str]:
    parts = [part for part, some in groupby(path.split("/")) for _ in ([part] if part == "**" else some)]
    fixed = next((number for number, part in enumerate(parts) if is_pattern(part)), len(parts))
    base = "/".join(parts[:fixed]) or "/"
    inside(base)
    if fixed < len(parts) or os.path.isdir(base):
        yield from _below(base, parts[fixed:] or ["**"])
    else:
        yield base


def _below(base: str, parts: list[str]) -> Iterator[str]:
    """Files whose way from `base` the parts match, or the way of a folder above them. `**` is any way, none too."""
    todo = [(base, parts)]
    while todo:
        folder, (first, *rest) = todo.pop()
        for entry in _entries(folder):
            is_folder = entry.is_dir(follow_symlinks=False)
            if first == "**" and is_folder:
                todo.append((entry.path, [first, *rest]))
            # What follows `**` may be in this folder.
            name, *further = rest if first == "**" and rest else (first, *rest)
            if not fnmatchcase(entry.name, name):
                continue
            if not is_folder and not further:
                yield entry.path
            elif is_folder and name != "**":
                todo.append((entry.path, further or ["**"]))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # what cannot be listed holds nothing that can be read
        return []


def _looked_at(path: str, deny: tuple[str, ...], *, named: bool) -> ServedText:
    try:
        if os.path.islink(path) and not named:
            raise DocumentUnreadable("It is a link.", "Name what it leads to.")
        _check_name(path, deny)
        return _text(path)
    except RlmError as error:
        return ServedText(path.encode("utf-8", "replace").decode(), 0, "", 0, RefusedFile.by(error))


def _check_name(path: str, deny: tuple[str, ...]) -> None:
    if not path.isprintable():
        raise DocumentUnreadable("Its name cannot be written as an address.", "Give it another one.")
    if is_secret(path, deny) or is_secret(os.path.realpath(path), deny):
        raise DocumentDenied("It looks like a secret (key, password, token) and is never read.")


def _text(path: str) -> ServedText:
    descriptor = open_inside(path)
    try:
        size = os.fstat(descriptor).st_size
        if not size:
            raise DocumentEmpty(f"{path} is empty (0 bytes).")
        head = os.read(descriptor, LOOKED_AT)
        skip = begins(head, os.path.basename(path))
        if skip is None:
            raise DocumentEncoding(
                f"{path} is not plain UTF-8 text (compressed, a document, another encoding, or a secret).",
                "Files of nodes are searched as they are: unpack it there.",
            )
        if skip == size:
            raise DocumentEmpty(f"{path} is empty (a byte order mark).")
        version = version_of(descriptor)
        return ServedText(path, int(version.split(".")[1]), version, skip)
    except OSError as error:
        raise DocumentUnreadable(f"{path} cannot be read on its node: {error.strerror}.") from None
    finally:
        os.close(descriptor)
