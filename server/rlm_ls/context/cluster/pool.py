"""The pool whose processes are a cluster's: searches of whole texts go there, all else is done here as before."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Any

from rlm_ls.context.cluster.address import parse
from rlm_ls.context.cluster.connection import AHEAD, Connection
from rlm_ls.context.cluster.replies import read
from rlm_ls.context.document import ANYWHERE
from rlm_ls.context.workers.mapping import in_order
from rlm_ls.context.workers.piece import Bundle, File, NodePath
from rlm_ls.context.workers.pool import GRACE_SECONDS, late, result
from rlm_ls.context.workers.protocol import Arrived, Payload, Pool
from rlm_ls.context.workers.worker import frame
from rlm_ls.errors import SearchFailed, SearchTimeout

PIECE = 64 << 20
"""Bytes of a large document that one node searches at a time: with less, sending takes too much of the time."""

IN_PLACE = 8 << 20
"""Bytes from which on it pays that the nodes read an object themselves."""

TRIES = 3
"""Times that a search is sent out whose process dies."""


class ClusterPool:
    """`here` does what needs this machine. Attaches when first needed, and anew when the scheduler was lost.

    Where the cluster is on this machine its processes search the texts that are here; others search what they can read
    themselves. Close it, or connections and processes stay; `here` is not its own.
    """

    def __init__(
        self, address: str, here: Pool, piece_bytes: int = PIECE, in_place: int = IN_PLACE, shared: bool | None = None
    ) -> None:
        """`in_place`: see Pool. `shared`: whether the nodes see this machine's files; None: as the address says."""
        self._text = address
        self._here = here
        self._piece = piece_bytes
        self._in_place = in_place
        self._shared = address.startswith("local:") if shared is None else shared
        self._attached: Connection | None = None
        self._attaching = asyncio.Lock()
        self._numbers = itertools.count()
        self._closed = False
        self.programs: Pool | None = Programs(self)

    @property
    def in_place(self) -> int | None:
        return self._in_place

    @property
    def cluster(self) -> str:
        return self._text

    @property
    def size(self) -> int:
        return self._attached.size if self._attached is not None else self._here.size

    def piece_bytes(self, file: File) -> int:
        return self._piece if self._shared or file.source.version else self._here.piece_bytes(file)

    async def ready(self) -> None:
        await self.connection()

    async def hosts(self, name: str) -> tuple[str, ...]:
        return await (await self.connection()).hosts(name)

    async def connection(self) -> Connection:
        """Raises ClusterFailed, ClusterRefused, ClusterMismatch."""
        async with self._attaching:
            if self._closed:
                raise SearchFailed("The server is shutting down.")
            if self._attached is not None and self._attached.lost.is_set():
                gone, self._attached = self._attached, None
                await gone.close()
            if self._attached is None:
                self._attached = await Connection.open(parse(self._text))
            return self._attached

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        if not self.place(payload):
            return await self._here.call(operation, payload, deadline_seconds)
        return await self.sent(operation, payload, deadline_seconds)

    async def sent(self, operation: str, payload: Payload, deadline_seconds: float, program: bool = False) -> Any:
        """`call`, by a node: by its search processes, or those for programs."""
        end = time.monotonic() + deadline_seconds
        place, died = self.place(payload), ""
        host = "" if place == ANYWHERE else place
        try:
            async with asyncio.timeout(deadline_seconds + GRACE_SECONDS):
                there = await self.connection()
                async with there.slots:
                    for _ in range(TRIES):
                        if (left := end - time.monotonic()) <= 0:
                            raise TimeoutError
                        job = str(next(self._numbers))
                        status, body = await there.run(job, frame((operation, payload, left)), left, program, host)
                        if status == "reply":
                            return result(read(body))
                        if status == "late":
                            raise TimeoutError
                        died = body.decode("utf-8", "replace")[:200]
        except TimeoutError:
            raise late(deadline_seconds) from None
        raise SearchFailed(died or "The nodes lost touch with this machine.", "Try again with a smaller region.")

    def map(
        self, operation: str, payloads: Iterable[Payload], deadline_seconds: float, arrived: Arrived | None = None
    ) -> AsyncGenerator[Any | SearchTimeout, None]:
        return in_order(self.call, self.width, operation, payloads, deadline_seconds, self.place, arrived)

    async def close(self) -> None:
        self._closed = True
        async with self._attaching:
            if self._attached is not None:
                await self._attached.close()

    def place(self, payload: Payload) -> str:
        places = set(_places(payload.values()))
        if len(nodes := places - {"", ANYWHERE}) > 1:
            raise SearchFailed("Texts of several nodes were asked about in one request.", "Please report this.")
        if nodes:
            return nodes.pop()
        return ANYWHERE if places == {ANYWHERE} or (self._shared and "pieces" in payload) else ""

    def width(self, place: str) -> int:
        if self._attached is None or place in ("", ANYWHERE):
            return AHEAD * self.size
        return AHEAD * self._attached.threads(place)


class Programs:
    """A cluster's processes for compiled programs. `call` sends what it is given: ask for its `place` before."""

    programs: Pool | None = None
    in_place: int | None = None

    def __init__(self, cluster: ClusterPool) -> None:
        self._cluster = cluster

    @property
    def cluster(self) -> str:
        return self._cluster.cluster

    @property
    def size(self) -> int:
        return self._cluster.size

    def place(self, payload: Payload) -> str:
        return self._cluster.place(payload)

    def width(self, place: str) -> int:
        return self._cluster.width(place)

    async def hosts(self, name: str) -> tuple[str, ...]:
        return await self._cluster.hosts(name)

    def piece_bytes(self, file: File) -> int:
        return self._cluster.piece_bytes(file)

    async def ready(self) -> None:
        await self._cluster.ready()

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        return await self._cluster.sent(operation, payload, deadline_seconds, program=True)

    def map(
        self, operation: str, payloads: Iterable[Payload], deadline_seconds: float, arrived: Arrived | None = None
    ) -> AsyncGenerator[Any | SearchTimeout, None]:
        return in_order(self.call, self.width, operation, payloads, deadline_seconds, self.place, arrived)

    async def close(self) -> None:
        """It is its cluster's."""


def _places(values: Iterable[Any]) -> Iterator[str]:
    """Of every text that is named, where it can be read."""
    for value in values:
        if isinstance(value, Bundle):
            yield ""
        elif isinstance(value, NodePath):
            yield value.host
        elif isinstance(file := getattr(value, "file", value), File):
            yield file.source.place
        elif isinstance(value, (list, tuple)):
            yield from _places(value)
        elif isinstance(value, dict):
            yield from _places(value.values())
