"""Where something is published: the host and the path of a repository, never what somebody signs in with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["github", "gitlab", "gitea", "bitbucket", "sourcehut"]

KINDS: dict[str, Kind] = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "codeberg.org": "gitea",
    "gitea.com": "gitea",
    "bitbucket.org": "bitbucket",
    "git.sr.ht": "sourcehut",
}
OWN: dict[str, Kind] = {"github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}
"""Of hosts named like `gitlab.example.org`, by the first label."""

SAME = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}
"""Where SSH is spoken on the port of HTTPS."""

_SCHEMES = {"https", "http", "ssh", "git", "git+ssh", "ssh+git"}
_SHORT = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//).+)")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_PATH = re.compile(r"~?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){1,8}")


def _poses(host: str) -> bool:
    """`github.com.example.org`"""
    return host.count(".") < 2 or host.startswith(tuple(f"{one}." for one in KINDS))


@dataclass(frozen=True, slots=True)
class Remote:
    kind: Kind
    host: str
    path: str
    """`owner/name`; of GitLab also groups within groups."""


Lines = tuple[int, int, str]
"""First and last line, from 1, and the text that is cited there."""


@dataclass(frozen=True, slots=True)
class Published:
    """The file `path` of a commit, and which of the lines asked about stand there as they are cited."""

    remote: Remote
    commit: str
    path: str
    stands: tuple[bool, ...]


def remote_of(address: str) -> Remote | None:
    """None of an address that is not at a known host, or is not as such hosts have them."""
    address = address.strip()
    if "://" in address:
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        host, path = parts.hostname or "", parts.path
        if parts.scheme.lower() not in _SCHEMES:
            return None
    elif short := _SHORT.fullmatch(address):
        host, path = short["host"], short["path"]
    else:
        return None
    host = SAME.get(host.lower(), host.lower())
    path = path.strip("/").removesuffix(".git")
    kind = KINDS.get(host) or (None if _poses(host) else OWN.get(host.partition(".")[0]))
    if kind is None or not _HOST.fullmatch(host) or not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        return None
    return Remote(kind, host, path)
