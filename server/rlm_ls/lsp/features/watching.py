"""`workspace/didChangeWatchedFiles`: files that changed on disk are reported to the engine, for its caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services

REGISTRATION = "rlm-watched-files"


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed(params: types.DidChangeWatchedFilesParams) -> None:
        engine = services.engine_loader.opened()
        if engine is not None:  # one that is not there yet keeps nothing of any file
            engine.changed([path for event in params.changes if (path := to_fs_path(event.uri))])


def watch_files(services: Services) -> None:
    """Ask the client to watch all files, if it can: LSP has no other way to have them watched."""
    if services.client.can("workspace.did_change_watched_files.dynamic_registration"):
        everything = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
        services.client.register(REGISTRATION, types.WORKSPACE_DID_CHANGE_WATCHED_FILES, everything)
