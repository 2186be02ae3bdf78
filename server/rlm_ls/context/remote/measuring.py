"""Measuring texts where they lie: those of a listing that were not measured before, many small ones by one request."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import aclosing

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.remote.addresses import not_plain
from rlm_ls.context.remote.listed import Listed
from rlm_ls.context.remote.texts import FarTexts
from rlm_ls.context.snapshot.intake import RefusedFile
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure, join
from rlm_ls.context.sources.encoding import AUTO, LOSSY, not_text
from rlm_ls.context.workers.piece import File, together
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import NodeGone, RlmError, SearchTimeout

MOST_FILES = 200
"""Measured by one request."""

Range = tuple[int, File, int]
"""Of a text that is known by its row, the RANGE of bytes that begins at the last of the three."""


async def measured(
    listed: Listed, names: Sequence[str], pool: Pool, options: ContextOptions, before: FarTexts | None
) -> tuple[FarTexts, dict[int, RlmError]]:
    """The texts of a listing, and by row those that cannot be read. What was measured `before` is not measured again.

    Of a node that is gone all files are refused. Raises SearchTimeout.
    """
    known = None if before is None else await asyncio.to_thread(_known, listed, before)
    measuring = _Measuring(listed, names, options)
    await measuring.run(pool, known)
    texts = measuring.texts
    if before is not None and known is not None:
        texts = await asyncio.to_thread(_joined, listed, before, known, texts)
    return texts, measuring.errors


class _Measuring:
    def __init__(self, listed: Listed, names: Sequence[str], options: ContextOptions) -> None:
        self.texts = FarTexts(listed)
        self.errors = dict(listed.errors)
        self._listed = listed
        self._names = names
        self._options = options
        self._row = -1
        self._measures: list[RangeMeasure | RefusedFile] = []

    async def run(self, pool: Pool, known: Sequence[int] | None) -> None:
        asked: deque[list[Range]] = deque()

        def payloads() -> Iterator[dict[str, list[tuple[File, int, int]]]]:
            for some in _requests(self._ranges(known)):
                asked.append(some)
                yield {"ranges": [(file, at, min(at + RANGE, file.source.size)) for _, file, at in some]}

        async with aclosing(pool.map("files.inspect.measures", payloads(), self._options.seconds)) as results:
            async for result in results:
                some = asked.popleft()
                if isinstance(result, NodeGone):
                    result = [RefusedFile.by(result)] * len(some)
                elif isinstance(result, SearchTimeout):
                    raise SearchTimeout("Reading the documents took too long.", "Ask about fewer or smaller documents.")
                for (row, _, _), outcome in zip(some, result, strict=True):
                    if row != self._row:
                        self._settle()
                        self._row = row
                    self._measures.append(outcome)
        self._settle()
        self.texts.leave(len(self._listed))

    def _ranges(self, known: Sequence[int] | None) -> Iterator[Range]:
        for row in range(len(self._listed)):
            if row in self.errors or (known is not None and known[row] >= 0):
                continue
            file = File(self._names[row], self.texts.source(row))
            for at in range(0, file.source.size, RANGE):
                yield row, file, at

    def _settle(self) -> None:
        row, measures, self._measures = self._row, self._measures, []
        if not measures:
            return
        refused = next((one for one in measures if isinstance(one, RefusedFile)), None)
        if refused is not None:
            self.errors[row] = refused.raised()
            return
        whole = join(one for one in measures if not isinstance(one, RefusedFile))
        if whole.bad < 0 and not whole.drawn:
            self.texts.leave(row)
            self.texts.add(whole)
        elif whole.drawn or self._options.encoding in (AUTO, LOSSY):  # it would have to be converted
            self.errors[row] = not_plain(self._names[row], self._listed.urls[row])
        else:
            self.errors[row] = not_text(self._names[row], "utf-8", whole.bad, whole.bad_line)


def _requests(ranges: Iterator[Range]) -> Iterator[list[Range]]:
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


def _known(listed: Listed, before: FarTexts) -> array[int]:
    """By row, the row of the same text in the same state that was measured before, or -1. Listings are in order."""
    if before.listed.same(listed):
        return array("q", [row if before.known(row) else -1 for row in range(len(listed))])
    had = before.listed
    known = array("q")
    olds = enumerate(zip(had.urls, had.versions, strict=True))
    old = next(olds, None)
    for row, (url, version) in enumerate(zip(listed.urls, listed.versions, strict=True)):
        while old is not None and old[1][0] < url:
            old = next(olds, None)
        at = -1 if old is None or old[1] != (url, version) else old[0]
        same = (
            at >= 0 and before.known(at) and had.sizes[at] == listed.sizes[row] and had.skips[at] == listed.skips[row]
        )
        known.append(at if same else -1)
    return known


def _joined(listed: Listed, before: FarTexts, known: Sequence[int], new: FarTexts) -> FarTexts:
    if all(row == at for row, at in enumerate(known)) and before.listed.same(listed):
        return before
    texts = FarTexts(listed)
    for row, at in enumerate(known):
        if at >= 0:
            texts.add(before.whole(at))
        elif new.known(row):
            texts.add(new.whole(row))
        else:
            texts.leave(row + 1)
    return texts
