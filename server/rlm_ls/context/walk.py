"""What the walk of a folder is told and what it brings back. The walk itself runs in a worker (ops/walk.py)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from rlm_ls.context.stamp import Stamp

SECRETS = (
    ".env", ".env.*", "*.pem", "*.key", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.p12", "*.pfx", "*.jks",
    "*.keystore", "*.kdbx", "*.ppk", ".netrc", "_netrc", ".pypirc", ".npmrc", ".git-credentials", ".htpasswd",
    ".pgpass", "credentials", "credentials.*", "secrets.*", "*.tfstate",
)  # fmt: skip
"""File names (any case) that never enter a Context: keys, passwords, tokens."""

HARMLESS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")
"""File names that look like SECRETS and hold none."""

NEVER = frozenset({".git", ".hg", ".svn", ".bzr", "CVS", "node_modules", "__pycache__", ".venv", ".tox"})
"""Folders that are not walked, whatever the ignore files say."""

IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")


def is_secret(name: str, deny: tuple[str, ...]) -> bool:
    """Whether a file of this name (without folders) stays out."""
    lower = name.lower()
    return _any_of(deny).match(lower) is not None and _any_of(HARMLESS).match(lower) is None


@lru_cache(maxsize=32)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns) or r"(?!)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is walked, and which of its files are wanted. `include` and `exclude` are relative to the roots."""

    roots: tuple[str, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    deny: tuple[str, ...] = SECRETS


Place = tuple[int, str]
"""The number of a root, and a folder's path."""


class Walked(NamedTuple):
    """A file that the rules let through, or that is kept out as a secret. Plain, for there are many to be sent."""

    name: str
    stamp: Stamp
    denied: bool


class Folder(NamedTuple):
    """A folder that was walked.

    `sign` changes with the names in it and with the stamps of its files. If it is not `settled` it may not change
    even so. `ignoring` are the stamps of its ignore files, `folders` the names of those below that were walked.
    """

    root: int
    path: str
    sign: int
    settled: bool
    ignoring: tuple[Stamp, ...]
    folders: tuple[str, ...]
    files: tuple[Walked, ...]


class Tree(NamedTuple):
    """All that was walked, and the ignore files above the roots with their stamps."""

    folders: list[Folder]
    above: dict[str, Stamp | None]
