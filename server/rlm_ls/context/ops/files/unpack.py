"""Unpacking: a compressed file or an archive, decoded once into a private pack, as a stream and within a limit."""

from __future__ import annotations

import io
import lzma
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, BinaryIO, cast

from rlm_ls.context.extraction.kinds import kind_of as document_kind
from rlm_ls.context.ops.files.inspect import open_file
from rlm_ls.context.snapshot.intake import IncomingFile, Member, RefusedFile, Unpacked
from rlm_ls.context.snapshot.pack import cannot_write
from rlm_ls.context.sources import compression
from rlm_ls.context.sources.compression import CHUNK, HEAD, Corrupt, CutOff, Trailing, kind_of
from rlm_ls.context.sources.secrets import is_secret
from rlm_ls.context.sources.stamp import is_settled, stamp_of
from rlm_ls.context.sources.uris import shown
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import DocumentDenied, DocumentEmpty, DocumentUnreadable, RlmError, SearchTimeout

MOST_MEMBERS = 20_000
MOST_HEADER = 8 << 20
"""Bytes of an archive's own tables that are read at once: their size is a claim of the archive's."""

CUT_OFF = "its compressed data are cut off; what came before was read"
TRAILING = "what follows the compressed data is none, and was not read"
FOLLOWING = "what follows the last file that could be read was not"

