"""Verbs that hand out text."""

from __future__ import annotations

import asyncio
from typing import Any

from rlm_ls.context.document import Selection, Span
from rlm_ls.errors import ProgramError
from rlm_ls.executors.crossing import Given, LongSpan
from rlm_ls.executors.desk import Desk, SpanRow
from rlm_ls.executors.registry import verb


@verb(returns="list[Doc]", shape="docs", everyday=1)
async def docs(desk: Desk, glob: str | None = None) -> list[tuple[str, str, int, int, int]]:
    """.path .language .lines .characters .longest_line

    A list of the documents in scope, or of those that the glob matches.
    """
    return await asyncio.to_thread(_docs, desk, await desk.resolved(glob or None))


def _docs(desk: Desk, selection: Selection) -> list[tuple[str, str, int, int, int]]:
    chosen = [desk.doc(number) for number in sorted({part.doc for part in selection})]
    return [(d.path, d.language, d.characters, d.lines, d.longest_line) for d in chosen]


@verb(returns="Span", shape="span", everyday=3)
async def lines(desk: Desk, start: int, end: int | None = None, doc: Any = None) -> LongSpan:
    """one Span; from 1, inclusive, negative from the end

    lines(5) is line 5, lines(-6) the last six. `doc` is needed where there are several documents.
    """
    number = desk.document(doc)
    if end is None:
        end = start if start > 0 else -1  # lines(-6) is the last six, as [-6:] would be
    return LongSpan(desk.row(await desk.search.lines(number, start, end)))


@verb(returns="Span", shape="span", everyday=4)
async def around(desk: Desk, span: Any, before: int = 5, after: int = 5) -> LongSpan:
    """one Span

    The lines of the Span with `before` and `after` more of them.
    """
    target = await _one_span(desk, span)
    return LongSpan(desk.row(await desk.search.around(target, before, after)))


@verb(returns="str")
async def slice_(desk: Desk, start: int, end: int, doc: Any = None) -> str:
    """Characters start to end of a document (from 0, end excluded; negative: from the end)."""
    number = desk.document(doc)
    desk.read.add(number)
    first, last, _ = slice(start, end).indices(desk.doc(number).characters)
    return await desk.search.characters(number, first, max(first, last))


@verb(returns="str", everyday=5)
async def text(desk: Desk, span: Any) -> str:
    """whole text of a Span or path (.text of a long line is cut)"""
    target = await _one_span(desk, span)
    desk.read.add(desk.document(target.doc))
    return await desk.search.read(target)


@verb(returns="list[Span]", shape="spans", everyday=2)
async def sample(desk: Desk, n: int = 10, within: Any = None, seed: int = 0) -> list[SpanRow]:
    """spread lines

    `n` lines, evenly spread over what is searched; another `seed` gives others.
    """
    if not 1 <= n <= 1000:
        raise ProgramError("sample() gives 1 to 1,000 lines.")
    return desk.rows(await desk.search.sample(n, await desk.select(within), seed=seed))


@verb(returns="int")
async def size(desk: Desk, x: Any) -> int:
    """A length: characters of a string, items of a list, bytes of a Span, Selection or document."""
    if isinstance(x, (dict, list)) or (isinstance(x, str) and desk.context.number(x) is None):
        return len(x)
    return sum(part.end - part.start for part in await desk.resolved(x))


async def _one_span(desk: Desk, value: Any) -> Span:
    if isinstance(value, list) and len(value) > 1:
        raise ProgramError(
            f"One Span is needed here, not a list of {len(value)}.", "Spans come from find, regex, lines, outline …"
        )
    found = desk.unwrap(value)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, str):
        number = desk.document(found)
        return await desk.search.span_at(number, 0, desk.doc(number).size)
    if not isinstance(found, Span):
        shown = "an empty list" if found == [] else value.name if isinstance(value, Given) else type(value).__name__
        raise ProgramError(f"One Span is needed here, not {shown}.", "Spans come from find, regex, lines, outline …")
    return found
