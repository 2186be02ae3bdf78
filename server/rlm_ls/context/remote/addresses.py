"""Names of texts that lie elsewhere, and what must be installed to read them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from rlm_ls.context.document import NODE
from rlm_ls.errors import DocumentEncoding

EXTRAS = {
    "s3": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "sftp": "ssh",
    "ssh": "ssh",
    "http": "",
    "https": "",
}
"""By scheme, the extra of rlm-ls that brings its library; "" for what is always there."""

BUCKETS = {"s3", "gs", "gcs", "az", "abfs", "abfss"}
"""Schemes of places that many machines can read from by ranges at once, each with credentials of its own."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.")
_GLOB = re.compile(r"[*?\[]")


def scheme_of(name: str) -> str:
    match = _SCHEME.match(name)
    return match[1].lower() if match else ""


def is_remote(name: str) -> bool:
    try:
        return (scheme_of(name) in EXTRAS or is_node(name)) and bool(urlsplit(name).netloc)
    except ValueError:  # `http://[x`
        return False


def is_node(name: str) -> bool:
    """Whether it names files that lie on a cluster's nodes."""
    return name[: len(NODE)].lower() == NODE


def not_plain(name: str, address: str) -> DocumentEncoding:
    """Of a text that stays where it lies, and only when it was read turned out to be something else than plain text."""
    return DocumentEncoding(
        f"{name} is not plain UTF-8 text throughout, and is not searched where it lies.",
        "Convert it on its node." if is_node(address) else "Ask without a cluster: then it is copied here.",
    )


def is_pattern(name: str) -> bool:
    """Whether a name stands for several: `s3://logs/2026-11-*/*.log.gz`. On the web `?` begins a query."""
    if scheme_of(name) in ("http", "https"):
        return False
    return _GLOB.search(name) is not None


def without_password(name: str) -> str:
    """The address as it may be shown and kept: without a password, and without what a signed address proves."""
    try:
        parts = urlsplit(name)
        host = parts.netloc.rpartition("@")[2]
        user = parts.username
    except ValueError:
        return name.partition("?")[0]
    place = f"{user}@{host}" if user and parts.password is None else host
    return urlunsplit((parts.scheme, place, parts.path, "", ""))