DAMAGED = (Corrupt, CutOff, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
"""What reading a member of an archive raises."""

_BEHIND = 1 << 16
"""Bytes behind a tar's end in which another one would begin."""

LAYERS = 3
"""How many layers of compression may be nested (`a.gz.xz` has two)."""


def unpack(
    deadline: Deadline, incoming: IncomingFile, pack: str, limit: int, deny: tuple[str, ...]
) -> Unpacked | RefusedFile:
    """Writes all texts in the file to the pack, one after another from its first byte on; `limit` bytes at most."""
    try:
        with open_file(incoming) as raw, open(pack, "r+b", buffering=0) as out:
            stamp = stamp_of(os.fstat(raw.fileno()))
            unpacking = _Unpacking(deadline, incoming.name, pack, out, limit, deny)
            unpacking.all_of(io.BufferedReader(raw, CHUNK))
    except RlmError as error:
        return RefusedFile.by(error)
    if not unpacking.members:
        first = unpacking.notes[0][1] if unpacking.notes else None
        return first or RefusedFile.by(DocumentUnreadable(f"{incoming.name} holds no files.", "Name another one."))
    return Unpacked(stamp, is_settled(stamp), tuple(unpacking.members), unpacking.size, tuple(unpacking.notes))


class _Unpacking:
    """One file on its way into the pack."""

    def __init__(
        self, deadline: Deadline, name: str, pack: str, out: BinaryIO, limit: int, deny: tuple[str, ...]
    ) -> None:
        self.members: list[Member] = []
        self.notes: list[tuple[str, RefusedFile]] = []
        self.size = 0
        self._clock = deadline
        self._name = name
        self._pack = pack
        self._out = out
        self._limit = limit
        self._deny = deny
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}
        """The last number given to a name, so that thousands of one name are not counted through each time."""

    def all_of(self, stream: io.BufferedReader) -> None:
        """Raises RlmError where nothing of it can be used."""
        try:
            stream = self._decoded(stream)
            kind = kind_of(stream.peek(HEAD)[:HEAD])
            if kind == "tar":
                self._tar(stream)
            elif kind == "zip" and isinstance(stream.raw, io.FileIO):
                self._zip(stream)
            elif kind is not None:
                raise self._unreadable(f"holds {kind} data in too many layers", "Unpack it, and name what it holds.")
            else:
                self._take("", stream)
        except (*DAMAGED, tarfile.TarError, zipfile.LargeZipFile) as error:
            if not self.members:
                why = "it is cut off" if isinstance(error, CutOff) else error
                raise self._unreadable(f"cannot be unpacked: {why}", "Is it whole? Try gzip -t, unzip -t.") from None
            self._note("", _told(error))

    def _decoded(self, stream: io.BufferedReader) -> io.BufferedReader:
        for _ in range(LAYERS):
            kind = kind_of(stream.peek(HEAD)[:HEAD])
            if kind is None or kind == "zip" or kind == "tar":
                break
            stream = compression.opened(kind, stream)
        return stream

    def _tar(self, stream: io.BufferedReader) -> None:
        """The archive lies in the pack as it is, and its members are parts of it; compressed ones follow behind."""
        try:
            self._copy(stream)
        except (CutOff, Corrupt) as error:
            self._note("", _told(error))
        with open(self._pack, "rb") as copy:
            tables = _Bounded(copy, self.size)
            with tarfile.open(fileobj=tables, mode="r:", errorlevel=2) as archive:
                for entry in archive:
                    archive.members.clear()  # type: ignore[attr-defined]  # or it remembers every one
                    if not entry.isdir() and (name := self._admitted(entry.name)):
                        self._entry(archive, entry, name, copy.fileno(), tables.end)
                most = min(_BEHIND, tables.end - archive.offset)
                if most > 0 and os.pread(copy.fileno(), most, archive.offset).strip(b"\0"):
                    self._note("", FOLLOWING)

    def _entry(self, archive: tarfile.TarFile, entry: tarfile.TarInfo, name: str, copy: int, end: int) -> None:
        if not entry.isreg() or entry.issparse():
            self._note(name, "it is a link, a device or a sparse file")
        elif kind_of(os.pread(copy, min(HEAD, entry.size), entry.offset_data)) is not None:
            self._member(name, lambda: cast(IO[bytes], archive.extractfile(entry)))
        elif entry.offset_data + entry.size <= end:
            self._add(name, entry.offset_data, entry.size)
        else:
            raise tarfile.ReadError("unexpected end of data")

    def _zip(self, stream: io.BufferedReader) -> None:
        with zipfile.ZipFile(_Bounded(stream)) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or not (name := self._admitted(_name_of(entry))):
                    continue
                if entry.flag_bits & 1:
                    self._note(name, "it is encrypted")
                else:
                    self._member(name, partial(archive.open, entry))

    def _admitted(self, name: str) -> str:
        """The name by which a member is shown, "" where it may not be read. Raises Corrupt where there are too many."""
        if len(self.members) + len(self.notes) >= MOST_MEMBERS:
            raise Corrupt(f"it holds more than {MOST_MEMBERS:,} files")
        found = self._unique(name)
        if not is_secret(name.replace("\\", "/"), self._deny):
            return found
        self.notes.append((found, RefusedFile.by(DocumentDenied("looks like a secret (key, password, token)"))))
        return ""

    def _member(self, name: str, opened: Callable[[], IO[bytes]]) -> None:
        try:
            with opened() as stream:
                decoded = self._decoded(io.BufferedReader(stream, CHUNK))  # type: ignore[arg-type]
                head = decoded.peek(HEAD)[:HEAD]
                if kind_of(head) is None or document_kind(head, name, True) is not None:
                    self._take(name, decoded)
                else:
                    self._note(name, "an archive in an archive is not opened")
        except (*DAMAGED, RuntimeError, NotImplementedError) as error:
            self._note(name, f"it cannot be unpacked: {error or 'it is cut off'}")

    def _take(self, name: str, stream: io.BufferedReader) -> None:
        """One text, to the end of the pack. What was written before a fault stays, and is a text."""
        place = self.size
        try:
            self._copy(stream)
        except DAMAGED as error:
            if self.size == place:
                raise
            self._note(name, _told(error))
        finally:
            if self.size > place:
                self._add(name, place, self.size - place)
                self._write(b"\n")  # as after every text in a pack
        if self.size == place:
            self._add(name, place, 0)

    def _add(self, name: str, place: int, size: int) -> None:
        if size:
            self.members.append(Member(name, place, size))
        else:
            empty = "is empty (0 bytes)" if name else f"{self._name} is empty: it unpacks to 0 bytes."
            self.notes.append((name, RefusedFile.by(DocumentEmpty(empty))))

    def _copy(self, stream: io.BufferedReader) -> None:
        # What was looked at already, then past the buffer: a copy of a gigabyte takes a quarter of a second.
        chunk = stream.read1(len(stream.peek()))
        while chunk:
            self._write(chunk)
            chunk = stream.raw.read(CHUNK)

    def _write(self, chunk: bytes) -> None:
        if self._clock.late():
            raise SearchTimeout(f"Unpacking {self._name} took too long.", "Unpack it, and name what it holds.")
        if self.size + len(chunk) > self._limit + 1:
            raise self._unreadable(
                f"holds more than {self._limit / (1 << 20):,.0f} MiB when unpacked",
                "Unpack what is needed of it, or raise the setting context.unpackMb.",
            )
        view = memoryview(chunk)
        while view:
            try:
                view = view[self._out.write(view) or 0 :]
            except OSError as error:
                raise cannot_write(error) from None
        self.size += len(chunk)

    def _unique(self, name: str) -> str:
        """An archive may hold a name twice, or two that look alike where bytes cannot be shown."""
        name = "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")) or "(no name)"
        found, number = name, self._numbers.get(name, 1)
        while shown(found) in self._names:
            number += 1
            found = f"{name}#{number}"
        self._numbers[name] = number
        self._names.add(shown(found))
        return found

    def _note(self, name: str, why: str) -> None:
        self.notes.append((name, RefusedFile.by(DocumentUnreadable(why))))

    def _unreadable(self, why: str, remedy: str) -> DocumentUnreadable:
        return DocumentUnreadable(f"{self._name} {why}.", remedy)


def _told(error: Exception) -> str:
    """What is said of a text of which only a part could be read."""
    match error:
        case CutOff():
            return CUT_OFF
        case Trailing():
            return TRAILING
        case _:
            return f"it is damaged after what was read: {error}"


def _name_of(entry: zipfile.ZipInfo) -> str:
    """A name without the flag that says so is in UTF-8 all the same, as some systems write it, where it can be."""
    try:
        return entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


class _Bounded(io.RawIOBase):
    """A file, up to its byte `end`, of which not much is read at once: archives' tables are read whole."""

    def __init__(self, stream: BinaryIO, end: int = sys.maxsize) -> None:
        self._stream = stream
        self.end = end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        most = min(MOST_HEADER + 1, self.end - self._stream.tell())
        found = self._stream.read(max(0, most if size < 0 else min(size, most)))
        if size > MOST_HEADER or len(found) > MOST_HEADER:
            raise Corrupt("its table of contents is too large")
        return found
