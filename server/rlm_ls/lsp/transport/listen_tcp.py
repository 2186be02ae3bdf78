"""Clients over TCP, framed as on stdio. The token, if one is asked for, comes with `initialize`."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from rlm_ls.lsp.transport.framing import Reader, Writer

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer
    from rlm_ls.lsp.transport.listener import ClientListener

log = logging.getLogger(__name__)

UNAUTHENTICATED_LIMIT = 1 << 20
"""Bytes of a message before the client has initialized, with its token if one is asked for."""


async def serve(listener: ClientListener) -> None:
    """Accept clients until cancelled."""
    loop = asyncio.get_running_loop()
    listener.listener.setblocking(False)
    while True:
        try:
            connection, _ = await loop.sock_accept(listener.listener)
        except OSError as error:  # gone before it was let in; or no descriptor is left for it
            log.warning("a client could not be let in (%s)", type(error).__name__)
            await asyncio.sleep(0.1)
            continue
        if not listener.admits():
            connection.close()
            continue
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        notice_death(connection)
        listener.open_for(_client(listener, connection))


def notice_death(connection: socket.socket) -> None:
    """A machine that vanished without a word is noticed in two minutes, not in the system's two hours."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)


async def _client(listener: ClientListener, connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    server = listener.server(token=listener.token)

    def gone() -> None:
        loop.call_soon_threadsafe(server.end)

    def receive(message: object) -> None:
        loop.call_soon_threadsafe(server.protocol.deliver, message)

    writer = Writer(connection.send, gone)
    server.protocol.set_writer(writer)
    writer.start()
    Reader(connection.recv, receive, gone, takes=lambda head, length: _takes(server, head, length)).start()
    try:
        await server.ended
    finally:
        await server.close()
        # In a thread: a client that does not read must not hold up the others while the last words are written.
        await asyncio.to_thread(writer.close)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # ends both threads, which may be waiting for the client
        connection.close()


def _takes(server: RlmServer, head: bytes, length: int) -> bool:
    """Refuse what no language client sends: a web page can have a browser post a message to this port."""
    names = {line.partition(b":")[0].strip().lower() for line in head.split(b"\r\n")}
    return names <= {b"content-length", b"content-type"} and (
        server.protocol.initialized or length <= UNAUTHENTICATED_LIMIT
    )
