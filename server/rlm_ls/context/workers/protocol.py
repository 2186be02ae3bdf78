"""What searches ask of whoever has processes for them: this machine (`pool`), or others (`context/cluster`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any, Protocol

from rlm_ls.context.workers.piece import File
from rlm_ls.errors import SearchTimeout

Payload = Mapping[str, Any]

Arrived = Callable[[Any], None]
"""Is told each result as it comes, before its turn: how far a search is."""

PIECE = 8 << 20
"""Bytes of a large document that one process of this machine searches at a time."""


class Pool(Protocol):
    """Runs operations, named `module.function` of `rlm_ls.context.ops`, in `size` processes at once.

    `in_place`: objects in buckets of at least so many bytes stay there, and are read by those processes; None: all
    texts that lie elsewhere are copied here first. `cluster`: the address of those machines; "" where there are none.
    """

    @property
    def size(self) -> int: ...

    @property
    def in_place(self) -> int | None: ...

    @property
    def cluster(self) -> str: ...

    @property
    def programs(self) -> Pool | None:
        """Processes elsewhere that run compiled programs; None: they run on this machine only."""
        ...

    def place(self, payload: Payload) -> str:
        """Which machines do what `payload` asks for: "" for this one, ANYWHERE, or the host of a cluster's node."""
        ...

    def width(self, place: str) -> int:
        """How many requests for a place to send at once."""
        ...

    async def hosts(self, name: str) -> tuple[str, ...]:
        """The hosts that a name means, or an address, or a pattern of these: of a cluster's nodes.

        Raises RemoteFailed where there is no cluster, NodeGone where it has no such node.
        """
        ...

    def piece_bytes(self, file: File) -> int:
        """How much of a large document one request may search."""
        ...

    async def ready(self) -> None:
        """Raises RlmError for what stands in the way of every search, before anything is spent on a question."""
        ...

    async def call(self, operation: str, payload: Payload, deadline_seconds: float) -> Any:
        """The operation's result.

        Raises SearchTimeout when it is not there in time, SearchFailed when its process died, and whatever RlmError
        the operation raised. Cancelling stops it at once.
        """
        ...

    def map(
        self,
        operation: str,
        payloads: Iterable[Payload],
        deadline_seconds: float,
        arrived: Arrived | None = None,
    ) -> AsyncGenerator[Any | SearchTimeout, None]:
        """Results in the order of `payloads`, which are drawn as processes become free.

        An item that is not done in time is a SearchTimeout in its place; any other error is raised and stops the
        rest. Use `contextlib.aclosing` when leaving the loop early, so that the rest is stopped at once.
        """
        ...

    async def close(self) -> None: ...
