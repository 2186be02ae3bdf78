"""Addresses of clusters, and which of them are safe to attach to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from rlm_ls.errors import ClusterRefused
from rlm_ls.loopback import is_loopback

MOST_LOCAL = 256

FORMS = "local:4 (processes on this machine), tls://host:8786, or tcp://127.0.0.1:8786"


@dataclass(frozen=True, slots=True)
class Address:
    """`local` processes on this machine, or a scheduler at `url`, with mutual TLS if `tls`."""

    local: int = 0
    url: str = ""
    tls: bool = False

    def __str__(self) -> str:
        return self.url or f"local:{self.local}"


def parse(text: str) -> Address:
    """Raises ClusterRefused for what is no address, and for one that is neither on this machine nor protected."""
    if found := re.fullmatch(r"local:([1-9][0-9]{0,2})", text):
        if int(found[1]) > MOST_LOCAL:
            raise ClusterRefused(f"A cluster on this machine may have at most {MOST_LOCAL} processes.", "Name fewer.")
        return Address(local=int(found[1]))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or not port or parts.path or parts.query or parts.username or parts.scheme not in ("tls", "tcp"):
        raise ClusterRefused("That is no address of a cluster.", f"Use {FORMS}.")
    if parts.scheme == "tls":
        return Address(url=text, tls=True)
    if not is_loopback(host):
        raise ClusterRefused(
            f"The cluster at {host} would be spoken to without encryption, and whoever answers could be anybody.",
            "Set it up with TLS certificates and name it as tls://…, or reach it through this machine.",
        )
    return Address(url=text)


def is_protected(url: str) -> bool:
    """Whether a node's own address is on this machine or encrypted."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "tls" or is_loopback(parts.hostname or "")
    except ValueError:
        return False
