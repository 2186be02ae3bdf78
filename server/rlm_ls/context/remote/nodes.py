"""Files that lie on a cluster's nodes (`node://host/path`): each is found, and later read, by the nodes of its host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

from rlm_ls.context.document import ANYWHERE, NODE
from rlm_ls.context.ops.files.served import ServedText
from rlm_ls.context.remote.addresses import is_node
from rlm_ls.context.remote.fetch import too_many
from rlm_ls.context.scope import Scope, Stream
from rlm_ls.context.snapshot.intake import RefusedFile
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure
from rlm_ls.context.workers.piece import File, NodePath, together
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import BadRequest, DocumentMissing, NodeGone, RlmError, SearchTimeout

LISTING_SECONDS = 120.0

MOST_FILES = 200
"""Measured by one request."""


async def on_nodes(scope: Scope, pool: Pool, deny: tuple[str, ...], most: int) -> Scope:
    """The scope with a stream for each file of a node that it names, `most` in all; `deny`: names of secrets beside the
    usual ones.

    What some of the nodes cannot list, or not read, has its reason in its stream. Raises RemoteFailed without a
    cluster, NodeGone, DocumentDenied, DocumentMissing, DocumentUnreadable.
    """
    names = [name for name in dict.fromkeys((*scope.files, *scope.roots)) if is_node(name)]
    known = {stream.uri for stream in scope.streams}
    found: dict[str, tuple[Stream, ...]] = {}
    for name in (name for name in names if name not in known):
        found[name] = await _found(name, pool, deny, most)
        if (count := sum(map(len, found.values()))) > most:
            raise too_many(name, count, most)
    return scope.expanded(found) if found else scope


async def _found(name: str, pool: Pool, deny: tuple[str, ...], most: int) -> tuple[Stream, ...]:
    host, _, path = name[len(NODE) :].partition("/")
    if not host or not path.strip("/"):
        raise BadRequest(f"{name[:200]} names no file.", "Write node://HOST/path, or node://*/path for every node.")
    hosts = await pool.hosts(host)
    listings = await asyncio.gather(*(_listed(pool, NodePath(one, f"/{path}"), deny, most) for one in hosts))
    errors = [told for told in listings if isinstance(told, RlmError)]
    if len(errors) == len(hosts):
        raise errors[0]
    streams = [
        _stream(one, text)
        for one, told in zip(hosts, listings, strict=True)
        if not isinstance(told, RlmError)
        for text in told
    ]
    if not streams:
        raise DocumentMissing(f"Nothing is there: {name[:200]}.", "Check the path and the pattern.")
    streams += [
        Stream(f"{NODE}{one}/{path}", f"{one}/{path}", "", 0, explicit=False, stays=True, error=told)
        for one, told in zip(hosts, listings, strict=True)
        if isinstance(told, RlmError)
    ]
    if len(streams) == 1 and streams[0].uri == name:
        return (replace(streams[0], explicit=True),)
    return tuple(streams)


async def _listed(pool: Pool, folder: NodePath, deny: tuple[str, ...], most: int) -> list[ServedText] | RlmError:
    payload = {"folder": folder, "deny": deny, "most": most}
    try:
        found: list[ServedText] = await pool.call("files.served.listing", payload, LISTING_SECONDS)
    except RlmError as error:
        if error.ends_run:
            raise
        return error
    return found


def _stream(host: str, text: ServedText) -> Stream:
    name = f"{host}{text.path}"
    error = text.refused.raised() if text.refused is not None else None
    url = f"{NODE}{name}"
    return Stream(url, name, url, text.size, text.version, False, True, text.skip, error)


Range = tuple[int, File, int]
"""Of a text that is known by a number, the RANGE of bytes that begins at the last of the three."""


def apart(ranges: list[Range]) -> tuple[list[Range], list[Range]]:
    """Those that are measured one by one, and those of files on nodes."""
    there = [one for one in ranges if one[1].source.place not in ("", ANYWHERE)]
    return ([one for one in ranges if one[1].source.place in ("", ANYWHERE)] if there else ranges), there


async def measured(
    pool: Pool, ranges: list[Range], seconds: float
) -> AsyncGenerator[tuple[int, RangeMeasure | RefusedFile], None]:
    """What each is, by its number. Small files are measured many at a time: every request goes to a node.

    Of a node that is gone all files are refused. Raises SearchTimeout.
    """
    asked = list(_requests(ranges))
    payloads = ({"ranges": [(file, at, min(at + RANGE, file.source.size)) for _, file, at in some]} for some in asked)
    told = iter(asked)
    async with aclosing(pool.map("files.inspect.measures", payloads, seconds)) as results:
        async for result in results:
            numbers = [number for number, _, _ in next(told)]
            if isinstance(result, NodeGone):
                result = [RefusedFile.by(result)] * len(numbers)
            elif isinstance(result, SearchTimeout):
                raise SearchTimeout("Reading the documents took too long.", "Ask about fewer or smaller documents.")
            for number, outcome in zip(numbers, result, strict=True):
                yield number, outcome


def _requests(ranges: list[Range]) -> Iterator[list[Range]]:
    for some in together(ranges, lambda one: one[1].source.place, MOST_FILES):
        batch: list[Range] = []
        size = 0
        for one in some:
            batch.append(one)
            size += min(RANGE, one[1].source.size - one[2])
            if size >= RANGE:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
