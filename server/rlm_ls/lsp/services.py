"""The record of what requests, features and jobs may use of one client's server. It has no means to end the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlm_ls.lsp.client import Client
    from rlm_ls.lsp.configuration import Configuration
    from rlm_ls.lsp.engine_loader import EngineLoader
    from rlm_ls.lsp.jobs.jobs import Jobs
    from rlm_ls.lsp.jobs.shown_files import ShownFiles
    from rlm_ls.lsp.transport.protocol import RlmProtocol
    from rlm_ls.lsp.workspace.buffers import Buffers
    from rlm_ls.lsp.workspace.diagnostics import KnownDiagnostics
    from rlm_ls.lsp.workspace.edits import RecentEdits
    from rlm_ls.lsp.workspace.folders import Folders


@dataclass(frozen=True, slots=True)
class Services:
    """Made once for each client, before any handler is registered."""

    protocol: RlmProtocol
    client: Client
    buffers: Buffers
    folders: Folders
    edits: RecentEdits
    diagnostics: KnownDiagnostics
    configuration: Configuration
    engine_loader: EngineLoader
    jobs: Jobs
    shown_files: ShownFiles
    watch_client: Callable[[int], None]
    """Ends the server when the process of this id, the client's, has ended."""
