"""The private file that holds a Context's small and converted texts, and the descriptors kept open for the large."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile

PREFIX = "rlm-ls-"
MOST_HELD = 256
"""Files kept open at once; more are known by device and inode instead."""


class Hold:
    """Files that a run must be able to read to its end, whatever happens to their names. Close it at the end.

    Where /proc is there, workers open our own descriptors through it: a file that is renamed or deleted stays.
    """

    def __init__(self, folder: str | None) -> None:
        _remove_stale(folder or tempfile.gettempdir())
        self._descriptors: list[int] = []
        self._folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=folder)  # mode 0700
        path = os.path.join(self._folder, "pack")
        self.pack_descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._descriptors.append(self.pack_descriptor)
        self.pack = path
        through = _through_proc(self.pack_descriptor)
        if through:
            self.pack = through
            self._remove_folder()  # nothing is left behind, not even by kill -9

    def open(self, path: str) -> tuple[int, str, os.stat_result, bool]:
        """A descriptor, the path for workers, its state, and whether that path may come to mean another file."""
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        status = os.fstat(descriptor)
        through = _through_proc(descriptor) if len(self._descriptors) < MOST_HELD else ""
        if through:
            self._descriptors.append(descriptor)
            return descriptor, through, status, False
        os.close(descriptor)
        return -1, path, status, True

    def close(self) -> None:
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._descriptors.clear()
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _through_proc(descriptor: int) -> str:
    path = f"/proc/{os.getpid()}/fd/{descriptor}"
    return path if os.access(path, os.R_OK) else ""


def _remove_stale(folder: str) -> None:
    """Removes what processes that are no more have left."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            match = re.fullmatch(rf"{PREFIX}(\d+)-\w+", name)
            if match and not _alive(int(match.group(1))):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def _alive(process: int) -> bool:
    if os.name == "nt":
        # os.kill would end it; a folder in use cannot be removed on Windows anyway.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
