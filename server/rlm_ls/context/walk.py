"""What the walk of a folder is told and what it brings back. The walk itself runs in a worker (ops/walk.py)."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch

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


def is_secret(name: str, deny: tuple[str, ...]) -> bool:
    """Whether a file of this name (without folders) stays out."""
    lower = name.lower()
    if any(fnmatch(lower, pattern) for pattern in HARMLESS):
        return False
    return any(fnmatch(lower, pattern.lower()) for pattern in deny)


@dataclass(frozen=True, slots=True)
class Walked:
    """A file below a root. `size` is in bytes."""

    root: str
    path: str
    size: int
    denied: bool
