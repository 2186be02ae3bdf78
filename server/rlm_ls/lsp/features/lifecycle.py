"""`initialize`, `initialized` and changes of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from rlm_ls.lsp.features.watching import watch_files

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        services.client.initialized(params)
        services.folders.initialized(params)
        services.configuration.take_options(params.initialization_options)
        encoding = server.workspace.position_encoding or "utf-16"
        services.buffers.encoding = str(getattr(encoding, "value", encoding))
        if params.process_id:
            services.watch_client(params.process_id)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        services.configuration.start()
        watch_files(services)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        services.configuration.changed(params.settings)
