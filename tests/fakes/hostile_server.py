"""A server on this machine that answers any request as its test wants, and knows what came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Heard:
    """`base` leads to the server; `requests` are the paths that were asked for, `written` the bytes it could send, and
    `calls` those of the requests that were to bring a reply."""

    base: str
    requests: list[str] = field(default_factory=list)
    written: int = 0

    @property
    def calls(self) -> list[str]:
        return [path for path in self.requests if path not in ("/v1/models", "/props")]


@asynccontextmanager
async def answering(handler: Callable[[web.Request, Heard], Awaitable[web.StreamResponse]]) -> AsyncIterator[Heard]:
    heard = Heard("")

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        heard.requests.append(request.path)
        return await handler(request, heard)

    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        heard.base = str(server.make_url("/v1"))
        yield heard


async def silence(_request: web.Request, _heard: Heard) -> web.StreamResponse:
    return web.Response(text="{}", content_type="application/json")


def redirecting(status: int, to: str) -> Callable[[web.Request, Heard], Awaitable[web.StreamResponse]]:
    async def redirect(_request: web.Request, _heard: Heard) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": to})

    return redirect


def sending(
    chunks: AsyncIterator[bytes] | Callable[[], AsyncIterator[bytes]],
    *,
    status: int = 200,
    content_type: str = "text/event-stream",
    encoding: str = "",
) -> Callable[[web.Request, Heard], Awaitable[web.StreamResponse]]:
    """Send `chunks()` until they end or the client hangs up."""

    async def send(request: web.Request, heard: Heard) -> web.StreamResponse:
        headers = {"Content-Type": content_type} | ({"Content-Encoding": encoding} if encoding else {})
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        async for chunk in chunks() if callable(chunks) else chunks:
            try:
                await response.write(chunk)
            except ConnectionError:
                break
            heard.written += len(chunk)
            await asyncio.sleep(0)
        return response

    return send
