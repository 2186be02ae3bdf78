"""The part of a text that the question names: a chapter, a meeting, a function. Who is told where it lies need not look
for it, and what is nearest the question is nearest there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

from rlm_ls.context.document import Span
from rlm_ls.context.search.search import Search
from rlm_ls.context.search.sections import Entry

TITLE = 60
"""Characters of a part's name: one with a longer name is not told of."""


async def named_part(search: Search, words: Sequence[str]) -> tuple[str, Span] | None:
    """Its name in the outline of the only document, if one part alone has all those of the `words` in its name that any
    part has: of words that are written like names. None where the question may look at less than all."""
    documents, names = search.context.documents, [word.lower() for word in words if _is_name(word)]
    if len(documents) != 1 or not search.context.whole or not names:
        return None
    entries = await search.outline(0)
    return await asyncio.to_thread(_only_one, entries, names, documents[0].size)  # they may be 100,000


def _only_one(entries: Sequence[Entry], names: Sequence[str], size: int) -> tuple[str, Span] | None:
    titles = [
        (title, span, set(re.findall(r"\w+", title.lower())))
        for kind, title, _, span, _ in entries
        if kind not in ("column", "time")
    ]
    used = {name for name in names if any(name in held for _, _, held in titles)}
    found = [(title, span) for title, span, held in titles if used and used <= held and len(title) <= TITLE]
    return found[0] if len(found) == 1 and 2 * (found[0][1].end - found[0][1].start) < size else None


def told(part: tuple[str, Span]) -> str:
    title, span = part
    name = json.dumps(title, ensure_ascii=False)
    return (
        f"Named in the question: {name}, lines {span.line}-{span.end_line}: "
        f"region({json.dumps(span.doc, ensure_ascii=False)}, {name})"
    )


def words_beside(part: tuple[str, Span], words: Sequence[str]) -> list[str]:
    """The question's words but for those that name the part."""
    held = set(re.findall(r"\w+", part[0].lower()))
    return [word for word in words if word.lower() not in held]


def _is_name(word: str) -> bool:
    return re.fullmatch(r"\w+", word) is not None and (word.lower() != word or re.search(r"\d", word) is not None)
