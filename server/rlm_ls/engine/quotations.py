"""Quotations in an answer's own words, looked for in the text. An answer that quotes what is nowhere is marked."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_ls.context.search import Search
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import RlmError
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.judging.judge import Judge


async def unmatched(answer: str, citations: Sequence[Citation], desk: Desk, judge: Judge) -> tuple[str, ...]:
    """Quotations that stand nowhere in what the question may look at; runs of blanks, case and emphasis aside.

    A quotation that cannot be looked for (a search that is late) is given the benefit of the doubt.
    """
    cited = "\n".join(citation.quote for citation in citations)
    looked_for = await judge.quotations(answer, cited)
    return tuple([quote for quote, pattern in looked_for if not await _stands(pattern, desk.search, desk)])


async def _stands(pattern: str, search: Search, desk: Desk) -> bool:
    try:
        found = await search.regex(pattern, desk.context.limit, ignore_case=True, multiline=True, limit=1)
    except RlmError:
        return True
    return bool(found.total or found.partial)
