"""The server object: its parts, and when they start and end. What it does is in the modules of the single requests."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from rlm_ls import __version__
from rlm_ls.lsp.client import Client
from rlm_ls.lsp.configuration import Configuration
from rlm_ls.lsp.engine_loader import EngineLoader
from rlm_ls.lsp.features import code_actions, code_lenses, commands, content, document_links, lifecycle, watching
from rlm_ls.lsp.jobs.jobs import Jobs
from rlm_ls.lsp.jobs.native_consent import native_consent
from rlm_ls.lsp.jobs.shown_files import ShownFiles
from rlm_ls.lsp.requests import ask, citations, data, doctor, estimate, excerpt, resume, runs, sample, stop, trace
from rlm_ls.lsp.services import Services
from rlm_ls.lsp.transport.client_process import watch
from rlm_ls.lsp.transport.protocol import RlmProtocol
from rlm_ls.lsp.workspace.buffers import Buffers
from rlm_ls.lsp.workspace.diagnostics import KnownDiagnostics
from rlm_ls.lsp.workspace.edits import RecentEdits
from rlm_ls.lsp.workspace.folders import Folders

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

log = logging.getLogger(__name__)

DRAIN = 2.0
"""Seconds that ending jobs may take; what is not done by then ends with the process."""


PARTS = (
    lifecycle, watching, ask, resume, estimate, stop, runs, trace, citations, excerpt, data, doctor, content,
    document_links, code_actions, code_lenses, commands,
)  # fmt: skip
"""What registers handlers: one module a request or capability."""


class RlmServer(LanguageServer):
    """One client's server. Must be made within a running event loop.

    `token` is what `initialize` has to bring before anything else is heard; `remote`: the client may be on another
    machine, where process ids mean something else.
    """

    protocol: RlmProtocol

    def __init__(self, *, token: str | None = None, remote: bool = False) -> None:
        super().__init__(
            name="rlm-ls",
            version=__version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=RlmProtocol,
            converter_factory=default_converter,
        )
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._token = token
        self._remote = remote
        self.client = Client(self.protocol)
        self.buffers = Buffers()
        self.folders = Folders()
        self.edits = RecentEdits()
        self.diagnostics = KnownDiagnostics(self.buffers)
        self.configuration = Configuration(self.client, self.folders.paths)
        self.sampling = sample.Sampling(self.protocol)
        self.engine_loader = EngineLoader(self.configuration, self._prepare)
        self.jobs = Jobs()
        self.shown_files = ShownFiles()
        self._watchers: list[asyncio.Task[None]] = []
        self._closing: asyncio.Task[None] | None = None
        self.services = Services(
            self.protocol,
            self.client,
            self.buffers,
            self.folders,
            self.edits,
            self.diagnostics,
            self.configuration,
            self.engine_loader,
            self.jobs,
            self.shown_files,
            self.watch_client,
        )
        for part in PARTS:
            part.register(self, self.services)
        sample.register(self, self.sampling)

    def end(self, code: int = 1) -> None:
        """End the process with this code. The first call counts."""
        if not self.ended.done():
            self.ended.set_result(0 if self.protocol.shut_down else code)

    @property
    def authenticated(self) -> bool:
        """No token is asked for, or the client has brought it."""
        return self._token is None or self.protocol.initialized

    def admits(self, token: object) -> bool:
        """Whether this is the token, compared in a time that tells nothing of it."""
        if self._token is None:
            return True
        import hmac  # not on the way to `initialize` where there is no token

        return isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def stop_job(self, token: int | str) -> None:
        self.jobs.stop_by_token(token)

    def watch_client(self, process: int) -> None:
        if self._remote:
            return
        self._watchers.append(asyncio.ensure_future(watch(process, self.end)))

    async def drain(self) -> None:
        """Stop every job, worker and the store; within DRAIN seconds, and once."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._drain())
        await asyncio.shield(self._closing)

    async def close(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        await self.drain()
        await asyncio.to_thread(self.shown_files.close)
        self.buffers.close()

    def _prepare(self, engine: Engine) -> None:
        engine.native_consent = native_consent(self.services, engine)
        engine.sampler = self.sampling.sample if self.client.samples else None

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN):
                await self.configuration.close()
                await self.jobs.cancel_all()
                await self.engine_loader.close()
        except TimeoutError:
            log.warning("not everything could be stopped within %s s", DRAIN)
        except Exception:
            log.exception("closing failed")
