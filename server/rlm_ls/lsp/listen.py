"""Serving editors elsewhere: `--tcp` and `--ws`. One process; each connection is a client with a server of its own.

Loopback only, unless a token is asked of every client. Nothing is encrypted here: between machines that is the work of
an SSH tunnel or a TLS proxy.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rlm_ls.ending import on_signals
from rlm_ls.lsp.stdio import SIGNALS, end_process, quiet_logs

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer

MOST_CLIENTS = 64
"""Clients that are initialized; as many again may be on their way in, of which the oldest makes room for the next."""
SHORTEST_TOKEN = 16
PROOF_SECONDS = 10.0
"""A client that has not initialized by then, with its token if one is asked for, is let go."""

Serve = Callable[["Door"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Place:
    kind: Literal["tcp", "ws"]
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name may mean anything


class CannotListen(Exception):
    """The command line asks for what will not be done; the sentence says why. Exit code 2."""


def place(kind: Literal["tcp", "ws"], text: str) -> Place:
    """`[HOST:]PORT`, an IPv6 host in brackets; the host is 127.0.0.1 unless said. Port 0 is any free one."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise CannotListen(f"--{kind} wants [HOST:]PORT, such as 4711 or 127.0.0.1:4711, not {text!r}.")
    return Place(kind, host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))


def token_from(variable: str | None) -> str | None:
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < SHORTEST_TOKEN:
        raise CannotListen(f"the variable {variable} must hold a token of {SHORTEST_TOKEN} characters or more.")
    return token


def listen(where: Place, token: str | None) -> int:
    """Serve until a signal ends the process (code 0). Returns only if it cannot begin: 1; raises CannotListen."""
    if token is None and not where.loopback:
        raise CannotListen(
            f"{where.host} is not this machine's loopback: whoever reaches the port could read your files. "
            "Name a variable with a token (--token-env VARIABLE), or listen on 127.0.0.1 and use an SSH tunnel."
        )
    quiet_logs()
    serve: Serve
    if where.kind == "ws":
        try:
            from rlm_ls.lsp.listen_ws import serve
        except ModuleNotFoundError:
            print("rlm-ls: --ws needs the package websockets: pip install 'rlm-ls[ws]'", file=sys.stderr)
            return 1
    else:
        from rlm_ls.lsp.listen_tcp import serve
    host = "127.0.0.1" if where.host == "localhost" else where.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, where.port), family=family, backlog=MOST_CLIENTS)
    except OSError as error:
        print(f"rlm-ls: cannot listen on {where.host}:{where.port}: {error.strerror}.", file=sys.stderr)
        return 1
    shown = f"[{host}]" if ":" in host else host
    print(f"rlm-ls: listening on {where.kind}://{shown}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    asyncio.new_event_loop().run_until_complete(_serve(Door(listener, token), serve))
    end_process(0)
    return 0


class Door:
    """Lets clients in: what both transports share. `token` None: none is asked for."""

    def __init__(self, listener: socket.socket, token: str | None) -> None:
        self.listener = listener
        self.token = token
        self._servers: dict[RlmServer, None] = {}
        """In the order in which they came."""
        self._clients: set[asyncio.Task[None]] = set()

    def admits(self) -> bool:
        """Whether there is room for one more. Whoever has proved nothing yet cannot keep others out."""
        served = [server for server in self._servers if server.protocol.initialized]
        if len(served) >= MOST_CLIENTS or len(self._clients) >= 4 * MOST_CLIENTS:
            return False
        waiting = [server for server in self._servers if not server.protocol.initialized and not server.ended.done()]
        for server in waiting[: len(waiting) - MOST_CLIENTS + 1]:
            server.end()
        return True

    def open_for(self, client: Awaitable[None]) -> None:
        """Follow a client until it has gone."""
        task = asyncio.ensure_future(client)
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    def server(self, *, token: str | None) -> RlmServer:
        """A server for one client; `token` is what its `initialize` has to bring."""
        from rlm_ls.lsp.server import RlmServer

        server = RlmServer(token=token, remote=True)
        self._servers[server] = None
        late = asyncio.get_running_loop().call_later(PROOF_SECONDS, _let_go, server)

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


async def _serve(door: Door, serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    on_signals(SIGNALS, lambda: loop.call_soon_threadsafe(done.set))
    serving = asyncio.ensure_future(serve(door))
    ending = asyncio.ensure_future(done.wait())
    await asyncio.wait([serving, ending], return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    await asyncio.wait([serving])
    door.listener.close()
    await door.close()
