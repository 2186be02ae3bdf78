"""Excerpts as read-only documents: `rlm:/excerpt/PLACE/LINES/NAME`. PLACE is a citation of a run, or lines of a text.

The address says all there is to know, so that a document that an editor has kept is the same after a restart.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lsprotocol import types
from pygls.uris import to_fs_path

from rlm_ls.errors import BadRequest, UnknownRun
from rlm_ls.lsp.workspace.rope import units
from rlm_ls.visible import visible_line

if TYPE_CHECKING:
    from rlm_ls.engine.answer import Citation
    from rlm_ls.engine.trace.excerpt import Excerpt, Which
    from rlm_ls.lsp.services import Services

OPEN = "rlm.server.excerpt"
"""The command that shows an excerpt; its argument has the fields of `rlm/excerpt`."""

CLIENT_SEARCH = "rlm.excerptSearch"
"""The palette command of clients that have an input box for what is to be looked for; its argument is `{uri}`."""

LONGEST = 16_384
"""Characters of an address."""

_URI = re.compile(
    r"rlm:/{1,3}excerpt/"
    r"(?:(?P<run>[A-Za-z0-9_-]{1,128})\.(?P<index>\d{1,4})|at\.(?P<first>\d{1,15})-(?P<last>\d{1,15})\.(?P<uri>[\w-]+))"
    r"/(?P<which>around|hour|(?P<from>\d{1,15})-(?P<to>\d{1,15}))(?:/.*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """Of an excerpt: citation number `index` (from 0) of the run, or lines `lines` (from 1) of the text `uri`."""

    which: Which
    run_id: str = ""
    index: int = 0
    uri: str = ""
    lines: tuple[int, int] = (1, 1)
    name: str = ""

    def __str__(self) -> str:
        whole = urlsafe_b64encode(self.uri.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        place = f"{self.run_id}.{self.index}" if self.run_id else f"at.{self.lines[0]}-{self.lines[1]}.{whole}"
        which = self.which if isinstance(self.which, str) else f"{self.which[0]}-{self.which[1]}"
        name = (self.name or unquote(self.uri)).replace("\\", "/").rpartition("/")[2][:200]
        return f"rlm:/excerpt/{place}/{which}/{quote(name, errors='replace')}"


def address_of(uri: str) -> Address | None:
    """What a URI is the address of; None if it is none of an excerpt."""
    match = _URI.fullmatch(unquote(uri)) if len(uri) <= LONGEST else None
    if match is None:
        return None
    which: Which = (int(match["from"]), int(match["to"])) if match["from"] else match["which"]  # type: ignore[assignment]
    name = unquote(uri).rpartition("/")[2]
    if match["run"] is not None:
        return Address(which, match["run"], int(match["index"]), name=name)
    try:
        whole = urlsafe_b64decode(match["uri"] + "=" * (-len(match["uri"]) % 4)).decode("utf-8", "surrogatepass")
    except ValueError:
        return None
    return Address(which, uri=whole, lines=(int(match["first"]), int(match["last"])), name=name)


async def excerpt_at(services: Services, address: Address) -> Excerpt:
    """Raises UnknownRun (the run, or that citation of it), and RlmErrors of the text."""
    return await services.jobs.shared(address, lambda: _excerpt_at(services, address))


async def _excerpt_at(services: Services, address: Address) -> Excerpt:
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.trace.excerpt import Place, excerpt_of, excerpt_of_citation

    if not address.run_id:
        first, last = address.lines
        if not 1 <= first <= last:
            raise BadRequest("Lines count from 1, and the last one is not before the first.")
        buffers = await services.buffers.snapshot([address.uri])
        async with services.jobs.few:
            return await excerpt_of(engine, Place(address.uri, first, last), address.which, buffers)
    row = await engine.store.run(address.run_id)
    citations = Answer.model_validate(row.answer).citations if row.answer is not None else ()
    if address.index >= len(citations):
        raise UnknownRun(f"The answer of run {address.run_id} has no citation {address.index + 1}.")
    citation = citations[address.index]
    buffers = await services.buffers.snapshot([citation.uri])
    async with services.jobs.few:
        return await excerpt_of_citation(engine, citation, address.which, buffers)


async def excerpts_instead(services: Services, citations: Sequence[Citation]) -> set[int]:
    """The indices of citations whose file the client cannot or will not show as it is cited: compressed, in an archive,
    changed since, no file, or larger than the client likes."""
    unread = {one.uri for one in citations if one.uri not in services.buffers}
    sizes = await asyncio.to_thread(lambda: {uri: _size(uri) for uri in unread})
    most = services.client.excerpts_above
    return {
        index
        for index, one in enumerate(citations)
        if one.inside or one.state == "unmatched" or sizes.get(one.uri, 0) > most
    }


def _size(uri: str) -> float:
    path = to_fs_path(uri)
    if path is None:
        return math.inf  # standard input, or an open text that nobody has open any more
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return math.inf


# ---- as a document ---------------------------------------------------------------------------------------------------


def neighbours(address: Address, excerpt: Excerpt) -> dict[str, Address | None]:
    """Where one can go from an excerpt, by the names of the ways; None where there is nothing."""
    from rlm_ls.engine.trace.excerpt import PAGE

    def lines(first: int, last: int) -> Address:
        return replace(address, which=(first, last))

    first, last, total = excerpt.first, excerpt.last, excerpt.total
    return {
        "earlier": lines(max(1, first - PAGE), first - 1) if first > 1 and excerpt.present else None,
        "later": lines(last + 1, min(total, last + PAGE)) if last < total and excerpt.present else None,
        "around": replace(address, which="around") if address.which != "around" else None,
        "hour": replace(address, which="hour") if excerpt.timed and address.which != "hour" else None,
    }


def title(excerpt: Excerpt) -> str:
    of = f" of {excerpt.total:,}" if excerpt.present else ""
    return f"{visible_line(excerpt.path)}, lines {excerpt.first:,} to {excerpt.last:,}{of}"


async def document_text(services: Services, address: Address) -> str:
    """The lines alone for a client that shows their numbers itself, else with numbers and a heading."""
    excerpt = await excerpt_at(services, address)
    if services.client.has_commands:
        return "\n".join(excerpt.lines) + "\n"
    return "\n".join([*_heading(address, excerpt), *_numbered(excerpt)]) + "\n"


WAYS = {
    "earlier": "Earlier lines",
    "later": "Later lines",
    "around": "Back to the cited lines",
    "hour": "The whole hour",
}


def _heading(address: Address, excerpt: Excerpt) -> list[str]:
    ways = [f"{WAYS[name]}: {way}" for name, way in neighbours(address, excerpt).items() if way is not None]
    place = excerpt.place
    cited = f"Cited: line {place.line:,}" + (f" to {place.end_line:,}" if place.end_line > place.line else "")
    marked = ", marked with >" if excerpt.cited else ""
    return [title(excerpt), cited + marked, *excerpt.notes, *ways, ""]


def _numbered(excerpt: Excerpt) -> Iterator[str]:
    width = len(str(excerpt.last))
    marked = range(excerpt.cited[0][0], excerpt.cited[1][0] + 1) if excerpt.cited else range(0)
    for index, line in enumerate(excerpt.lines):
        yield f"{'>' if index in marked else ' '} {excerpt.first + index:>{width}}  {line}".rstrip()


async def lenses(services: Services, address: Address) -> list[types.CodeLens]:
    """Above the first line what it is and what there is before, below the last what comes after, above what is cited
    the rest."""
    excerpt = await excerpt_at(services, address)
    ways = neighbours(address, excerpt)

    def lens(line: int, words: str, way: str) -> Iterator[types.CodeLens]:
        to = ways.get(way)
        if to is not None:
            place = types.Range(types.Position(line, 0), types.Position(line, 0))
            yield types.CodeLens(place, types.Command(words, OPEN, arguments=[{"uri": str(to)}]))

    at = excerpt.cited[0][0] if excerpt.cited else 0
    further = types.Command("Search further from here…", CLIENT_SEARCH, arguments=[{"uri": str(address)}])
    there = types.Range(types.Position(at, 0), types.Position(at, 0))
    return [
        *([types.CodeLens(there, further)] if services.client.has_commands and excerpt.present else []),
        *lens(0, "↑ Earlier", "earlier"),
        *lens(0, "Back to what is cited", "around"),
        *lens(at, "The whole hour", "hour"),
        *lens(max(0, len(excerpt.lines) - 1), "↓ Later", "later"),
    ]


def heading_lines(address: Address, excerpt: Excerpt) -> int:
    """Lines of a document with numbers before those of the text."""
    return len(_heading(address, excerpt))


def cited_range(excerpt: Excerpt, encoding: str, below: int = 0) -> types.Range | None:
    """What is cited, in an excerpt's document whose lines begin `below` a heading; there whole lines, for they begin
    with numbers."""
    if excerpt.cited is None:
        return None
    start, end = (
        types.Position(below + line, 0 if below else units(excerpt.lines[line][:column], encoding))
        for line, column in excerpt.cited
    )
    return types.Range(start, types.Position(end.line + 1, 0) if below else end)
