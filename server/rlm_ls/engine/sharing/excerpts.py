"""The lines around each citation, for a page that is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rlm_ls.engine.answer import Answer, Citation
from rlm_ls.engine.citing.charted import MAX_POINTS
from rlm_ls.engine.citing.citing import MAX_CITATIONS
from rlm_ls.engine.trace.excerpt import Excerpt, excerpt_of_citation
from rlm_ls.errors import RlmError

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

AROUND = 5
AROUND_POINT = 2
"""Around the line of a chart's point, of which there may be hundreds."""
WIDTH = 1000
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class SharedExcerpt:
    """Lines `first` and on; those from `marked[0]` to `marked[1]` (indices) are cited, None if they are gone.

    Of a chart's point they are `charted`."""

    label: str
    first: int
    lines: tuple[str, ...]
    marked: tuple[int, int] | None
    notes: tuple[str, ...]
    charted: bool = False


async def excerpts_of(engine: Engine, answer: Answer) -> list[SharedExcerpt]:
    """In the order of the citations; of a text that cannot be read any more what was quoted."""
    found = []
    for one in answer.citations[: MAX_CITATIONS + MAX_POINTS]:
        around = AROUND_POINT if one.charted else AROUND
        try:
            read = await excerpt_of_citation(engine, one, (max(1, one.line - around), one.end_line + around))
        except RlmError as error:
            found.append(SharedExcerpt(one.label, one.line, (), None, (error.message,), one.charted))
        else:
            found.append(_shared(one, read))
    return found


def _shared(citation: Citation, read: Excerpt) -> SharedExcerpt:
    lines = tuple(line if len(line) <= WIDTH else line[:WIDTH] + "…" for line in read.lines)
    marked = (read.cited[0][0], read.cited[1][0]) if read.cited else None
    return SharedExcerpt(citation.label, read.first, lines, marked, read.notes, citation.charted)
