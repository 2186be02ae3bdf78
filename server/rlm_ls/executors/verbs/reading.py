"""Verbs that hand out text."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic_core import from_json

from rlm_ls.context.document import Selection, Span
from rlm_ls.context.search.rows import ROOM
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.crossing import Given, LongSpan
from rlm_ls.executors.scripts.host import SpanRow, VerbHost
from rlm_ls.executors.verbs.registry import verb


@verb(returns="list[Doc]", shape="docs")
async def docs(host: VerbHost, glob: str | None = None) -> list[tuple[str, str, int, int, int]]:
    """.path .lines .characters

    A list of the documents in scope, or of those that the glob matches.
    """
    return await asyncio.to_thread(_docs, host, await host.resolved(glob or None))


def _docs(host: VerbHost, selection: Selection) -> list[tuple[str, str, int, int, int]]:
    chosen = [host.doc(number) for number in sorted({part.doc for part in selection})]
    return [(d.path, d.language, d.characters, d.lines, d.longest_line) for d in chosen]


@verb(returns="Span", shape="span", everyday=3)
async def lines(host: VerbHost, start: int, end: int | None = None, doc: Any = None) -> LongSpan:
    """one Span

    From 1, inclusive, negative from the end:
    lines(5) is line 5, lines(-6) the last six. `doc` is needed where there are several documents.
    """
    number = host.document(doc)
    if end is None:
        end = start if start > 0 else -1  # lines(-6) is the last six, as [-6:] would be
    return LongSpan(host.row(await host.search.lines(number, start, end)))


@verb(returns="Span", shape="span", everyday=4)
async def around(host: VerbHost, span: Any, before: int = 5, after: int = 5) -> LongSpan:
    """one Span

    The lines of the Span with `before` and `after` more of them.
    """
    target = await _one_span(host, span)
    return LongSpan(host.row(await host.search.around(target, before, after)))


@verb(returns="str")
async def slice_(host: VerbHost, start: int, end: int, doc: Any = None) -> str:
    """Characters start to end of a document (from 0, end excluded; negative: from the end)."""
    number = host.document(doc)
    host.read.add(number)
    first, last, _ = slice(start, end).indices(host.doc(number).characters)
    return await host.search.characters(number, first, max(first, last))


@verb(returns="str", everyday=5)
async def text(host: VerbHost, span: Any) -> str:
    """all of a Span, Selection, path"""
    if isinstance(span, Given) and span.name == "Selection":
        return await _text_of(host, await host.select(span))
    target = await _one_span(host, span)
    host.read.add(host.document(target.doc))
    return await host.search.read(target)


async def _text_of(host: VerbHost, selection: Selection) -> str:
    """The text of a Selection's parts, one after the other; of a filter the lines that it kept."""
    texts: list[str] = []
    room = ROOM
    for part in selection:
        if part.filters:
            packs, _ = await host.search.extracted("^.*$", (part,))
            text = "\n".join(str(line) for pack, _ in packs for line in from_json(f"[{pack}]"))
        else:
            text = await host.search.read(await host.search.span_at(part.doc, part.start, part.end))
        room -= len(text)
        if room < 0:
            raise ProgramError(
                f"The Selection has over {ROOM >> 20} million characters.", "Read a smaller one, or search in it."
            )
        host.read.add(part.doc)
        texts.append(text)
    return "\n".join(texts)


@verb(returns="list[Span]", shape="spans")
async def sample(host: VerbHost, n: int = 10, within: Any = None, seed: int = 0) -> list[SpanRow]:
    """spread lines

    `n` lines, evenly spread over what is searched; another `seed` gives others.
    """
    if not 1 <= n <= 1000:
        raise ProgramError("sample() gives 1 to 1,000 lines.")
    return host.rows(await host.search.sample(n, await host.select(within), seed=seed))


@verb(returns="int")
async def size(host: VerbHost, x: Any) -> int:
    """A length: characters of a string, items of a list, bytes of a Span, Selection or document."""
    if isinstance(x, (dict, list)) or (isinstance(x, str) and host.context.number(x) is None):
        return len(x)
    return sum(part.end - part.start for part in await host.resolved(x))


async def _one_span(host: VerbHost, value: Any) -> Span:
    if isinstance(value, list) and len(value) > 1:
        raise ProgramError(
            f"One Span is needed here, not a list of {len(value)}.", "Spans come from find, regex, lines, outline …"
        )
    found = host.unwrap(value)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, str):
        number = host.document(found)
        return await host.search.span_at(number, 0, host.doc(number).size)
    if not isinstance(found, Span):
        shown = "an empty list" if found == [] else value.name if isinstance(value, Given) else type(value).__name__
        raise ProgramError(f"One Span is needed here, not {shown}.", "Spans come from find, regex, lines, outline …")
    return found
