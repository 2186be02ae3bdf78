"""Which texts a Scope means, before any is read."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.remote.addresses import is_remote, without_password
from rlm_ls.context.remote.nodes import on_nodes
from rlm_ls.context.rotation import in_time
from rlm_ls.context.scope import Buffer, Scope, Stream
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.sources import uris
from rlm_ls.context.sources.candidate import Candidate, Inside
from rlm_ls.context.sources.folders import Listing, with_names
from rlm_ls.context.sources.secrets import is_secret
from rlm_ls.context.sources.stamp import stamp_of
from rlm_ls.context.sources.walk import Rules
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import (
    BadRequest,
    DocumentDenied,
    DocumentEmpty,
    DocumentMissing,
    DocumentUnreadable,
    NoDocuments,
    RlmError,
)

LONGEST = 200
"""Characters shown of a name that is too long for a file."""


@dataclass(slots=True)
class _Named:
    """What the files named one by one turned out to be."""

    candidates: list[Candidate]
    folders: list[str]


async def candidates(
    scope: Scope, pool: Pool, options: ContextOptions, snapshot_cache: SnapshotCache
) -> tuple[Sequence[Candidate], str]:
    """The scope's texts, and a rule of an ignore file that left some out, if any did.

    First the files as named, then the folders' files by path. Each has a unique name.

    The pieces of a rotated log go from the oldest to the newest, so that first and last mean time.
    """
    if not all(uris.names_something(name) for name in (*scope.files, *scope.roots)):
        raise BadRequest(
            "The name of a document or folder is empty.", "Give a path or a URI; . is the folder you are in."
        )

    async def placed(scope: Scope) -> Scope:
        scope = await on_nodes(scope, pool, options.deny, options.remote_files)
        if snapshot_cache.copies is None:
            return scope
        return await snapshot_cache.copies.local(scope, options.remote_bytes, options.remote_files, pool.in_place)

    scope = await _with_elsewhere(await placed(scope), placed)
    buffers = await asyncio.to_thread(lambda: {uris.key(buffer.uri): buffer for buffer in scope.buffers})
    named = await asyncio.to_thread(_named, scope, buffers, options)
    roots = await asyncio.to_thread(_roots, [*scope.roots, *named.folders])
    if not roots:
        return with_names(named.candidates, roots), ""
    rules = Rules(tuple(roots), scope.include, (*options.exclude, *scope.exclude), options.deny, options.max_file_bytes)
    listing = await snapshot_cache.listing(rules, pool, options.seconds)
    if listing.ignored and not (listing.candidates or listing.left_out or named.candidates or buffers):
        raise NoDocuments(
            f"All that is in {uris.shown(', '.join(roots))[:1000]} is left out by ignore files "
            f"({uris.shown(listing.ignored)}).",
            "Name the files themselves, or set include globs: --include '*' in a terminal.",
        )
    found = await asyncio.to_thread(_merged, named.candidates, listing, roots, buffers)
    return found, uris.shown(listing.ignored)


async def _with_elsewhere(scope: Scope, placed: Callable[[Scope], Awaitable[Scope]]) -> Scope:
    """The scope with the texts that `elsewhere` stands for, or in their place with why they cannot be read."""
    for name in scope.elsewhere:
        alone = Scope("files", files=(name,), streams=scope.streams)
        try:
            if not is_remote(name):
                raise BadRequest(f"Nothing reads {name[:200]}.", "Correct the setting context.remote.")
            found = await placed(alone)
        except RlmError as error:
            shown = without_password(name)
            found = alone.expanded({name: [Stream(shown, shown.partition("://")[2] or shown, "", 0, error=error)]})
        new = tuple(replace(one, explicit=False) for one in found.streams[len(scope.streams) :])
        scope = replace(scope, files=(*scope.files, *found.files), streams=(*scope.streams, *new))
    return scope


def _named(scope: Scope, buffers: dict[str, Buffer], options: ContextOptions) -> _Named:
    found = _Named([], [])
    seen: set[str] = set()
    streams = {stream.uri: stream for stream in scope.streams}
    for name in scope.files:
        name = uris.containing_file(name)
        key = uris.key(name)
        if key in seen:
            continue
        seen.add(key)
        path = uris.file_path(name)
        shown = path or name.partition(":")[2] or name
        one = Candidate(uris.file_uri(path) if path else name, shown, explicit=True, buffer=buffers.get(key))
        if (stream := streams.get(name)) is not None:
            _stream(one, stream)
        elif one.buffer is not None:
            one.uri = one.buffer.uri
        elif path is None:
            one.error = DocumentMissing(f"There is no open document {uris.shown(name)}.", "Open it, or name a file.")
        elif os.path.isdir(path):
            found.folders.append(path)
            continue
        else:
            _look(one, path)
        # What a link leads to counts as well, and so does the path of a text that only the editor can read.
        if is_secret(shown, options.deny) or (path and is_secret(uris.real(path), options.deny)):
            one.error = DocumentDenied(
                f"{uris.shown(os.path.basename(shown))} looks like a secret (key, password, token) and is never read.",
                "Copy what is needed to a file of another name.",
            )
        found.candidates.append(one)
    found.candidates = [found.candidates[number] for number in in_time([one.path for one in found.candidates])]
    return found


def _stream(one: Candidate, stream: Stream) -> None:
    mark = int(stream.version[:15] or "0", 16)
    one.path, one.size, one.stamp = stream.name, stream.size, (stream.size, mark, 0, 0)
    one.inside, one.explicit = Inside(stream.path, settled=bool(stream.version), raw=True), stream.explicit
    if stream.stays:
        one.inside, one.size = (
            Inside(stream.path, stream.skip, settled=True, version=stream.version),
            stream.size - stream.skip,
        )
    one.error = stream.error
    if not stream.size and one.error is None:
        one.error = DocumentEmpty(f"{one.path} gave nothing (0 bytes).", "Does the command before it print something?")


def _look(one: Candidate, path: str) -> None:
    shown = uris.shown(path)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        one.error = DocumentMissing(f"{shown} does not exist.", "Check the path.")
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            one.error = DocumentMissing(f"No file can be named {shown[:LONGEST]}…: {why}.", "Check the path.")
        else:
            one.error = DocumentUnreadable(f"{shown} cannot be read: {why}.", "Check the path and its permissions.")
        return
    one.size, one.stamp = status.st_size, stamp_of(status)
    if not stat.S_ISREG(status.st_mode):
        one.error = DocumentUnreadable(f"{shown} is not a regular file.", "Name a file or a folder.")
    elif not os.access(path, os.R_OK):
        one.error = DocumentUnreadable(f"{shown} cannot be read: permission denied.", "Check its permissions.")
    elif not one.size:
        one.error = DocumentEmpty(f"{shown} is empty (0 bytes).", "Save some text in it, or name another document.")


def _roots(paths: Sequence[str]) -> list[str]:
    roots = dict.fromkeys(path for name in paths if (path := uris.file_path(name)) is not None)
    return [root for root in roots if os.path.isdir(root)]


def _merged(
    named: list[Candidate], listing: Listing, roots: Sequence[str], buffers: dict[str, Buffer]
) -> Sequence[Candidate]:
    walked, left_out = listing.candidates, listing.left_out
    if not named and not buffers:
        return with_names([*walked, *left_out], roots) if left_out else walked
    found = list(walked)
    for key, buffer in buffers.items():
        for number in _places(listing, roots, key):
            old = found[number]
            denied = old.error if isinstance(old.error, DocumentDenied) else None
            found[number] = Candidate(buffer.uri, old.path, old.size, None, buffer, name=old.name, error=denied)
    if not named:
        return with_names([*found, *left_out], roots)
    again = {number for one in named for number in _places(listing, roots, uris.key(one.path))}
    return with_names([*named, *(one for number, one in enumerate(found) if number not in again), *left_out], roots)


def _places(listing: Listing, roots: Sequence[str], key: str) -> list[int]:
    """The index in the listing of each file, by the file's key. Links are followed to a root, not below it."""
    found = []
    for root in roots:
        real = os.path.normcase(uris.real(root))
        if key.startswith(real.rstrip(os.sep) + os.sep):
            number = listing.place(root.rstrip(os.sep) + key[len(real.rstrip(os.sep)) :])
            if number is not None and number not in found:
                found.append(number)
    return found
