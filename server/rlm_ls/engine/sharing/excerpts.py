"""The lines around each citation, for a page that is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.trace.excerpt import Excerpt, excerpt_of_citation
from rlm_ls.errors import RlmError

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

AROUND = 5
MOST_CITATIONS = 100
WIDTH = 1000
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class SharedExcerpt:
    """Lines `first` and on; those from `marked[0]` to `marked[1]` (indices) are cited, None if they are gone."""

    label: str
    first: int
    lines: tuple[str, ...]
    marked: tuple[int, int] | None
    notes: tuple[str, ...]


async def excerpts_of(engine: Engine, answer: Answer) -> list[SharedExcerpt]:
    """In the order of the citations; of a text that cannot be read any more what was quoted."""
    found = []
    for one in answer.citations[:MOST_CITATIONS]:
        try:
            read = await excerpt_of_citation(engine, one, (max(1, one.line - AROUND), one.end_line + AROUND))
        except RlmError as error:
            found.append(SharedExcerpt(one.label, one.line, (), None, (error.message,)))
        else:
            found.append(_shared(one.label, read))
    return found


def _shared(label: str, read: Excerpt) -> SharedExcerpt:
    lines = tuple(line if len(line) <= WIDTH else line[:WIDTH] + "…" for line in read.lines)
    marked = (read.cited[0][0], read.cited[1][0]) if read.cited else None
    return SharedExcerpt(label, read.first, lines, marked, read.notes)
