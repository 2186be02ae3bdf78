"""Cutting a Selection into pieces, having them searched by the pool, and saying how far that got."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import Any
from weakref import WeakKeyDictionary

from rlm_ls.context.document import SMALL, Part, Selection, base_of, counts_between
from rlm_ls.context.search.progress import Listener, Progress
from rlm_ls.context.snapshot.columns import Files
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.piece import Bundling, Piece, Pieces, size_of
from rlm_ls.context.workers.protocol import Pool

MOST_PIECES = 500
"""Parts of documents searched by one request."""

FEW = 1000
"""Parts that are gone through on the event loop."""

LEAST = 1 << 20
"""Bytes of a piece, where a document is cut."""

LARGER = 4
"""How many times as large pieces may be where there are to be few."""

QUICK = 0.05
"""Seconds that a piece takes at most, on average, for the next one to be larger."""


_CUT: WeakKeyDictionary[Files, tuple[Pool, Selection, list[Pieces]]] = WeakKeyDictionary()
"""All of many documents, cut into pieces: for the next question about the same ones."""


class Scanner:
    """Runs an operation over a Selection, in pieces, by the workers. All kinds of search use it. One per run."""

    def __init__(self, context: Context, pool: Pool, deadline_seconds: float = 20.0) -> None:
        self.context = context
        self.pool = pool
        self.deadline_seconds = deadline_seconds
        self.listener: Listener | None = None
        """Is told of each search that takes its time how far it is."""
        self.gone: dict[str, None] = {}
        """What was said of nodes that were not there."""
        self.last: Progress | None = None
        """Of the search that was begun last."""
        pool_then, limit, pieces = _CUT.get(context.files, (None, (), None))
        self._limit = pieces if pool_then is pool and limit is context.limit else None

    async def call(self, operation: str, **payload: Any) -> Any:
        return await self.pool.call(operation, payload, self.deadline_seconds)

    async def scan(
        self,
        operation: str,
        within: Selection,
        progress: Progress,
        *,
        whole: bool = False,
        **payload: Any,
    ) -> AsyncGenerator[Any, None]:
        """What the operation found in each batch of pieces, in order, without those that were not done in time.

        Its results are tuples whose last item is the bytes searched. A payload value may be a function: it is called
        when a batch is sent. With `whole` parts are not cut, for patterns that cross lines.
        """

        # Thousands of documents are cut once, and alike for every search; fewer into few pieces, since each costs as
        # much as searching a megabyte.
        batches = await self.cut_up(within, whole, len(within) <= FEW)
        asked: deque[Pieces] = deque()

        def payloads() -> Iterator[dict[str, Any]]:
            for pieces in batches:
                asked.append(pieces)
                yield {"pieces": pieces} | {
                    name: value() if callable(value) else value for name, value in payload.items()
                }

        searching = self.pool.map(operation, payloads(), self.deadline_seconds, progress.hears)
        async with aclosing(searching) as results:
            async for result in results:
                if progress.took(asked.popleft(), result):
                    yield result
        if progress.gone is not None:
            self.gone[progress.gone.message] = None

    async def cut_up(self, within: Selection, whole: bool = False, few: bool = False) -> Iterable[Pieces]:
        """`batches`, made in a thread where the parts are many: thousands of small documents are one batch."""
        if (
            self.context.files.far
            or len(within) <= FEW
            or (within is self.context.limit and self._limit is not None and not (whole or few))
        ):
            return self.batches(within, whole, few)
        return await asyncio.to_thread(lambda: list(self.batches(within, whole, few)))

    def matches(
        self,
        operation: str,
        within: Selection,
        progress: Progress,
        pattern: str,
        ignore_case: bool,
        multiline: bool,
        **payload: Any,
    ) -> AsyncGenerator[Any, None]:
        """`scan` for an operation that takes a pattern and its options."""
        asked: dict[str, Any] = {"pattern": pattern, "ignore_case": ignore_case, "multiline": multiline}
        return self.scan(operation, within, progress, whole=multiline, **asked, **payload)

    def progress(self, within: Selection) -> Progress:
        self.last = Progress(within, self.deadline_seconds, self.listener, self.context.size_of(within))
        return self.last

    def batches(self, within: Selection, whole: bool = False, few: bool = False) -> Iterator[Pieces]:
        """Like `pieces`, but small documents that are meant as a whole come as Bundles."""
        if within is not self.context.limit or whole or few or self.context.files.far:
            return self._batches(within, whole, few)
        if self._limit is None:
            # Nearly every search asks for it.
            self._limit = list(self._wholes() if self.context.whole else self._batches(within, False, False))
            if len(within) > FEW:
                _CUT[self.context.files] = self.pool, within, self._limit
        return iter(self._limit)

    def _wholes(self) -> Iterator[Pieces]:
        """All of each document: of thousands of small ones no object is made."""
        limit, others, number = self.context.limit, list[Part](), 0
        size = left = self.context.size
        while number < len(limit):
            bundle = self.context.files.bundle(number, self._share(size, left))
            if others and (bundle is not None or len(others) >= MOST_PIECES):
                yield from self.pieces(tuple(others))
                others = []
            if bundle is not None:
                yield bundle
                number, left = number + len(bundle.docs), left - size_of(bundle)
            else:
                others.append(limit[number])
                number += 1
        yield from self.pieces(tuple(others))

    def _batches(self, within: Selection, whole: bool, few: bool) -> Iterator[Pieces]:
        others: list[Part] = []
        bundle = Bundling()
        files = self.context.files
        for part in within:
            stretch = files.stretch(part.doc)
            small = stretch is not None and part.start == 0 and part.end == stretch[2] < SMALL
            if bundle.docs and not (small and stretch is not None and bundle.takes(stretch[0], part.filters)):
                yield bundle.made()
                bundle = Bundling()
            if stretch is None or not small:
                others.append(part)
                if len(others) >= MOST_PIECES:
                    yield from self.pieces(tuple(others), whole, few)
                    others = []
                continue
            if others:
                yield from self.pieces(tuple(others), whole, few)
                others = []
            bundle.add(part.doc, stretch, files.name(part.doc), part.filters)
        if bundle.docs:
            yield bundle.made()
        yield from self.pieces(tuple(others), whole, few)

    def pieces(self, within: Selection, whole: bool = False, few: bool = False) -> Iterator[list[Piece]]:
        """In order; large parts cut, small ones together."""
        batch: list[Piece] = []
        size = 0
        size_of_all = left = sum(part.end - part.start for part in within)
        began, drawn = time.monotonic(), 0
        for part in within:
            document, file = self.context.documents[part.doc], self.context.files[part.doc]
            if batch and batch[0].file.source.place != file.source.place:
                yield batch  # what lies elsewhere goes to other processes than what is here
                batch, size = [], 0
            start = part.start
            while True:
                # Evenly too where a piece takes its time: somebody waits to hear how far it is.
                quick = drawn >= self.pool.size and time.monotonic() - began < QUICK * drawn
                larger = LARGER if few and quick and not self.pool.cluster else 1  # whose pieces are large as it is
                most = min(self._share(size_of_all, left), larger * self.pool.piece_bytes(file))
                end = start + most
                end = part.end if whole or end >= part.end else end - end % min(LEAST, most)
                base, later = base_of(document, start), counts_between(document, start, end)
                batch.append(Piece(part.doc, file, part.start, part.end, start, end, base, part.filters, later))
                size, left = size + end - start, left - (end - start)
                if size >= most or len(batch) >= MOST_PIECES:
                    drawn += 1
                    yield batch
                    batch, size = [], 0
                if end == part.end:
                    break
                start = end
        if batch:
            yield batch

    def _share(self, size: int, left: int) -> int:
        """Bytes that a process gets next of a text of this size, where so many are left: less and less, so that all are
        busy to the end."""
        if self.pool.cluster:
            return max(LEAST, size)  # pieces are dear to send
        return max(LEAST, max(left // 2, size // 16) // self.pool.size // LEAST * LEAST)
