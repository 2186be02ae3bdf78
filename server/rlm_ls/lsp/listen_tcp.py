"""Clients over TCP, framed as on stdio. The token, if one is asked for, comes with `initialize`."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from rlm_ls.lsp.transport import Reader, Writer

if TYPE_CHECKING:
    from rlm_ls.lsp.listen import Door
    from rlm_ls.lsp.server import RlmServer

UNPROVED_LIMIT = 1 << 20
"""Bytes of a message before the client has proved its token."""


async def serve(door: Door) -> None:
    """Let clients in until cancelled."""
    loop = asyncio.get_running_loop()
    door.listener.setblocking(False)
    while True:
        connection, _ = await loop.sock_accept(door.listener)
        if door.full:
            connection.close()
            continue
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        door.open_for(_client(door, connection))


async def _client(door: Door, connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    server = door.server(token=door.token)

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
    return names <= {b"content-length", b"content-type"} and (server.proved or length <= UNPROVED_LIMIT)
