"""Private copies of texts that lie elsewhere, by address and version, within a limit; the longest unused go first."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from rlm_ls.context.remote.addresses import BUCKETS, is_node, is_remote, scheme_of, without_password
from rlm_ls.context.remote.fetch import Found
from rlm_ls.context.scope import Scope, Stream
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import DocumentUnreadable, SearchTimeout
from rlm_ls.private import private_folder

LISTING_SECONDS = 120.0
COPY_SECONDS = 6 * 3600.0
SIDE_BY_SIDE = 4
BATCH = 20
"""Texts whose beginning is looked at by one request."""


class RemotePool(SearchPool):
    worker: ClassVar[str] = "rlm_ls.context.remote.worker"


@dataclass(slots=True)
class Copies:
    """The copies in `folder`, shared by all processes of a user. Close it, or workers stay."""

    folder: Path
    _pool: RemotePool | None = None

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def local(self, scope: Scope, most: int, most_files: int, in_place: int | None = None) -> Scope:
        """The scope with every text that lies elsewhere copied here, `most` bytes in all, with those of its streams
        that are copies. Each is of one version.

        Plain texts of at least `in_place` bytes in buckets stay where they are.

        Raises DocumentMissing, DocumentUnreadable, DocumentChanged, RemoteFailed.
        """
        known = {stream.uri for stream in scope.streams}
        folder = f"{self.folder}{os.sep}"
        held = {stream.path: stream.size for stream in scope.streams if stream.path.startswith(folder)}
        most, most_files = most - sum(held.values()), most_files - len(held)
        names = tuple(name for name in dict.fromkeys((*scope.files, *scope.roots)) if _is_new(name, known))
        if not names:
            return scope
        pool = self._pool = self._pool or RemotePool(SIDE_BY_SIDE)
        await asyncio.to_thread(private_folder, self.folder)
        listed: list[tuple[str, list[Found]]] = await pool.call(
            "fetch.listing", {"names": names, "most": most_files}, LISTING_SECONDS
        )
        found = dict(listed)
        every = list({one.url: one for texts in found.values() for one in texts}.values())
        there = await self._staying(pool, every, in_place)
        copying = [one for one in every if one.url not in there]
        self._check_room(copying, most)
        copied = iter(await self._copied(pool, copying, most))
        streams = _apart([there.get(one.url) or next(copied) for one in every])
        named = {name for name, texts in found.items() if [one.url for one in texts] == [name]}
        streams = [replace(one, explicit=of.url in named) for one, of in zip(streams, every, strict=True)]
        by_url = dict(zip([one.url for one in every], streams, strict=True))
        await asyncio.to_thread(self._evict, most, held.keys() | {stream.path for stream in streams})
        return scope.expanded({name: [by_url[one.url] for one in texts] for name, texts in found.items()})

    async def _staying(self, pool: RemotePool, every: Sequence[Found], least: int | None) -> dict[str, Stream]:
        if least is None:
            return {}
        urls = [one.url for one in every if scheme_of(one.url) in BUCKETS and (one.size or 0) >= least]
        batches = [tuple(urls[at : at + BATCH]) for at in range(0, len(urls), BATCH)]
        found: dict[str, Stream] = {}
        results = pool.map("plain.texts", ({"urls": batch} for batch in batches), LISTING_SECONDS)
        async with aclosing(results):
            for batch in batches:
                told = await anext(results)
                if isinstance(told, SearchTimeout):
                    raise told
                for url, one in zip(batch, told, strict=True):
                    if one is not None:
                        version, size, skip = one
                        name = url.partition("://")[2]
                        found[url] = Stream(url, name, url, size, version, stays=True, skip=skip)
        return found

    def _check_room(self, every: Sequence[Found], most: int) -> None:
        size = sum(one.size or 0 for one in every)
        if size > most:
            raise DocumentUnreadable(
                f"{len(every):,} texts of {size / (1 << 20):,.0f} MiB are asked about; "
                f"copies may take {most >> 20:,} MiB.",
                "Raise the setting context.remoteMb, or name fewer texts.",
            )

    async def _copied(self, pool: RemotePool, every: Sequence[Found], most: int) -> list[Stream]:
        # What tells its size has its room; the others share what is left, one after another.
        left = most - sum(found.size or 0 for found in every)
        sharing = asyncio.Lock()

        async def copied(found: Found, path: Path, room: int) -> int:
            arguments = {"url": found.url, "version": found.version, "path": str(path), "most": room}
            size: int = await pool.call("fetch.copy", arguments, COPY_SECONDS)
            return size

        async def one(found: Found) -> Stream:
            nonlocal left
            path = self._path(found)
            size = await asyncio.to_thread(_size, path) if found.version else None
            if size is None and found.size is not None:
                size = await copied(found, path, found.size)
            elif size is None:
                async with sharing:
                    size = await copied(found, path, left)
                    left -= size
            shown = without_password(found.url)
            return Stream(shown, shown.partition("://")[2], str(path), size, version=found.version)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(found)) for found in every]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [task.result() for task in tasks]

    def _path(self, found: Found) -> Path:
        # What tells no version is copied anew each time.
        mark = found.version or os.urandom(16).hex()
        return self.folder / sha256(f"{found.url}\0{mark}".encode("utf-8", "replace")).hexdigest()

    def _evict(self, most: int, in_use: set[str]) -> None:
        with suppress(OSError):
            kept = sorted(
                ((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self.folder)),
                reverse=True,
            )
            total = 0
            for _, size, path in kept:
                total += size
                if total > most and path not in in_use:
                    os.unlink(path)


def _apart(streams: list[Stream]) -> list[Stream]:
    """Two addresses may differ by what is not shown of them."""
    seen: Counter[str] = Counter()
    found = []
    for one in streams:
        seen[one.uri] += 1
        number = seen[one.uri]
        found.append(one if number == 1 else replace(one, uri=f"{one.uri}#{number}", name=f"{one.name}#{number}"))
    return found


def _is_new(name: str, known: set[str]) -> bool:
    return is_remote(name) and not is_node(name) and name not in known


def _size(path: Path) -> int | None:
    """Of a copy that is there; its time of use is noted."""
    try:
        os.utime(path)
        return path.stat().st_size
    except OSError:
        return None
