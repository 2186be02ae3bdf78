"""From a request's scope to the engine's: open texts taken as they are now, folders found, columns in UTF-16."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pygls.uris import to_fs_path, uri_scheme

from rlm_ls.context.scope import Scope
from rlm_ls.errors import BadRequest, DocumentMissing
from rlm_ls.lsp.rope import characters, units
from rlm_ls.lsp.wire import Position, Range, ScopeParams

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


async def take_scope(server: RlmServer, params: ScopeParams) -> Scope:
    """Raises BadRequest when fields are missing for the kind, or there is no folder to look into."""
    if params.kind in {"document", "selection"}:
        return await _one_document(server, params)
    include, exclude, named = (tuple(globs or ()) for globs in (params.include, params.exclude, params.uris))
    if params.kind == "files" and not include and not named:
        raise BadRequest("A scope of files needs `include` globs or `uris`.")
    folders = _folders(server)
    if not folders and (params.kind == "workspace" or include):
        raise BadRequest("There is no workspace folder to look into.", "Open a folder, or ask about a single document.")
    roots = tuple(folders.values()) if params.kind == "workspace" or include else ()
    known = {unquote(uri) for uri in named}
    inside = [uri for uri in server.buffers.uris() if unquote(uri) in known or (roots and _within(uri, folders))]
    return Scope(
        kind=params.kind,
        files=named,
        roots=roots,
        include=include,
        exclude=exclude,
        buffers=await server.buffers.snapshot(inside),
    )


async def _one_document(server: RlmServer, params: ScopeParams) -> Scope:
    if params.text_document is None:
        raise BadRequest(f"A scope of kind {params.kind!r} needs `textDocument`.")
    if params.kind == "selection" and params.range is None:
        raise BadRequest("A scope of kind 'selection' needs `range`.")
    uri = params.text_document.uri
    if uri not in server.buffers and uri_scheme(uri) not in {"file", ""}:
        raise DocumentMissing(f"{uri} is not open and is not a file.", "Open it in the editor, or save it to a file.")
    buffers = await server.buffers.snapshot([uri])
    region = await _region(server, uri, params.range) if params.range and params.kind == "selection" else None
    return Scope(kind=params.kind, files=(uri,), region=region, buffers=buffers)


async def _region(server: RlmServer, uri: str, place: Range) -> tuple[tuple[int, int], tuple[int, int]]:
    start, end = place.start, place.end
    if (end.line, end.character) < (start.line, start.character):
        start, end = end, start
    if min(start.line, start.character, end.character) < 0:
        raise BadRequest("A range counts lines and characters from 0.")
    encoding = server.buffers.encoding
    if encoding != "utf-16":
        first, last = await _lines(server, uri, (start.line, end.line), max(start.character, end.character))
        start, end = _to_utf16(start, first, encoding), _to_utf16(end, last, encoding)
    return (start.line, start.character), (end.line, end.character)


def _to_utf16(position: Position, line: str, encoding: str) -> Position:
    head = line[: characters(line, position.character, encoding)]
    return Position(position.line, units(head, "utf-16"))


async def _lines(server: RlmServer, uri: str, numbers: tuple[int, int], limit: int) -> list[str]:
    """The starts of two lines, from the open text or the disk; empty where there is no such line."""
    if uri in server.buffers:
        return await server.buffers.lines(uri, numbers, limit)
    path = to_fs_path(uri) or ""
    return await asyncio.get_running_loop().run_in_executor(None, _lines_on_disk, path, numbers, limit)


def _lines_on_disk(path: str, numbers: tuple[int, int], limit: int) -> list[str]:
    found = dict.fromkeys(numbers, "")
    try:
        # Universal newlines are LSP's line ends: \n, \r\n and \r.
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            for number, line in enumerate(islice(file, max(numbers) + 1)):
                if number in found:
                    found[number] = line.rstrip("\n")[:limit]
    except OSError:
        pass  # the engine says what is wrong with the file
    return [found[number] for number in numbers]


def _folders(server: RlmServer) -> dict[str, str]:
    """Workspace folders: URI → path. The root of clients that know no folders counts as one."""
    uris = [folder.uri for folder in server.workspace.folders.values()]
    if not uris and server.workspace.root_uri:
        uris = [server.workspace.root_uri]
    return {uri: path for uri in uris if (path := to_fs_path(uri))}


def _within(uri: str, folders: dict[str, str]) -> bool:
    plain = unquote(uri)
    return any(plain.startswith(unquote(folder).rstrip("/") + "/") for folder in folders)
