"""A real HTTP server that speaks the OpenAI chat protocol, says what a test scripted, and misbehaves on demand.

In a test:        async with ModelServer(["first reply", Scripted(fault="cut")]) as server: … server.base_url …
As a process:     python tests/fakes/model_server.py --replies FILE     (a JSON list of strings or Scripted objects)
                  python tests/fakes/model_server.py --reply TEXT --latency 0.2 --fault 429=0.1 --fault hang=0.02
                  prints its base URL on one line, then serves until it is terminated;
                  GET <origin>/state tells the counters to a test in another process, POST <origin>/release lets a
                  reply go on that is held.

It is cheap (a reply without `delay` is written at once, and rendered once), so that what is measured with it is the
client.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

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


BREAKS = frozenset({"hang-mid", "cut", "short", "malformed", "error-mid"})


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
    hold: Literal["", "start", "middle"] = ""
    """Where the reply stands still until the test has seen what it waits for, and says `release`."""


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


@dataclass(frozen=True, slots=True)
class Billed:
    """Tokens of one request that the server worked on. `reported`: its client was sent the figures, whole."""

    prompt_tokens: int
    completion_tokens: int
    reported: bool


class ModelServer:
    """Serves `script` in order on a free loopback port; a callable is given each request's JSON body instead.

    `latency`: seconds before a reply begins. `faults`: shares of requests that meet a fault whatever the script says,
    drawn with `seed`. `disconnects` counts clients that hung up in the middle of a reply; `billed` has an entry for
    each request that was worked on; `most_open` is the most replies that were under way at once. The last `keep`
    requests are kept. A script that has run out answers 400.
    """

    def __init__(
        self,
        script: Script = (),
        *,
        latency: float = 0.0,
        faults: Mapping[Fault, float] | None = None,
        seed: int = 0,
        keep: int | None = None,
    ) -> None:
        self._script = script
        self._latency = latency
        self._faults = dict(faults or {})
        self._random = random.Random(seed)
        self.requests: list[Received] | deque[Received] = [] if keep is None else deque(maxlen=keep)
        self.count = 0
        self.disconnects = 0
        self.billed: list[Billed] = []
        self.met: dict[str, int] = {}
        self.most_open = 0
        self._running = 0
        self._stopping = False
        self._runner: web.AppRunner | None = None
        self._disconnected = asyncio.Event()
        self._asked = asyncio.Event()
        self._releases = asyncio.Semaphore(0)
        self.origin = ""

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/state", self._state)
        app.router.add_post("/release", self._release)
        # handler_cancellation: a handler learns at once that its client has hung up.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
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

    def release(self, replies: int = 1) -> None:
        """Let so many replies go on that are held, or will be. Nothing else makes them: no time that a busy machine
        could take to show what a test waits for."""
        for _ in range(replies):
            self._releases.release()

    @property
    def base_url(self) -> str:
        """What goes into `models.apiBase`."""
        return f"{self.origin}/v1"

    @property
    def open_connections(self) -> int:
        """Replies under way."""
        return self._running

    def reported(self) -> tuple[int, int]:
        """Prompt and completion tokens of all requests whose figures were sent: what an account can know of."""
        known = [billed for billed in self.billed if billed.reported]
        return sum(billed.prompt_tokens for billed in known), sum(billed.completion_tokens for billed in known)

    async def disconnected(self, within: float = 60.0) -> None:
        """Wait until a client has hung up in the middle of a reply; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            await self._disconnected.wait()

    async def asked(self, within: float = 60.0) -> None:
        """Wait until a first request has come in; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            await self._asked.wait()

    def _next(self, body: Mapping[str, Any]) -> Scripted | None:
        if callable(self._script):
            reply = self._script(body)
        elif self.count <= len(self._script):
            reply = self._script[self.count - 1]
        else:
            return None
        reply = Scripted(text=reply) if isinstance(reply, str) else reply
        return replace(reply, fault=fault) if (fault := self._draw()) else reply

    def _draw(self) -> Fault:
        if not self._faults:
            return ""
        drawn, below = self._random.random(), 0.0
        for fault, share in self._faults.items():
            below += share
            if drawn < below:
                return fault
        return ""

    async def _models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "requests": [asdict(request) for request in self.requests],
                "openConnections": self.open_connections,
                "disconnects": self.disconnects,
                "count": self.count,
                "mostOpen": self.most_open,
                "faults": self.met,
                "promptTokens": self.reported()[0],
                "completionTokens": self.reported()[1],
                "billed": [asdict(billed) for billed in self.billed],
            }
        )

    async def _release(self, _request: web.Request) -> web.Response:
        self.release()
        return web.Response(status=204)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.count += 1
        self.requests.append(Received(body, {name.lower(): value for name, value in request.headers.items()}))
        reply = self._next(body)
        self._asked.set()
        self._running += 1
        self.most_open = max(self.most_open, self._running)
        try:
            if reply is None:
                return _error(400, "script_exhausted", "The scripted model server has no reply left.")
            if reply.fault:
                self.met[reply.fault] = self.met.get(reply.fault, 0) + 1
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
        if self._latency:
            await asyncio.sleep(self._latency)
        if reply.hold == "start":
            await self._releases.acquire()
        prompt, completion = _tokens(body, reply)
        streamed = bool(body.get("stream"))
        reported = not streamed or (reply.usage and bool((body.get("stream_options") or {}).get("include_usage")))
        breaks = reply.fault in BREAKS and streamed
        self.billed.append(Billed(prompt, completion, reported and not breaks))
        text = "" if reply.fault == "empty" else reply.text
        usage = _usage(prompt, completion, reply.cached_tokens)
        if reply.fault in BREAKS and not streamed:
            return await self._broken_whole(request, body, reply, usage)
        if not streamed:
            return web.json_response(_whole(body, text, reply.finish, usage))
        if reply.delay or breaks or reply.hold == "middle":
            return await self._stream(request, body, reply, text, usage if reported else None)
        rendered = _rendered(str(body.get("model", "")), text, replace(reply, text=""), prompt, completion, reported)
        return web.Response(body=rendered, headers=STREAM)

    async def _broken_whole(
        self, request: web.Request, body: Mapping[str, Any], reply: Scripted, usage: dict[str, Any]
    ) -> web.StreamResponse:
        """Half of a reply that was not to be streamed, under the length of the whole."""
        self.billed[-1] = replace(self.billed[-1], reported=False)
        if reply.fault == "error-mid":
            return web.json_response({"error": {"message": "The server had an error.", "type": "server_error"}})
        whole = json.dumps(_whole(body, reply.text, reply.finish, usage)).encode()
        half = whole[: len(whole) // 2]
        if reply.fault in {"short", "malformed"}:
            return web.Response(body=half, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole))})
        await response.prepare(request)
        await response.write(half)
        return await self._break(request, response, reply.fault)

    async def _stream(
        self,
        request: web.Request,
        body: Mapping[str, Any],
        reply: Scripted,
        text: str,
        usage: dict[str, Any] | None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        breaks = reply.fault in BREAKS
        first, pieces, last = _events(str(body.get("model", "")), text, reply, None if breaks else usage)
        await response.write(first)
        middle = max(1, len(pieces) // 2)
        for index, piece in enumerate(pieces[:middle] if breaks else pieces):
            if reply.hold == "middle" and index == middle:
                await self._releases.acquire()
            if reply.delay:
                await asyncio.sleep(reply.delay)
            await response.write(piece)
        if breaks:
            return await self._break(request, response, reply.fault)
        await response.write(last)
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


STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


def _tokens(body: Mapping[str, Any], reply: Scripted) -> tuple[int, int]:
    prompt, completion = reply.prompt_tokens, reply.completion_tokens
    if prompt is None:
        prompt = sum(_words(str(message.get("content", ""))) for message in body["messages"])
    return prompt, _words(reply.text) if completion is None else completion


def _usage(prompt: int, completion: int, cached: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


@lru_cache(maxsize=64)
def _words(text: str) -> int:
    return len(text.split())


@lru_cache(maxsize=1024)
def _rendered(model: str, text: str, reply: Scripted, prompt: int, completion: int, reported: bool) -> bytes:
    usage = _usage(prompt, completion, reply.cached_tokens) if reported else None
    first, pieces, last = _events(model, text, reply, usage)
    return b"".join([first, *pieces, last])


def _events(model: str, text: str, reply: Scripted, usage: dict[str, Any] | None) -> tuple[bytes, list[bytes], bytes]:
    """A stream: what comes before the text, the pieces of the text, what comes after it."""

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _event(_chunk({"model": model}, [{"index": 0, "delta": delta, "finish_reason": finish}]))

    first = event({"role": "assistant", "content": ""})
    if reply.reasoning:
        first += event({"reasoning_content": reply.reasoning})
    pieces = [event({"content": text[start : start + reply.piece]}) for start in range(0, len(text), reply.piece)]
    last = event({}, reply.finish)
    if usage is not None:
        last += _event({**_chunk({"model": model}, []), "usage": usage})
    return first, pieces, last + b"data: [DONE]\n\n"


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


async def serve(server: ModelServer, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: terminate() ends the process outright
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, stop.set)
    await server.start(port)
    print(server.base_url, flush=True)
    await stop.wait()
    await server.stop()


def _share(text: str) -> tuple[Fault, float]:
    name, _, share = text.partition("=")
    if name not in get_args(Fault) or not 0 <= float(share) <= 1:
        raise ValueError(text)
    return name, float(share)  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve scripted model replies on a loopback port.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--replies", type=Path, help="JSON list of strings or Scripted objects")
    what.add_argument("--reply", help="the reply to every request")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--fault", type=_share, action="append", default=[], help="NAME=SHARE, such as 429=0.1")
    parser.add_argument("--seed", type=int, default=0, help="for the faults")
    parser.add_argument("--keep", type=int, help="how many requests are kept for /state; all unless said")
    arguments = parser.parse_args()
    every = None if arguments.reply is None else Scripted(arguments.reply)
    script: Script = read_script(arguments.replies) if every is None else lambda _body: every
    server = ModelServer(
        script,
        latency=arguments.latency,
        faults=dict(arguments.fault),
        seed=arguments.seed,
        keep=arguments.keep,
    )
    asyncio.run(serve(server, arguments.port))


if __name__ == "__main__":
    sys.exit(main())
