"""Paths, URIs, and the short names that models and people see."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from rlm_ls.visible import visible_line

_SEPARATORS = re.compile(r"[\\/]+" if os.name == "nt" else "/+")

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")  # two letters at least: `c:` is a drive


def is_uri(name: str) -> bool:
    return _SCHEME.match(name) is not None and not os.path.exists(name)


def file_path(name: str) -> str | None:
    """The path that a `file:` URI or a plain path means; None for other schemes."""
    if not is_uri(name):
        return os.path.abspath(name)
    try:
        parts = urlsplit(name)
    except ValueError:  # `http://[x`
        return None
    if parts.scheme.lower() != "file":
        return None
    if os.name == "nt":
        host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
        return os.path.abspath(url2pathname(host + parts.path.replace("%3A", ":").replace("%3a", ":")))
    return os.path.abspath(os.fsdecode(unquote_to_bytes(parts.path)))  # not all names are UTF-8


def names_something(name: str) -> bool:
    """An empty path would mean the folder that the process is in, which nobody named."""
    return bool(name.strip()) and name.partition(":")[2] != "//"


def file_uri(path: str) -> str:
    return Path(path).as_uri()


INSIDE = "!/"
"""Between an archive's name and that of a member: `logs.zip!/app/a.log`."""


def containing_file(name: str) -> str:
    """The archive that a member's URI or path leads into, the outermost one; `name` itself if it is no member's."""
    path = file_path(name)
    if path is None or "!" not in path or os.path.lexists(path):
        return name
    places = [at for at in range(len(path)) if path.startswith("!" + os.sep, at)]
    return next((file_uri(path[:at]) for at in places if os.path.isfile(path[:at])), name)


def key(name: str) -> str:
    """The same for every spelling of the same file: percent-encoding, links, case where the system has none."""
    path = file_path(name)
    return name if path is None else os.path.normcase(real(path))


def real(path: str) -> str:
    """Where a path leads. A path that no file can have is taken as it is: whoever opens it is told."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


def shown(name: str) -> str:
    """A name as models and people see it: on one line, of characters that can be seen and sent.

    File names may hold line ends, escape sequences, marks that reorder a line, and bytes that are no UTF-8.
    """
    return visible_line(name)


def short_names(paths: Sequence[str], roots: Sequence[str]) -> list[str]:
    """A unique name, as it is shown, for each path: relative to its root, else its last parts, as few as are unique."""
    names = [_below(path, roots) for path in paths]
    parts = [re.split(_SEPARATORS, path) for path in paths]
    depth = [0 if name else 1 for name in names]
    for _ in range(max(map(len, parts), default=0)):
        tried = [name or "/".join(part[-count:]) for name, part, count in zip(names, parts, depth, strict=True)]
        often = Counter(tried)
        clashes = [
            number for number, name in enumerate(tried) if often[name] > 1 and depth[number] < len(parts[number])
        ]
        if not clashes:
            break
        for number in clashes:
            # Two roots with a file of the same name: both get longer tails.
            depth[number] = max(depth[number], (names[number] or "").count("/") + 1) + 1
            names[number] = None
    return _numbered(
        [shown(name or "/".join(part[-count:])) for name, part, count in zip(names, parts, depth, strict=True)]
    )


def _below(path: str, roots: Sequence[str]) -> str | None:
    for root in roots:
        prefix = root.rstrip("/\\") + os.sep
        if path.startswith(prefix):
            return path[len(prefix) :].replace(os.sep, "/")
    return None


def _numbered(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    for number, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[number] = f"{name} ({seen[name]})"
    return names
