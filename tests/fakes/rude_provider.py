"""A server that is no provider at all: what it sends is bytes, by the name in the path of its base URL.

`provider.url("endless")` is a base URL whose every request is answered in that way. HTTP is written by hand, since no
library would send this.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
JSON = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n%s\r\n"
MEGABYTE = 1 << 20
SUBMIT = "```python\nsubmit('done')\n```"
CONTROL = "\x1b]52;c;aGFoYQ==\x07\x1b[2J\x9b31m\x00\u202e\x1b]0;title\x07"


def piece(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return (
        b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
    )


def whole(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice]}).encode()


def error(status: bytes, message: str) -> bytes:
    return JSON % (status, b"") + json.dumps({"error": {"message": message, "type": "x", "code": "x"}}).encode()


async def endless_text() -> AsyncIterator[bytes]:
    yield STREAM
    while True:
        yield piece("word " * 200)
        await asyncio.sleep(0.001)


async def endless_line() -> AsyncIterator[bytes]:
    yield STREAM + b"data: "
    while True:
        yield b"x" * 65_536


async def endless_headers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Header: " + b"y" * 1000 + b"\r\n"
        await asyncio.sleep(0.001)


async def endless_error() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 500 Bad\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    while True:
        yield b"e" * 65_536


async def dripping() -> AsyncIterator[bytes]:
    yield STREAM
    for byte in piece("slow") * 1000:
        yield bytes([byte])
        await asyncio.sleep(0.2)


async def silence() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


async def half() -> AsyncIterator[bytes]:
    yield STREAM + piece("I look. ```python\nprint(1)")[:-20]


END = piece("", "stop") + b"data: [DONE]\n\n"

WAYS: dict[str, bytes | Callable[[], AsyncIterator[bytes]]] = {
    "429": error(b"429 Too Many", "slow down"),
    "429-later": JSON % (b"429 Too Many", b"Retry-After: 99999999\r\n") + b"{}",
    "500": error(b"500 Bad", "no"),
    "307": b"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/v1/chat/completions\r\nContent-Length: 0\r\n\r\n",
    "garbage": bytes(range(256)) * 40,
    "garbage-stream": STREAM + b"data: " + bytes(range(128, 256)) * 40 + b"\n\ndata: {\n\n: x\n\nevent\n\n",
    "nothing": b"",
    "silence": silence,
    "half": half,
    "endless-text": endless_text,
    "endless-line": endless_line,
    "endless-headers": endless_headers,
    "endless-error": endless_error,
    "dripping": dripping,
    "10-mb": STREAM + piece("x" * (10 * MEGABYTE)) + END,
    "10-mb-submit": STREAM + piece("w " * (5 * MEGABYTE) + SUBMIT) + END,
    "10-mb-json": JSON % (b"200 OK", b"") + whole("y" * (10 * MEGABYTE)),
    "10-mb-error": error(b"400 Bad", "z" * (10 * MEGABYTE)),
    "brackets": STREAM + piece("[" * MEGABYTE + "```" * 10_000 + "> " * 100_000) + END,
    "deep-json": STREAM + b"data: " + b"[" * MEGABYTE + b"\n\n",
    "digits": STREAM + b'data: {"choices": [{"delta": {"content": ' + b"9" * 100_000 + b"}}]}\n\n",
    "gzip-bomb": (JSON % (b"200 OK", b"Content-Encoding: gzip\r\n")) + gzip.compress(b"\0" * (300 * MEGABYTE), 1),
    "control": STREAM + piece(f"{CONTROL}\n```python\nsubmit({CONTROL!r})\n```") + END,
    "control-error": error(b"400 Bad", CONTROL),
    "odd-fields": STREAM + b'data: {"choices": 7}\n\ndata: {"choices": [{"delta": []}]}\n\ndata: []\n\n[DONE]\n\n',
    "odd-usage": STREAM + piece(SUBMIT, "stop")
    + b'data: {"choices": [], "usage": {"prompt_tokens": -1e308, "completion_tokens": "many"}}\n\n',
    "negative-usage": STREAM + piece(SUBMIT, "stop")
    + b'data: {"choices": [], "usage": {"prompt_tokens": -1000000, "completion_tokens": -5, "total_tokens": 9}}\n\n',
    "polite": STREAM + piece(SUBMIT) + END,
    "wrong-length": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{}",
    "bad-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n",
}  # fmt: skip


class RudeProvider:
    """`open_connections` are those that were not closed yet; `met` counts requests by their way."""

    def __init__(self) -> None:
        self.met: dict[str, int] = {}
        self.open_connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> RudeProvider:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, way: str) -> str:
        return f"http://127.0.0.1:{self.port}/{way}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open_connections += 1
        watch: asyncio.Task[bytes] | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [
                line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
            ]
            await reader.readexactly(int(lengths[0]) if lengths else 0)
            way = head.split(b" ")[1].split(b"/")[1].decode()
            self.met[way] = self.met.get(way, 0) + 1
            watch = asyncio.create_task(reader.read(1))
            sending = asyncio.create_task(self._send(WAYS[way], writer))
            await asyncio.wait([watch, sending], return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            if watch is not None:
                watch.cancel()
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _send(self, way: bytes | Callable[[], AsyncIterator[bytes]], writer: asyncio.StreamWriter) -> None:
        if isinstance(way, bytes):
            writer.write(way)
            await writer.drain()
            return
        async for data in way():
            writer.write(data)
            await writer.drain()
