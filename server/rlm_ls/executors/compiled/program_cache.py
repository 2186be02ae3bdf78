"""Compiled programs on disk, by what they were compiled from: across runs and restarts, up to a size.

Machine code is trusted by whoever loads it, so the folder is the user's alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from rlm_ls.errors import LevelUnavailable
from rlm_ls.private import private_folder, replace_file

MOST = 256 << 20
"""Bytes kept."""


def key_of(parts: Sequence[str]) -> str:
    """The name of what is made of `parts`: all that has an influence on the machine code."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()


PROGRAMS = "programs"
"""The cache's folder within the state folder."""


class ProgramCache:
    """All methods touch the disk: call them in a thread."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder = folder
        self._most = most

    def open(self) -> None:
        """Makes the folder. Raises LevelUnavailable where it cannot be the user's alone."""
        try:
            private_folder(self._folder, narrow=True)
        except PermissionError as error:
            raise LevelUnavailable(
                f"The folder for compiled programs, {self._folder}, is not yours: {error.strerror}.", "Remove it."
            ) from None
        except OSError as error:
            raise LevelUnavailable(
                f"The folder for compiled programs, {self._folder}, cannot be used: {error.strerror}.",
                "Set RLM_STATE_DIR to a folder of yours.",
            ) from None

    def path(self, key: str, suffix: str) -> Path:
        return self._folder / f"{key}.{suffix}"

    def holds(self, path: Path) -> bool:
        """Whether it is there; then it counts as used just now."""
        with contextlib.suppress(OSError):
            os.utime(path)
            return True
        return False

    def keep(self, path: Path, made: bytes) -> None:
        """A program that its user may run, whole or not at all."""
        replace_file(path, made, 0o700)

    def drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def trim(self) -> None:
        """Drops what was not used for longest until the rest fits."""
        found: list[tuple[float, int, Path]] = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        kept = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if kept <= self._most:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                kept -= size
