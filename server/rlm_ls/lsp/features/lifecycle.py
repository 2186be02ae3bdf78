"""`initialize`, `initialized` and changes of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from rlm_ls.lsp.features.watching import watch_files

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


def register(server: RlmServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.client.initialized(params)
        server.folders.initialized(params)
        server.configuration.take_options(params.initialization_options)
        encoding = server.workspace.position_encoding or "utf-16"
        server.buffers.encoding = str(getattr(encoding, "value", encoding))
        if params.process_id:
            server.watch_client(params.process_id)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        server.configuration.start()
        watch_files(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        server.configuration.changed(params.settings)
