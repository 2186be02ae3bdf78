"""The passages that answer some words best: each worker's own, and the best of those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.context.document import Selection
from rlm_ls.context.ops.matching.find import MOST_WORDS
from rlm_ls.context.search.search import Search

FINALISTS = 2_000


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a document, from `line` on. The first and the last may be parts of long ones."""

    path: str
    line: int
    lines: tuple[str, ...]


async def best_passages(search: Search, words: Sequence[str], within: Selection, most: int) -> list[Passage]:
    """At most `most` passages, the best first; none without words. Of what could not be searched in time there is
    none. Raises RlmErrors of documents."""
    wanted = [word for word in dict.fromkeys(words) if word.strip() and "\n" not in word][:MOST_WORDS]
    if not wanted:
        return []
    found: list[tuple[int, int, str]] = []
    async for some, _ in search.scan("passages.best", within, search.progress(within), words=wanted, most=most):
        found += some
    found = found[:FINALISTS]
    order = await search.call("passages.rank", texts=[text for _, _, text in found], words=wanted, most=most)
    documents = search.context.documents
    chosen = [found[number] for number in order]
    return [Passage(documents[doc].path, line, _lines(text)) for doc, line, text in chosen]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
