"""The input and the result of walking a folder. The walk itself runs in a worker (`ops/files/walk.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rlm_ls.context.sources.stamp import Stamp

NEVER = frozenset({".git", ".hg", ".svn", ".bzr", "CVS", "node_modules", "__pycache__", ".venv", ".tox"})
"""Folders that are not walked, whatever the ignore files say."""

IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is walked, and which of its files are wanted. `include` and `exclude` are relative to the roots;
    `deny` adds patterns of file names to those that are never read (secrets.py)."""

    roots: tuple[str, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    most_bytes: int = 1 << 62
    """Of a file that is walked, to be read."""


Place = tuple[int, str]
"""The number of a root, and a folder's path."""


WalkedFile = tuple[str, Stamp, bool]
"""The name of a file that the rules admit, its stamp, and whether it is refused as a secret. A plain tuple, since many
are sent: one with names takes three times as long to pack."""


class LeftOut(NamedTuple):
    """What a walk cannot or will not read: its name in the folder ("" for the folder itself), and why."""

    name: str
    why: str


class Folder(NamedTuple):
    """A folder that was walked, or could not be.

    `sign` changes with the names in it and with the stamps of its files. If it is not `settled` it may not change
    even so. `ignoring` are the stamps of its ignore files, `folders` the names of those below that were walked.
    `ignored` is one of what they keep out, with the rule that does: `*.log in logs/.gitignore`.
    """

    root: int
    path: str
    sign: int
    settled: bool
    ignoring: tuple[Stamp, ...]
    folders: tuple[str, ...]
    files: tuple[WalkedFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    ignored: str = ""


class Tree(NamedTuple):
    """All that was walked, and the ignore files above the roots with their stamps."""

    folders: list[Folder]
    above: dict[str, Stamp | None]
