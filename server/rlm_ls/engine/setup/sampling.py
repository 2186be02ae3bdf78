"""What the offline rules are shown of the texts before they write a script: names, sizes, and some lines of each."""

from __future__ import annotations

import asyncio
from heapq import nlargest

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.errors import RlmError
from rlm_ls.models.offline.question import OfflineDocuments

SAMPLED = 8
"""Documents of which lines are taken, the largest ones."""
FIRST, SPREAD = 200, 1000
"""Lines of a text's start, and of all of it: of several texts each gets its part of the latter."""
LINE, SHORT, WHOLE = 16_000, 4_000, 100
"""Characters of a line: of the first WHOLE ones, and of the others."""


async def offline_documents(context: Context, search: Search) -> OfflineDocuments:
    """The documents as the rules know them. What cannot be read now is without a sample: the run itself will say so."""
    largest = await asyncio.to_thread(_largest, context)
    spread = max(60, SPREAD // max(1, len(largest)))
    samples = {number: await _sample(context, search, number, spread) for number in largest}
    of = context.documents
    return await asyncio.to_thread(lambda: OfflineDocuments(of.paths, of.lines, samples, of.language))


def _largest(context: Context) -> list[int]:
    documents = context.documents
    if context.whole:
        return documents.largest(SAMPLED)
    return nlargest(SAMPLED, {part.doc for part in context.limit}, key=documents.sizes.__getitem__)


async def _sample(context: Context, search: Search, number: int, spread: int) -> tuple[str, ...]:
    every = (context.limit[number],) if context.whole else context.limit
    parts = tuple(part for part in every if part.doc == number)
    try:
        whole = len(parts) == 1 and not parts[0].filters and parts[0].start == 0
        first: list[str] = []
        lines = context.documents[number].lines
        last = lines if lines <= FIRST + spread else FIRST
        if whole and last:
            first = (await search.lines(number, 1, last)).text.splitlines()
            first += [""] * (last - len(first))  # blank lines at a text's end are lines, too
        others = await search.sample(spread, parts) if not whole or last == FIRST else []
    except RlmError:
        return ()
    found = [*first, *(hit.text for hit in others if hit.span.line > FIRST or not whole)]
    return tuple(line[: LINE if at < WHOLE else SHORT] for at, line in enumerate(found))
