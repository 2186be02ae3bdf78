"""Quotations in an answer's own words, looked for in the text. An answer that quotes what is nowhere is marked."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_ls.context.search.search import Search
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.host import VerbHost


async def unmatched(answer: str, citations: Sequence[Citation], host: VerbHost, checker: Checker) -> tuple[str, ...]:
    """Quotations that stand nowhere in what the question may look at; runs of blanks, case and emphasis aside.

    A quotation that cannot be looked for (a search that is late) is given the benefit of the doubt.
    """
    cited = "\n".join(citation.quote for citation in citations)
    looked_for = await checker.quotations(answer, cited)
    return tuple([quote for quote, pattern in looked_for if not await _stands(pattern, host.search, host)])


async def _stands(pattern: str, search: Search, host: VerbHost) -> bool:
    try:
        found = await search.regex(pattern, host.context.limit, ignore_case=True, multiline=True, limit=1)
    except RlmError as error:
        if error.ends_run:
            raise
        return True
    return bool(found.total or found.partial)
