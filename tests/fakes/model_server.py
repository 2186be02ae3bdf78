"""A real HTTP server that speaks the OpenAI chat protocol, says what a test scripted, and misbehaves on demand.

In a test:        async with ModelServer(["first reply", Scripted(fault="cut")]) as server: … server.base_url …
As a process:     python tests/fakes/model_server.py --replies FILE     (a JSON list of strings or Scripted objects)
                  prints its base URL on one line, then serves until it is terminated;
                  GET <origin>/state tells the counters to a test in another process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from aiohttp import web

Fault = Literal[
    "",
    "401",  # the key is refused
    "402",  # no money left
    "403",
    "404",  # no such model
    "400",  # a request the provider does not take
    "context",  # the prompt is longer than the window
    "filter",  # refused by a content filter
    "429",  # too many requests, with Retry-After
    "500",
    "503",
    "hang",  # nothing is ever sent back
    "hang-mid",  # half of the text, then silence
    "cut",  # half of the text, then the connection breaks
    "short",  # half of the text, then a tidy end of the response, without finish reason or [DONE]
    "malformed",  # half of the text, then a chunk that is no JSON
    "error-mid",  # half of the text, then an error object inside the stream
    "empty",  # a proper stream without any text
    "html",  # 200 with a web page, as a captive portal sends it
]

STATUS = {
    "400": (400, "invalid_request_error", "Unknown parameter."),
    "401": (401, "invalid_api_key", "Incorrect API key provided: sk-***."),
    "402": (402, "insufficient_quota", "Payment required."),
    "403": (403, "permission_denied", "This key may not use this model."),
    "404": (404, "model_not_found", "The model does not exist."),
    "429": (429, "rate_limit_exceeded", "Too many requests."),
    "500": (500, "server_error", "The server had an error."),
    "503": (503, "overloaded", "Overloaded."),
    "context": (400, "context_length_exceeded", "This model's maximum context length is 4096 tokens."),
    "filter": (
        400,
        "content_filter",
        "The response was filtered: content management policy.",
    ),
}


@dataclass(frozen=True, slots=True)
class Scripted:
    """One reply. `delay`: seconds before each piece of `piece` characters; tokens default to a count of words."""

    text: str = ""
    fault: Fault = ""
    reasoning: str = ""
    finish: Literal["stop", "length", "content_filter"] = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    usage: bool = True
    piece: int = 12
    delay: float = 0.0
    retry_after: str = "0"


Reply = str | Scripted
Script = Sequence[Reply] | Callable[[Mapping[str, Any]], Reply]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in: the JSON body, and the headers with lower-case names."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def messages(self) -> list[dict[str, str]]:
        messages: list[dict[str, str]] = self.body["messages"]
        return messages


class ModelServer:
    """Serves `script` in order on a free loopback port; a callable is given each request's JSON body instead.

    `disconnects` counts clients that hung up in the middle of a reply. A script that has run out answers 400.
    """

    def __init__(self, script: Script = ()) -> None:
        self._script = script
        self.requests: list[Received] = []
        self.disconnects = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._running = 0
        self._stopping = False
        self._runner: web.AppRunner | None = None
        self._disconnected = asyncio.Event()
        self._asked = asyncio.Event()
        self.origin = ""

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/state", self._state)
        # handler_cancellation: a handler learns at once that its client has hung up.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Afterwards the address refuses connections."""
        self._stopping = True
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> ModelServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """What goes into `models.apiBase`."""
        return f"{self.origin}/v1"

    @property
    def open_connections(self) -> int:
        """Replies under way."""
        return self._running

    async def disconnected(self, within: float = 5.0) -> None:
        """Wait until a client has hung up in the middle of a reply; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            await self._disconnected.wait()

    async def asked(self, within: float = 30.0) -> None:
        """Wait until a first request has come in; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            await self._asked.wait()

    def _next(self, body: Mapping[str, Any]) -> Scripted | None:
        if callable(self._script):
            reply = self._script(body)
        elif len(self.requests) <= len(self._script):
            reply = self._script[len(self.requests) - 1]
        else:
            return None
        return Scripted(text=reply) if isinstance(reply, str) else reply

    async def _models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "requests": [asdict(request) for request in self.requests],
                "openConnections": self.open_connections,
                "disconnects": self.disconnects,
                "promptTokens": self.prompt_tokens,
                "completionTokens": self.completion_tokens,
            }
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(Received(body, {name.lower(): value for name, value in request.headers.items()}))
        reply = self._next(body)
        self._asked.set()
        self._running += 1
        try:
            if reply is None:
                return _error(400, "script_exhausted", "The scripted model server has no reply left.")
            return await self._serve(request, body, reply)
        except (asyncio.CancelledError, ConnectionError):
            if not self._stopping:
                self.disconnects += 1
                self._disconnected.set()
            raise
        finally:
            self._running -= 1

    async def _serve(self, request: web.Request, body: Mapping[str, Any], reply: Scripted) -> web.StreamResponse:
        if reply.fault in STATUS:
            headers = {"Retry-After": reply.retry_after} if reply.fault in {"429", "503"} else {}
            return _error(*STATUS[reply.fault], headers)
        if reply.fault == "html":
            return web.Response(text="<html><body>Log in to the network first.</body></html>", content_type="text/html")
        if reply.fault == "hang":
            await asyncio.sleep(3600)
        usage = self._account(body, reply)
        text = "" if reply.fault == "empty" else reply.text
        if not body.get("stream"):
            return web.json_response(_whole(body, text, reply.finish, usage))
        return await self._stream(request, body, reply, text, usage)

    async def _stream(
        self, request: web.Request, body: Mapping[str, Any], reply: Scripted, text: str, usage: dict[str, Any]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)

        async def send(delta: dict[str, Any], finish: str | None = None) -> None:
            await response.write(_event(_chunk(body, [{"index": 0, "delta": delta, "finish_reason": finish}])))

        await send({"role": "assistant", "content": ""})
        if reply.reasoning:
            await send({"reasoning_content": reply.reasoning})
        breaks = reply.fault in {"hang-mid", "cut", "short", "malformed", "error-mid"}
        shown = text[: max(1, len(text) // 2)] if breaks else text
        for start in range(0, len(shown), reply.piece):
            if reply.delay:
                await asyncio.sleep(reply.delay)
            await send({"content": shown[start : start + reply.piece]})
        if breaks:
            return await self._break(request, response, reply.fault)
        await send({}, reply.finish)
        if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
            await response.write(_event({**_chunk(body, []), "usage": usage}))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    async def _break(self, request: web.Request, response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
        if fault == "hang-mid":
            await asyncio.sleep(3600)
        elif fault == "malformed":
            await response.write(b'data: {"choices": [{"delta": {"cont\n\n')
        elif fault == "error-mid":
            await response.write(_event({"error": {"message": "The server had an error.", "type": "server_error"}}))
        elif fault == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    def _account(self, body: Mapping[str, Any], reply: Scripted) -> dict[str, Any]:
        words = sum(len(str(message.get("content", "")).split()) for message in body["messages"])
        prompt = words if reply.prompt_tokens is None else reply.prompt_tokens
        completion = len(reply.text.split()) if reply.completion_tokens is None else reply.completion_tokens
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        }


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "type": code, "code": code, "param": None}}, status=status, headers=headers
    )


def _chunk(body: Mapping[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": body.get("model", "scripted"),
        "choices": choices,
    }


def _whole(body: Mapping[str, Any], text: str, finish: str, usage: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {**_chunk(body, [choice]), "object": "chat.completion", "usage": usage}


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def read_script(path: Path) -> list[Reply]:
    """The replies in a JSON file: strings, or objects with the fields of Scripted."""
    return [item if isinstance(item, str) else Scripted(**item) for item in json.loads(path.read_text("utf-8"))]


async def serve(script: Script, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: terminate() ends the process outright
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, stop.set)
    server = ModelServer(script)
    await server.start(port)
    print(server.base_url, flush=True)
    await stop.wait()
    await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve scripted model replies on a loopback port.")
    parser.add_argument("--replies", type=Path, required=True, help="JSON list of strings or Scripted objects")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(serve(read_script(arguments.replies), arguments.port))


if __name__ == "__main__":
    sys.exit(main())
