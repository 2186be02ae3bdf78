"""What a million texts that lie elsewhere weigh: told by some thousands of them, each allocation looked at."""

from __future__ import annotations

import tracemalloc
from typing import Any

from tests.unit.context.test_many_elsewhere import MANY, ToldNode, many, taken

from rlm_ls.context.document import Hit, Span
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.scanner import Scanner
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.columns import MOST_KEPT
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.surroundings import NO_SURROUNDINGS
from rlm_ls.engine.setup.opening.card import card

MOST = 200
"""Bytes of the server's memory for each document: a million and the server itself fit into 300 MB."""


class Shown(Search):
    """Shows no lines: there are none."""

    async def lines(self, number: int, first: int, last: int) -> Hit:
        return Hit(Span(self.context.documents[number].path, 0, 0, first, last), "")

    async def describe(self, doc: int) -> Any:
        return "", []


async def test_a_million_documents_elsewhere_fit_into_300_mb() -> None:
    async with ToldNode({"few": lambda: many(9_000, "first"), "host": lambda: many(MANY, "app")}) as node:
        tracemalloc.start()
        try:
            await _used(await taken(node, "node://few/logs"), node)  # caches are full, of which each has its limit
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            context = await taken(node, "node://host/logs")
            held, most = tracemalloc.get_traced_memory()
            assert len(context.documents) == MANY
            assert held - before < MOST * MANY
            assert most - before < MOST * MANY
            await _used(context, node)
            held, _ = tracemalloc.get_traced_memory()
            assert held - before < MOST * MANY + 2_000 * MOST_KEPT
        finally:
            tracemalloc.stop()


async def _used(context: Context, node: ToldNode) -> None:
    """What questions do with documents: no object stays for each."""
    documents = context.documents
    assert sum(len(pieces) for pieces in await Scanner(context, node).cut_up(context.limit)) == len(documents)
    last = documents.paths[-1]
    assert context.number(last) == resolve(context, f"{last[:-4]}*")[0].doc == len(documents) - 1
    assert f"{len(documents):,} documents" in await card(context, Shown(context, node), NO_SURROUNDINGS)
    await context.close()
