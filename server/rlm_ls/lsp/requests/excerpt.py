"""`rlm/excerpt`: the lines around a cited place of any text, with what a client needs to show them as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from rlm_ls.errors import BadRequest, NoDocuments
from rlm_ls.lsp import wire
from rlm_ls.lsp.features.excerpts import Address, address_of, cited_range, excerpt_at, neighbours, title

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.EXCERPT)
    async def request(params: wire.ExcerptParams) -> dict[str, Any]:
        return await excerpt(services, await address_asked_for(services, params))


async def excerpt(services: Services, address: Address) -> dict[str, Any]:
    found = await excerpt_at(services, address)
    cited = cited_range(found, services.buffers.encoding)
    return {
        "uri": str(address),
        "title": title(found),
        "text": "\n".join(found.lines),
        "language": found.language,
        "path": found.path,
        "textDocument": {"uri": found.place.uri},
        "line": found.place.line,
        "endLine": found.place.end_line,
        "first": found.first,
        "last": found.last,
        "total": found.total,
        "cited": None if cited is None else attrs.asdict(cited),
        "present": found.present,
        "notes": list(found.notes),
        **{name: None if way is None else str(way) for name, way in neighbours(address, found).items()},
    }


async def address_asked_for(services: Services, params: wire.ExcerptParams) -> Address:
    """Raises BadRequest where neither a place nor an address is given, NoDocuments where `search` finds nothing."""
    if params.uri is not None:
        address = address_of(params.uri)
        if address is None:
            raise BadRequest(f"{params.uri[:200]} is no address of an excerpt.")
    elif params.text_document is not None:
        first = 1 if params.line is None else params.line
        address = Address("around", uri=params.text_document.uri, lines=(first, params.end_line or first))
    else:
        raise BadRequest("An excerpt is asked for by its uri, or by textDocument and line.")
    return address if params.search is None else await _further(services, address, params.search)


async def _further(services: Services, address: Address, words: str) -> Address:
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.trace.excerpt import next_with

    place = (await excerpt_at(services, address)).place
    buffers = await services.buffers.snapshot([place.uri])
    async with services.jobs.few:
        found = await next_with(engine, place, words, buffers)
    if found is None:
        raise NoDocuments(f"No line below {place.end_line:,} holds these words.", "Look for others.")
    return Address("around", uri=found.uri, lines=(found.line, found.end_line), name=address.name)
