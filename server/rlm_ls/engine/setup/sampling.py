"""What the offline rules are shown of the texts before they write a script: names, sizes, and some lines of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from heapq import nlargest

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.errors import RlmError
from rlm_ls.models.offline.question import OfflineDocument

SAMPLED = 8
"""Documents of which lines are taken, the largest ones."""
FIRST, SPREAD = 20, 60
LINE = 4000
"""Characters of a line."""


async def offline_documents(context: Context, search: Search) -> list[OfflineDocument]:
    """The documents as the rules know them. What cannot be read now is without a sample: the run itself will say so."""
    largest = await asyncio.to_thread(_largest, context)
    samples = {number: await _sample(context, search, number) for number in largest}
    return await asyncio.to_thread(_described, context, samples)


def _described(context: Context, samples: Mapping[int, tuple[str, ...]]) -> list[OfflineDocument]:
    """In a thread: they may be 100,000."""
    return [
        OfflineDocument(document.path, document.language, document.lines, samples.get(number, ()))
        for number, document in enumerate(context.documents)
    ]


def _largest(context: Context) -> list[int]:
    return nlargest(SAMPLED, {part.doc for part in context.limit}, key=lambda number: context.documents[number].size)


async def _sample(context: Context, search: Search, number: int) -> tuple[str, ...]:
    parts = tuple(part for part in context.limit if part.doc == number)
    try:
        whole = len(parts) == 1 and not parts[0].filters and parts[0].start == 0
        first: list[str] = []
        last = min(FIRST, context.documents[number].lines)
        if whole and last:
            first = (await search.lines(number, 1, last)).text.splitlines()
        spread = await search.sample(SPREAD, parts)
    except RlmError:
        return ()
    return tuple(line[:LINE] for line in [*first, *(hit.text for hit in spread if hit.span.line > FIRST or not whole)])
