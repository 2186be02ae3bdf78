"""Files made for clients that can show nothing else: in a private folder, gone with the server.

Not in the history's folder, for they hold lines that nobody cited.
"""

from __future__ import annotations

from pathlib import Path

from rlm_ls.private import replace_file

KEPT = 100


class ShownFiles:
    """Not for the event loop: it reads and writes a folder."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def write(self, name: str, text: str) -> Path:
        """The file of this name, which is the oldest no more. Raises OSError."""
        if self._folder is None:
            import tempfile  # not on the way to `initialize`

            self._folder = Path(tempfile.mkdtemp(prefix="rlm-ls-"))
        shown = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for old in shown[: -KEPT + 1]:
            old.unlink(missing_ok=True)
        path = self._folder / name
        replace_file(path, text.encode("utf-8", "replace"))
        return path

    def close(self) -> None:
        if self._folder is not None:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
