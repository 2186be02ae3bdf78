"""Clients over WebSocket: one message a frame. The token, if one is asked for, comes with the handshake."""

from __future__ import annotations

import asyncio
import hmac
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rlm_ls.lsp.transport.framing import LARGEST, UNREAD_LIMIT, decode
from rlm_ls.lsp.transport.listener import AUTHENTICATION_SECONDS, MOST_CLIENTS

if TYPE_CHECKING:
    from rlm_ls.lsp.transport.listener import ClientListener

LOOKED_AT_SECONDS = 1.0
"""How often it is looked whether a client reads what it is sent, pongs included."""


async def serve(listener: ClientListener) -> None:
    """Accept clients until cancelled."""
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # it logs each port scan with a traceback

    def admit(connection: ServerConnection, request: Request) -> Response | None:
        return _refusal(listener, connection, request)

    async def client(connection: ServerConnection) -> None:
        task = asyncio.ensure_future(_client(listener, connection))
        listener.open_for(task)
        await task

    arriving: dict[ServerConnection, None] = {}

    class Arriving(ServerConnection):
        """Before the handshake is done nothing is known of a client: the oldest such makes room for the next."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            arriving[self] = None
            super().connection_made(transport)
            for oldest in list(arriving)[:-MOST_CLIENTS]:
                del arriving[oldest]
                oldest.transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            arriving.pop(self, None)
            super().connection_lost(exc)

    async def arrived(connection: ServerConnection) -> None:
        arriving.pop(connection, None)
        await client(connection)

    server: Server = await serve_websockets(
        arrived,
        sock=listener.listener,
        process_request=admit,
        create_connection=Arriving,
        max_size=LARGEST,
        max_queue=4,
        open_timeout=AUTHENTICATION_SECONDS,
        compression=None,
    )
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.close(close_connections=False)  # ClientListener.close ends them, with all that they run


def _refusal(listener: ClientListener, connection: ServerConnection, request: Request) -> Response | None:
    if not listener.admits():
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many clients.\n")
    if listener.token is None:
        # Browsers let any web page connect to this machine, and say where the page is from.
        if request.headers.get("Origin") is not None:
            return connection.respond(HTTPStatus.FORBIDDEN, "Web pages need a token.\n")
        return None
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    given = given or parse_qs(urlsplit(request.path).query).get("token", [""])[0]
    if hmac.compare_digest(given.encode(), listener.token.encode()):
        return None
    return connection.respond(HTTPStatus.UNAUTHORIZED, "The token is missing or wrong.\n")


class _Writer:
    """`write` returns at once, from any thread; `send` sends in order until `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.unread = 0
        """Characters that wait to be sent."""

    def write(self, data: str) -> None:
        self._loop.call_soon_threadsafe(self._put, data)

    def _put(self, data: str) -> None:
        self.unread += len(data)
        self._queue.put_nowait(data)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    async def send(self, connection: ServerConnection) -> None:
        while (data := await self._queue.get()) is not None:
            await connection.send(data)
            self.unread -= len(data)


async def _client(listener: ClientListener, connection: ServerConnection) -> None:
    server, writer = listener.server(token=None), _Writer()
    server.protocol.set_writer(writer, include_headers=False)  # type: ignore[arg-type]
    sending = asyncio.ensure_future(writer.send(connection))
    reading = asyncio.ensure_future(_read(connection, server.protocol.deliver))
    reading.add_done_callback(lambda _: server.end())
    watching = asyncio.ensure_future(_unread(connection, writer))
    watching.add_done_callback(lambda _: server.end())
    try:
        await server.ended
    finally:
        await server.close()
        writer.close()
        await asyncio.wait([sending], timeout=0.5)
        await connection.close()
        for task in (sending, reading, watching):
            task.cancel()
        await asyncio.wait([sending, reading, watching])


async def _unread(connection: ServerConnection, writer: _Writer) -> None:
    """Returns when too much waits for a client that does not read: its messages, and the pongs to its pings."""
    while writer.unread + connection.transport.get_write_buffer_size() <= UNREAD_LIMIT:  # noqa: ASYNC110
        await asyncio.sleep(LOOKED_AT_SECONDS)
    connection.transport.abort()


async def _read(connection: ServerConnection, deliver: object) -> None:
    assert callable(deliver)
    try:
        async for message in connection:
            body = message.encode() if isinstance(message, str) else message
            # Large ones in a thread: other clients are served meanwhile.
            deliver(decode(body) if len(body) < 1 << 16 else await asyncio.to_thread(decode, body))
    except ConnectionClosed:
        return
