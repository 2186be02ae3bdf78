"""Work-done progress of one job: begin, reports, end. Tokens are never used twice and nothing is kept after the end."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from lsprotocol import types

from rlm_ls.lsp.client import Client
from rlm_ls.visible import visible


class Progress:
    """`token` is the client's, or None: then the server makes one, if the client shows progress.

    Made begun or not begun yet: a server-made token may be used when the client has agreed, until then the latest
    report is kept.
    """

    def __init__(self, client: Client, token: int | str | None, title: str) -> None:
        self._client = client
        self._title = title
        self._begun = False
        self._ended = False
        self._latest: types.WorkDoneProgressReport | None = None
        self._creation: asyncio.Task[None] | None = None
        if token is not None:
            self.token: int | str | None = token
            self._begin()
        elif client.can("window.work_done_progress"):
            self.token = str(uuid.uuid4())
            self._creation = asyncio.ensure_future(self._create(self.token))
        else:
            self.token = None

    def report(self, message: str, percentage: int) -> None:
        report = types.WorkDoneProgressReport(cancellable=True, message=visible(message), percentage=percentage)
        if self._begun and not self._ended:
            self._send(report)
        else:
            self._latest = report

    def end(self, message: str) -> None:
        if self._creation is not None:
            self._creation.cancel()
        if self._begun and not self._ended:
            self._send(types.WorkDoneProgressEnd(message=visible(message)))
        self._ended = True

    async def _create(self, token: str) -> None:
        if await self._client.create_progress(token) and not self._ended:
            self._begin()
            if self._latest is not None:
                self._send(self._latest)

    def _begin(self) -> None:
        self._begun = True
        self._send(types.WorkDoneProgressBegin(title=visible(self._title), cancellable=True, percentage=0))

    def _send(self, value: Any) -> None:
        assert self.token is not None
        self._client.notify(types.PROGRESS, types.ProgressParams(self.token, value))
