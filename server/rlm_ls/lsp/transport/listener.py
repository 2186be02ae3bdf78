"""Accepting clients: how many, for how long without a token, each with a server of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer

MOST_CLIENTS = 64
"""Most initialized clients. As many again may be connecting: where there are more, the oldest of those is dropped."""


AUTHENTICATION_SECONDS = 10.0
"""Seconds after which a client that has not initialized, with its token if one is required, is disconnected."""


class ClientListener:
    """Accepts clients, for both transports. `token` None: none is required."""

    def __init__(self, listener: socket.socket, token: str | None) -> None:
        self.listener = listener
        self.token = token
        self._servers: dict[RlmServer, None] = {}
        """In the order in which they came."""
        self._clients: set[asyncio.Task[None]] = set()

    def admits(self) -> bool:
        """Whether there is room for one more client. Clients that are not yet initialized do not keep others out."""
        served = [server for server in self._servers if server.protocol.initialized]
        if len(served) >= MOST_CLIENTS or len(self._clients) >= 4 * MOST_CLIENTS:
            return False
        waiting = [server for server in self._servers if not server.protocol.initialized and not server.ended.done()]
        for server in waiting[: len(waiting) - MOST_CLIENTS + 1]:
            server.end()
        return True

    def open_for(self, client: Awaitable[None]) -> None:
        """Serve a client until it disconnects."""
        task = asyncio.ensure_future(client)
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    def server(self, *, token: str | None) -> RlmServer:
        """A server for one client; `token` is what its `initialize` has to bring."""
        from rlm_ls.lsp.server import RlmServer

        server = RlmServer(token=token, remote=True)
        self._servers[server] = None
        late = asyncio.get_running_loop().call_later(AUTHENTICATION_SECONDS, _let_go, server)

        def left(_: object) -> None:
            late.cancel()
            self._servers.pop(server, None)

        server.ended.add_done_callback(left)
        return server

    async def close(self) -> None:
        """End every client's server, each with all that it runs."""
        for server in list(self._servers):
            server.end(0)
        if self._clients:
            await asyncio.wait(self._clients)


def _let_go(server: RlmServer) -> None:
    if not server.protocol.initialized:
        server.end()
