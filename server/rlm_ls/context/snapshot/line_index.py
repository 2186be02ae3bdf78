"""What was measured of large files, kept for the next start: line 1,700,000 is then reached without reading all before.

A file in the user's private folder. It names no file: the key is a digest of the path. Like the rest of the cache it is
never trusted without a look at the file, whose stamp must be the same; of one that was appended to, the beginning is
known.
"""

from __future__ import annotations

import json
import logging
from hashlib import blake2b
from pathlib import Path
from typing import Any

from blake3 import blake3

from rlm_ls import __version__
from rlm_ls.context.document import CHECKPOINT
from rlm_ls.context.snapshot.measure import TextMeasure
from rlm_ls.context.sources.stamp import Stamp, may_go_on
from rlm_ls.private import replace_file

log = logging.getLogger(__name__)

WORTH = 8 << 20
"""Bytes of a file from which on measuring it again would take longer than a reader notices."""

MOST_FILES = 200
MOST_BYTES = 8 << 20

Known = tuple[Stamp, int, TextMeasure]
"""Of a file with this stamp, after a byte order mark of so many bytes."""


class LineIndex:
    """`path` None keeps nothing. Not for the event loop: it reads and writes a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Known] | None = None
        self._unsaved: set[str] = set()
        self._there = False
        """Whether the file was there when it was last read or written."""

    def find(self, key: tuple[str, str, bool], stamp: Stamp) -> Known | None:
        known = self._loaded().get(_name(key)) if stamp[0] >= WORTH and self._path is not None else None
        return known if known is not None and known[0] == stamp else None

    def beginning(self, key: tuple[str, str, bool], stamp: Stamp) -> Known | None:
        """Of a file that may only have been appended to since."""
        known = self._loaded().get(_name(key)) if stamp[0] >= WORTH and self._path is not None else None
        return known if known is not None and known[2].digest and may_go_on(known[0], stamp) else None

    def note(self, key: tuple[str, str, bool], stamp: Stamp, skip: int, measure: TextMeasure) -> None:
        if stamp[0] < WORTH or self._path is None:
            return
        known = self._loaded()
        known.pop(_name(key), None)
        known[_name(key)] = (stamp, skip, measure)
        while len(known) > MOST_FILES:
            del known[next(iter(known))]
        self._unsaved.add(_name(key))

    def save(self) -> None:
        """A full or read-only disk is no error: the next start measures again."""
        if not self._unsaved or self._path is None:
            return
        kept = self._loaded()
        if self._there and not self._path.exists():  # somebody cleared the cache
            kept = self._known = {name: known for name, known in kept.items() if name in self._unsaved}
        self._unsaved = set()
        written = [json.dumps(_row(name, known)) for name, known in kept.items()]
        while sum(map(len, written)) > MOST_BYTES:
            del written[0]
        try:
            replace_file(self._path, f"[{','.join(written)}]".encode())
            self._there = True
        except OSError as error:
            log.info("the line index is not kept: %s", error.strerror)

    def _loaded(self) -> dict[str, Known]:
        if self._known is None:
            self._known = _read(self._path)
            self._there = bool(self._known)
        return self._known


def _name(key: tuple[str, str, bool]) -> str:
    return blake2b(
        "\0".join(map(str, (__version__, blake3.name, CHECKPOINT, *key))).encode("utf-8", "surrogateescape"),
        digest_size=16,
    ).hexdigest()


def _row(name: str, known: Known) -> list[Any]:
    stamp, skip, measure = known
    return [name, stamp, skip, measure._replace(digest=measure.digest.hex())]  # type: ignore[arg-type]


def _read(path: Path | None) -> dict[str, Known]:
    """Nothing of a file that is not there, damaged, or not of our making."""
    try:
        if path is None or path.stat().st_size > 2 * MOST_BYTES:
            return {}
        return dict(_known(row) for row in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def _known(row: Any) -> tuple[str, Known]:
    name, (size, modified, changed, inode), skip, measure = row
    characters, lines, longest, ascii_only, crlf, checkpoints, bad, bad_line, digest, drawn = measure
    numbers = (size, modified, changed, inode, skip, characters, lines, longest, bad, bad_line, *checkpoints)
    if not (isinstance(name, str) and all(type(number) is int for number in numbers) and checkpoints):
        raise ValueError(name)
    found = TextMeasure(
        characters,
        lines,
        longest,
        bool(ascii_only),
        bool(crlf),
        tuple(checkpoints),
        bad,
        bad_line,
        bytes.fromhex(digest),
        bool(drawn),
    )
    return name, ((size, modified, changed, inode), skip, found)
