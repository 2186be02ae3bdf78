"""Which files an agent may have read: what lies below the folders that it was started for, or that its client names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.sources.uris import file_path
from rlm_ls.errors import BadRequest, DocumentDenied
from rlm_ls.visible import visible_line

MOST_PATHS = 1000
MOST_TEXT = 16 << 20
"""Characters of a text that is handed over instead of a path."""
TEXT_URI = "untitled:text"


@dataclass(frozen=True, slots=True)
class Bounds:
    """`own` are the folders that the server was started for. `named` are the client's roots: None where it names none.

    Where there are both, a file must lie below one of each: neither widens the other.
    """

    own: tuple[Path, ...]
    named: tuple[Path, ...] | None = None

    async def scope(self, paths: Sequence[str], text: str | None) -> Scope:
        """The Scope of paths or of a text. Raises BadRequest, DocumentDenied."""
        if text is not None:
            return _of_text(paths, text)
        if not paths:
            raise BadRequest("Neither paths nor a text are given.", "Name files or folders, or hand over a text.")
        if len(paths) > MOST_PATHS:
            raise BadRequest(f"{len(paths):,} paths are named; at most {MOST_PATHS:,} are taken.", "Name their folder.")
        return await asyncio.to_thread(self._of_paths, tuple(paths))

    def _of_paths(self, paths: Sequence[str]) -> Scope:
        found = [self._within(path) for path in paths]
        roots = tuple(str(path) for path in found if path.is_dir())
        files = tuple(str(path) for path in found if str(path) not in roots)
        return Scope(kind="document" if len(files) == 1 and not roots else "files", files=files, roots=roots)

    def _within(self, given: str) -> Path:
        """The path with its links followed: what a link leads to is what is read."""
        path = file_path(given if os.path.isabs(given) or "://" in given else os.path.join(self._base(given), given))
        if path is None or "\0" in given:
            raise BadRequest(f"{visible_line(given)} is no path of a file.", "Give a path or a file: URI.")
        real = Path(os.path.realpath(path))
        for folders in (self.own, self.named):
            if folders is not None and not any(real.is_relative_to(folder) for folder in folders):
                raise DocumentDenied(
                    f"{visible_line(given)} lies outside the folders that may be read here.",
                    "Start rlm-ls mcp with --root FOLDER, or add the folder to the client's workspace.",
                )
        return real

    def _base(self, given: str) -> Path:
        folders = self.named or self.own
        if len(folders) != 1:
            raise BadRequest(f"{visible_line(given)} may lie in any of {len(folders)} folders.", "Give its whole path.")
        return folders[0]


def _of_text(paths: Sequence[str], text: str) -> Scope:
    if paths:
        raise BadRequest("Both paths and a text are given.", "Give one of them.")
    if len(text) > MOST_TEXT:
        raise BadRequest(f"The text has {len(text):,} characters; at most {MOST_TEXT:,} are taken.", "Name its file.")
    return Scope(kind="document", files=(TEXT_URI,), buffers=(Buffer(TEXT_URI, text),))


def folders_of(uris: Sequence[str]) -> tuple[Path, ...]:
    """The folders among a client's roots; what is no `file:` URI cannot be read and is left out."""
    paths = [file_path(uri) for uri in uris if uri.lower().startswith("file:")]
    return tuple(Path(os.path.realpath(path)) for path in paths if path is not None)
