"""Quotations in an answer's own words, looked for in the text. An answer that quotes what is nowhere is marked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.context.search import Search
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import RlmError
from rlm_ls.executors.desk import Desk

SHORTEST = 20
"""Characters of a quotation worth checking; shorter ones are names and terms."""
FEWEST_WORDS = 4
MOST = 8
"""Quotations looked for; the longest first."""

UNMATCHED = "*(unmatched: not found in the text)*"

_QUOTED = re.compile(r"“([^“”\n]+)”|«([^«»\n]+)»|\"([^\"\n]+)\"|^>\s?(.+)$", re.MULTILINE)
_CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_LEFT_OUT = re.compile(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*")
_APOSTROPHE = "['’‘]"


def quotations(answer: str) -> list[str]:
    """The parts of an answer that claim to be the text's own words, without what was left out of them (`…`)."""
    prose = _CODE.sub(" ", answer)
    quoted = (next(group for group in match.groups() if group) for match in _QUOTED.finditer(prose))
    parts = {part.strip(" .,;:*_") for quote in quoted for part in _LEFT_OUT.split(quote)}
    long = [part for part in parts if len(part) >= SHORTEST and len(part.split()) >= FEWEST_WORDS]
    return sorted(long, key=lambda part: (-len(part), part))[:MOST]


async def unmatched(answer: str, citations: Sequence[Citation], desk: Desk) -> tuple[str, ...]:
    """Quotations that stand nowhere in what the question may look at; runs of blanks, case and emphasis aside.

    A quotation that cannot be looked for (a search that is late) is given the benefit of the doubt.
    """
    cited = "\n".join(citation.quote for citation in citations)
    missing = []
    for quote in quotations(answer):
        pattern = _pattern(quote)
        if re.search(pattern, cited, re.IGNORECASE) is None and not await _stands(pattern, desk.search, desk):
            missing.append(quote)
    return tuple(missing)


def marked(answer: str, missing: Sequence[str]) -> str:
    """The answer with every quotation that stands nowhere marked as such, behind its closing quotation mark."""
    for quote in missing:
        answer = re.sub(rf"({re.escape(quote)}[ .,;:*_…]*[”»\"]?)", rf"\1 {UNMATCHED}", answer, count=1)
    return answer


async def _stands(pattern: str, search: Search, desk: Desk) -> bool:
    try:
        found = await search.regex(pattern, desk.context.limit, ignore_case=True, multiline=True, limit=1)
    except RlmError:
        return True
    return bool(found.total or found.partial)


def _pattern(quote: str) -> str:
    words = quote.replace("*", "").replace("_", " ").split()
    return r"[\s_*]+".join(re.sub("['’‘]", lambda _: _APOSTROPHE, re.escape(word)) for word in words)
