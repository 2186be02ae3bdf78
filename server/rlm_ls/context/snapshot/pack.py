"""Private pack files for small and converted texts, and the descriptors kept open for large files."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import threading

from rlm_ls.context.sources.stamp import opened_file
from rlm_ls.errors import NoDocuments
from rlm_ls.private import is_own
from rlm_ls.processes import is_alive

PREFIX = "rlm-ls-"
MOST_HELD = 256
"""Files kept open at once; more are known by device and inode instead."""


class Pack:
    """A private file that only grows. It is deleted when its last user drops it.

    `path` is for workers. Where there is /proc, they open our own descriptor through it, and the file has no name.
    `written` counts the bytes of all texts, including those no longer used; `kept` are the keys of texts that may be
    used again.

    A thread may still write when a stopped question drops the pack: then its writing fails, and never goes to whatever
    file is given the same descriptor next.
    """

    __slots__ = ("_descriptor", "_folder", "_lock", "_users", "kept", "path", "size", "used_at", "written")

    def __init__(self, folder: str | None) -> None:
        _remove_stale(folder or tempfile.gettempdir())
        self._folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=folder)  # mode 0700
        self.path = os.path.join(self._folder, "pack")
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._lock = threading.Lock()
        self._users = 1
        self.size = self.written = self.used_at = 0
        self.kept: set[object] = set()
        through = _through_proc(self._descriptor)
        if through:
            self.path = through
            self._remove_folder()  # nothing is left behind, not even by kill -9

    def reserve(self, size: int) -> int:
        """Reserve `size` bytes for one writer. Returns their offset."""
        place = self.size
        self.size += size
        return place

    def append(self, raw: bytes) -> int:
        """Writes at the end; where. Raises NoDocuments when the disk is full."""
        with self._lock:
            if not self._users:
                raise _stopped()
            place = self.reserve(len(raw))
            os.lseek(self._descriptor, place, os.SEEK_SET)
            view = memoryview(raw)
            while view:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except OSError as error:
                    raise cannot_write(error) from None
            self.written += len(raw)
            return place

    def use(self) -> None:
        with self._lock:
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class HeldFiles:
    """The packs and open files of one run: readable to its end, even if the files are renamed or deleted. Close it at
    the end, from any thread.

    A question that is stopped leaves its threads running for a moment. What they would still add is let go at once.
    """

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._descriptors: list[int] = []
        self._packs: set[Pack] = set()
        self._own: Pack | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def own(self) -> Pack:
        """The pack for texts that only this run uses, such as open buffers."""
        if self._own is None:
            self._own = self.new()
        return self._own

    def new(self) -> Pack:
        """A new pack for one text or archive. It lives as long as it is used."""
        pack = Pack(self._folder)
        self._add(pack)
        return pack

    def use(self, pack: Pack) -> None:
        if pack not in self._packs:
            pack.use()
            self._add(pack)

    def _add(self, pack: Pack) -> None:
        """Takes over one use of a pack."""
        with self._lock:
            if not self._closed:
                self._packs.add(pack)
                return
        pack.release()
        raise _stopped()

    def holds(self, pack: Pack) -> bool:
        return pack in self._packs

    def open(self, path: str) -> tuple[str, os.stat_result, bool]:
        """Open a file. Returns the path for workers, the file's state, and whether that path may later name another
        file."""
        descriptor, status = opened_file(path)
        through = _through_proc(descriptor) if len(self._descriptors) < MOST_HELD else ""
        with self._lock:
            if through and not self._closed:
                self._descriptors.append(descriptor)
                return through, status, False
        os.close(descriptor)
        return path, status, True

    def close(self) -> None:
        with self._lock:
            self._closed = True
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._descriptors.clear()
        for pack in self._packs:
            pack.release()
        self._packs.clear()


def _stopped() -> NoDocuments:
    return NoDocuments("The question was stopped while its documents were read.", "Ask again.")


def cannot_write(error: OSError) -> NoDocuments:
    return NoDocuments(
        f"The private copy of the documents cannot be written: {error.strerror}.", "Make room in the temporary folder."
    )


def _through_proc(descriptor: int) -> str:
    path = f"/proc/{os.getpid()}/fd/{descriptor}"
    return path if os.access(path, os.R_OK) else ""


def _remove_stale(folder: str) -> None:
    """Removes the packs of processes that have ended."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            match = re.fullmatch(rf"{PREFIX}(\d+)-\w+", name)
            place = os.path.join(folder, name)
            if match and is_own(place) and not is_alive(int(match.group(1))):
                shutil.rmtree(place, ignore_errors=True)
