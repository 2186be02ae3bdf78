"""`rlm-ls mcp` as a process: on stdio for the client that started it, or over HTTP on loopback with a token."""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mcp.server.transport_security import TransportSecuritySettings

from rlm_ls.mcp.server import Door, build

PATH = "/mcp"
HOST = "127.0.0.1"
MOST_BODY = 20 << 20
MOST_CLIENTS = 64

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


async def serve_stdio(door: Door) -> None:
    """Returns when the client has closed its end."""
    try:
        await build(door).run_stdio_async()
    finally:
        await door.close()


async def serve_http(door: Door, port: int, token: str | None, announce: Callable[[str, str], None]) -> None:
    """Serve on loopback until cancelled. `announce` is given the address and the token that clients have to send."""
    import uvicorn

    with socket.create_server((HOST, port)) as listener:
        address = f"{HOST}:{listener.getsockname()[1]}"
        app = build(door).streamable_http_app(
            streamable_http_path=PATH,
            host=HOST,
            max_request_body_size=MOST_BODY,
            max_sessions=MOST_CLIENTS,
            transport_security=TransportSecuritySettings(
                allowed_hosts=[address], allowed_origins=[f"http://{address}"]
            ),
        )
        token = token or secrets.token_urlsafe(24)
        config = uvicorn.Config(guarded(app, token), log_level="warning", access_log=False, lifespan="on")
        announce(f"http://{address}{PATH}", token)
        try:
            await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            await door.close()


def guarded(app: Any, token: str) -> App:
    """The app for whoever sends the token, `Authorization: Bearer …`; others hear 401."""
    expected = f"Bearer {token}".encode()

    async def guard(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(sent, expected):
                headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"rlm-ls: a token is needed\n"})
                return
        await app(scope, receive, send)

    return guard
