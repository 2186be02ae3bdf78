"""Serving editors elsewhere: `--tcp` and `--ws`. One process; each connection is a client with a server of its own.

Loopback only, unless a token is asked of every client. Nothing is encrypted here: between machines that is the work of
an SSH tunnel or a TLS proxy.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rlm_ls.ending import end_process, on_signals
from rlm_ls.loopback import is_loopback
from rlm_ls.lsp.transport.listener import MOST_CLIENTS, ClientListener
from rlm_ls.lsp.transport.stdio import SIGNALS, quiet_logs

if TYPE_CHECKING:
    pass

SHORTEST_TOKEN = 16

Serve = Callable[["ClientListener"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Address:
    kind: Literal["tcp", "ws"]
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


class CannotListen(Exception):
    """The command line asks for what will not be done; the sentence says why. Exit code 2."""


def parse_address(kind: Literal["tcp", "ws"], text: str) -> Address:
    """`[HOST:]PORT`, an IPv6 host in brackets; the host is 127.0.0.1 unless said. Port 0 is any free one."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise CannotListen(f"--{kind} wants [HOST:]PORT, such as 4711 or 127.0.0.1:4711, not {text!r}.")
    return Address(kind, host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))


def token_from(variable: str | None) -> str | None:
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < SHORTEST_TOKEN:
        raise CannotListen(f"the variable {variable} must hold a token of {SHORTEST_TOKEN} characters or more.")
    return token


def listen(where: Address, token: str | None) -> int:
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
            from rlm_ls.lsp.transport.listen_ws import serve
        except ModuleNotFoundError:
            print("rlm-ls: --ws needs the package websockets: pip install 'rlm-ls[ws]'", file=sys.stderr)
            return 1
    else:
        from rlm_ls.lsp.transport.listen_tcp import serve
    host = "127.0.0.1" if where.host == "localhost" else where.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, where.port), family=family, backlog=MOST_CLIENTS)
    except OSError as error:
        print(f"rlm-ls: cannot listen on {where.host}:{where.port}: {error.strerror}.", file=sys.stderr)
        return 1
    shown = f"[{host}]" if ":" in host else host
    print(f"rlm-ls: listening on {where.kind}://{shown}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    asyncio.new_event_loop().run_until_complete(_serve(ClientListener(listener, token), serve))
    end_process(0)
    return 0


async def _serve(listener: ClientListener, serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    on_signals(SIGNALS, lambda: loop.call_soon_threadsafe(done.set))
    serving = asyncio.ensure_future(serve(listener))
    ending = asyncio.ensure_future(done.wait())
    await asyncio.wait([serving, ending], return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    await asyncio.wait([serving])
    listener.listener.close()
    await listener.close()
