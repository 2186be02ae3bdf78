"""Makes the engine's Scope of a request's: open texts are taken as they are now, folders found, columns in UTF-16."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygls.uris import uri_scheme

from rlm_ls.context.remote.addresses import is_remote
from rlm_ls.context.scope import Scope
from rlm_ls.errors import BadRequest, DocumentMissing
from rlm_ls.lsp.wire import Range, ScopeParams
from rlm_ls.lsp.workspace.buffers import key_of
from rlm_ls.lsp.workspace.positions import Utf16Positions

if TYPE_CHECKING:
    from rlm_ls.lsp.services import Services


async def take_scope(services: Services, params: ScopeParams) -> Scope:
    """Raises BadRequest when fields are missing for the kind, or there is no folder to look into."""
    if params.kind in {"document", "selection"}:
        return await _one_document(services, params)
    include, exclude, named = (tuple(globs or ()) for globs in (params.include, params.exclude, params.uris))
    if params.kind == "files" and not include and not named:
        raise BadRequest("A scope of files needs `include` globs or `uris`.")
    folders = services.folders.paths()
    elsewhere = params.kind == "workspace" and not folders and await _reads_elsewhere(services)
    if not folders and (params.kind == "workspace" or include) and not elsewhere:
        raise BadRequest("There is no workspace folder to look into.", "Open a folder, or ask about a single document.")
    roots = folders if params.kind == "workspace" or include else ()
    known = {key_of(uri) for uri in named}
    inside = [uri for uri in services.buffers.uris() if key_of(uri) in known or (roots and services.folders.holds(uri))]
    return Scope(
        kind=params.kind,
        files=named,
        roots=roots,
        include=include,
        exclude=exclude,
        buffers=await services.buffers.snapshot(inside),
    )


async def _reads_elsewhere(services: Services) -> bool:
    return bool((await services.configuration.current()).context.remote)


async def _one_document(services: Services, params: ScopeParams) -> Scope:
    if params.text_document is None:
        raise BadRequest(f"A scope of kind {params.kind!r} needs `textDocument`.")
    if params.kind == "selection" and params.range is None:
        raise BadRequest("A scope of kind 'selection' needs `range`.")
    uri = params.text_document.uri
    if uri not in services.buffers and _scheme(uri) not in {"file", ""} and not is_remote(uri):
        raise DocumentMissing(f"{uri} is not open and is not a file.", "Open it in the editor, or save it to a file.")
    # Begun before anything is awaited: the range is of the text of this moment.
    reading = _ends(services, uri, params.range) if params.range and params.kind == "selection" else None
    buffers = await services.buffers.snapshot([uri])
    region = None
    if reading is not None:
        start, end = await reading.positions()
        region = ((start.line, start.character), (end.line, end.character))
    left_out = tuple(line for line in params.leave_out or () if line >= 0)
    return Scope(kind=params.kind, files=(uri,), region=region, leave_out=left_out, buffers=buffers)


def _scheme(uri: str) -> str | None:
    try:
        scheme: str | None = uri_scheme(uri)
    except ValueError:  # `http://[x`
        return None
    return scheme


def _ends(services: Services, uri: str, place: Range) -> Utf16Positions:
    start, end = place.start, place.end
    if (end.line, end.character) < (start.line, start.character):
        start, end = end, start
    if min(start.line, start.character, end.character) < 0:
        raise BadRequest("A range counts lines and characters from 0.")
    return Utf16Positions(services.buffers, uri, (start, end))
