"""Which texts a Scope means, before any is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.context import names
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.pool import SearchPool
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.walk import Walked, is_secret
from rlm_ls.errors import DocumentDenied, DocumentEmpty, DocumentMissing, DocumentUnreadable, RlmError


@dataclass(slots=True)
class Candidate:
    """A text that a scope means: an open buffer, or a file of `size` bytes; `error` says why it cannot be read."""

    uri: str
    path: str
    size: int = 0
    buffer: Buffer | None = None
    explicit: bool = False
    name: str = ""
    error: RlmError | None = None


@dataclass(slots=True)
class _Named:
    """What the files named one by one turned out to be."""

    candidates: list[Candidate]
    folders: list[str]


async def candidates(scope: Scope, pool: SearchPool, options: ContextOptions) -> list[Candidate]:
    """In the order of the scope: files as named, then the folders' files by path. Names are set and unique."""
    import asyncio

    buffers = await asyncio.to_thread(lambda: {names.key(buffer.uri): buffer for buffer in scope.buffers})
    named = await asyncio.to_thread(_named, scope.files, buffers, options)
    roots = await asyncio.to_thread(_roots, [*scope.roots, *named.folders])
    walked: list[Walked] = []
    if roots:
        walked = await pool.call(
            "walk.walk",
            {
                "roots": roots,
                "include": list(scope.include),
                "exclude": [*options.exclude, *scope.exclude],
                "deny": options.deny,
            },
            options.seconds,
        )
    found = await asyncio.to_thread(_merged, named.candidates, walked, buffers, options)
    for one, name in zip(found, names.short_names([one.path for one in found], roots), strict=True):
        one.name = name
    return found


def _named(files: Sequence[str], buffers: dict[str, Buffer], options: ContextOptions) -> _Named:
    found = _Named([], [])
    seen: set[str] = set()
    for name in files:
        key = names.key(name)
        if key in seen:
            continue
        seen.add(key)
        path = names.file_path(name)
        shown = path or name.partition(":")[2] or name
        one = Candidate(names.file_uri(path) if path else name, shown, explicit=True, buffer=buffers.get(key))
        if one.buffer is not None:
            one.uri = one.buffer.uri
        elif path is None:
            one.error = DocumentMissing(f"There is no open document {name}.", "Open it, or name a file.")
        elif os.path.isdir(path):
            found.folders.append(path)
            continue
        else:
            _look(one, path)
        if path and is_secret(os.path.basename(path), options.deny):
            one.error = DocumentDenied(
                f"{os.path.basename(path)} looks like a secret (key, password, token) and is never read.",
                "Copy what is needed to a file of another name.",
            )
        found.candidates.append(one)
    return found


def _look(one: Candidate, path: str) -> None:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        one.error = DocumentMissing(f"{path} does not exist.", "Check the path.")
        return
    except (OSError, ValueError) as error:
        one.error = DocumentUnreadable(f"{path} cannot be read: {error}.", "Check the path and its permissions.")
        return
    one.size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        one.error = DocumentUnreadable(f"{path} is not a regular file.", "Name a file or a folder.")
    elif not os.access(path, os.R_OK):
        one.error = DocumentUnreadable(f"{path} cannot be read: permission denied.", "Check its permissions.")
    elif not one.size:
        one.error = DocumentEmpty(f"{path} is empty (0 bytes).", "Save some text in it, or name another document.")


def _roots(paths: Sequence[str]) -> list[str]:
    roots = dict.fromkeys(path for name in paths if (path := names.file_path(name)) is not None)
    return [root for root in roots if os.path.isdir(root)]


def _merged(
    named: list[Candidate], walked: list[Walked], buffers: dict[str, Buffer], options: ContextOptions
) -> list[Candidate]:
    seen = {names.key(one.path) for one in named} if walked else set()
    real = {root: os.path.realpath(root) for root in {one.root for one in walked}}
    found = list(named)
    for file in walked:
        # Links are not followed below a root, so its own real path is all it takes.
        key = os.path.normcase(real[file.root] + file.path[len(file.root) :]) if seen or buffers else ""
        if key and key in seen:
            continue
        one = Candidate("", file.path, file.size, buffers.get(key))
        one.uri = one.buffer.uri if one.buffer else names.file_uri(file.path)
        if file.denied:
            one.error = DocumentDenied("looks like a secret (key, password, token)")
        elif one.buffer is None and not file.size:
            one.error = DocumentEmpty("is empty (0 bytes)")
        elif one.buffer is None and file.size > options.max_file_bytes:
            limit = options.max_file_bytes / (1 << 20)
            one.error = DocumentUnreadable(f"is larger than {limit:g} MiB", "Name the file itself to read it.")
        found.append(one)
    return found
