"""Which processes are alive: each open store holds a lock that the system releases when its process dies, however it
dies.

A lock is more reliable than a process id: ids are used again, and mean nothing across containers that share a folder.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from rlm_ls.private import private_folder


class Owners:
    """The lock files of one state folder. Used from the store's thread only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "owners"
        self._own: FileLock | None = None
        self.me = uuid.uuid4().hex
        self._left = False

    def enter(self) -> None:
        """Take a lock of our own and clear away those of dead processes. The caller holds the state folder's lock.
        May be called again: a history that is opened anew has the owner it had.
        """
        if self._own is not None:
            return
        private_folder(self._folder)
        for path in self._folder.glob("*.lock"):
            if not self.alive(path.stem):
                path.unlink(missing_ok=True)
        own = FileLock(self._path(self.me), mode=0o600)
        own.acquire(timeout=0)
        self._own = own

    def leave(self) -> None:
        self._left = True
        if self._own is not None:
            self._own.release(force=True)
            self._path(self.me).unlink(missing_ok=True)
            self._own = None

    def alive(self, owner: str) -> bool:
        if owner == self.me and not self._left:
            return True
        path = self._path(owner)
        if not path.exists():
            return False
        probe = FileLock(path, mode=0o600)
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        probe.release(force=True)
        return False

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.lock"
