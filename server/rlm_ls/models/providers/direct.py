"""Replies straight from a server at an address of the user's own (plain HTTP) that speaks the OpenAI chat protocol, or
Ollama's.

LiteLLM is the way to every other provider. Here a call is one request of JSON and one stream of JSON lines, and what
LiteLLM adds to it costs 5 ms of processor a call, 10 when streamed (its client library alone 2), against 0.3 ms for
this: the difference between 1,000 sub-calls at width 64 in 3.4 s and in 7. See bench/subcalls.py.

Of Ollama's replies LiteLLM (1.108) takes `<think>` out of the text wherever it stands, so that what was thought passes
for the reply, or what a reply says of the mark for thinking; here it is left to models/replies.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from rlm_ls.models.providers.failures import BrokenReply, ProviderError
from rlm_ls.models.providers.transport import bounded, check_encoding, redirected, session
from rlm_ls.models.replies.estimates import together
from rlm_ls.models.replies.parts import CallPiece, calls_of, text_of, thought_of

if TYPE_CHECKING:
    import aiohttp

SPEAKERS = frozenset({"openai", "hosted_vllm", "lm_studio", "llamafile", "lemonade", "xinference", "litellm_proxy"})
"""LiteLLM's providers that it, too, asks in plain OpenAI fashion."""

OLLAMA = frozenset({"ollama", "ollama_chat"})
"""LiteLLM's names for Ollama's two interfaces; only that for chats is used."""

DONE = b"[DONE]"
TIDY_SECONDS = 0.05
"""How long the end of a response may come after the end of its stream for the connection to be used again."""


@dataclass(frozen=True, slots=True)
class ReplyChunk:
    """Some of a reply: text, the reason for its end, the provider's usage figures, thinking that came in a field of
    its own, calls of tools; whichever has come."""

    text: str = ""
    finish: str | None = None
    usage: Any = None
    thought: str = ""
    calls: tuple[CallPiece, ...] = ()


def reachable(provider: str, base: str | None) -> bool:
    """Whether this way leads to the endpoint. TLS with its certificates, and passwords, are left to LiteLLM."""
    if provider not in SPEAKERS | OLLAMA or base is None:
        return False
    parts = urlsplit(base)
    return parts.scheme == "http" and "@" not in parts.netloc


def load() -> None:
    """Import what a call needs, which takes a third of a second: to be called in a thread."""
    importlib.import_module("aiohttp")


async def reply_chunks(
    base: str, key: str, body: Mapping[str, Any], *, connect: float, kept: bool, ollama: bool = False
) -> AsyncGenerator[ReplyChunk, None]:
    """Ask, and hand on what comes. Closing the iterator, or cancelling its reader, closes the connection.

    `kept`: no proxy is asked. `ollama`: `body` is as its /api/chat takes it. Raises ProviderError, BrokenReply, Breach,
    aiohttp's errors, TimeoutError.
    """
    import aiohttp  # loaded by then (`load`, or with LiteLLM); at the top of the file it would cost the start

    root = base.rstrip("/")
    url = f"{root.removesuffix('/v1')}/api/chat" if ollama else f"{root}/chat/completions"
    request = {**body, "stream": True} | ({} if ollama else {"stream_options": {"include_usage": True}})
    try:
        answer = await _session().post(
            url,
            data=json.dumps(request).encode(),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
            },
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            proxy=None if kept else _proxy(url),
            allow_redirects=False,  # the text goes where it was judged to go, and nowhere else
        )
    except aiohttp.ConnectionTimeoutError:
        raise TimeoutError(f"no connection within {connect:g} s") from None
    async with answer:
        if 300 <= answer.status < 400:
            raise redirected(answer.status, answer.headers)
        readable = check_encoding(answer.status, answer.headers)
        content = bounded(answer.content.iter_any(), answer.status, answer.headers.get("content-type", ""))
        if answer.status != 200:
            raise _refusal(answer.status, await _all(content) if readable else b"", answer.headers)
        if answer.content_type == "application/json":  # a server that does not stream
            whole = await _all(content)
            yield _line(whole) if ollama else _whole(whole)
            return
        if answer.content_type == "text/html":
            raise BrokenReply("it sent a web page in place of a reply.")
        finished = False
        begin, read = (b"", _line) if ollama else (b"data:", _piece)
        async for events in _arrivals(content, begin):
            piece = _together([read(event) for event in events if event != DONE])
            finished = finished or piece.finish is not None
            yield piece
            if DONE in events and not finished:
                yield ReplyChunk(finish="stop")  # said in another way


def ollama_body(
    model: str, messages: Any, options: Mapping[str, Any], *, reasoning: str | None, schema: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What /api/chat takes: `options` in its own names (num_ctx, num_predict, temperature)."""
    body: dict[str, Any] = {"model": model, "messages": messages, "options": dict(options)}
    if schema is not None:
        body["format"] = schema
    if reasoning is not None:
        thinks = reasoning not in ("none", "minimal")
        # gpt-oss takes levels alone, and always thinks.
        body["think"] = (reasoning if thinks else "low") if model.startswith("gpt-oss") else thinks
    return body


async def close() -> None:
    """Close the idle connections of the running loop."""
    if (opened := _sessions.pop(asyncio.get_running_loop(), None)) is not None:
        await opened.close()


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


def _session() -> aiohttp.ClientSession:
    """One for the loop: it keeps connections open between calls."""
    loop = asyncio.get_running_loop()
    opened = _sessions.get(loop)
    if opened is None or opened.closed:
        opened = _sessions[loop] = session()
    return opened


def _proxy(url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    return None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("http")


async def _all(content: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in content])


async def _arrivals(content: AsyncIterator[bytes], begin: bytes) -> AsyncIterator[list[bytes]]:
    """The lines that `begin` so, without it, as many at a time as arrive together, to [DONE] or the end.

    A server-sent event is one line here: OpenAI's never have two. Ollama's lines are JSON and nothing else.
    """
    begun: list[bytes] = []  # of a line; joined once, when its end has come
    async for chunk in content:
        begun.append(chunk)
        if b"\n" not in chunk:
            yield []
            continue
        *lines, rest = b"".join(begun).split(b"\n")
        begun = [rest]
        # An event without data keeps the connection alive.
        events = [event for line in lines if line.startswith(begin) and (event := line[len(begin) :].strip())]
        yield events
        if DONE in events:
            # A response read to its end leaves a connection that can be used again.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TIDY_SECONDS):
                    async for _ in content:
                        pass
            return
    rest = b"".join(begun)
    if rest.startswith(begin) and (event := rest[len(begin) :].strip()):
        yield [event]


def _together(reply_chunks: list[ReplyChunk]) -> ReplyChunk:
    finish = usage = None
    for piece in reply_chunks:
        finish, usage = piece.finish or finish, together(usage, piece.usage)
    thought = "".join(piece.thought for piece in reply_chunks)
    calls = tuple(call for piece in reply_chunks for call in piece.calls)
    return ReplyChunk("".join(piece.text for piece in reply_chunks), finish, usage, thought, calls)


def _piece(data: bytes) -> ReplyChunk:
    event = _object(data)
    if error := _error(event):
        raise _said(500, error, {})
    usage, choices = event.get("usage"), event.get("choices")
    if not choices:
        return ReplyChunk(usage=usage) if usage else ReplyChunk()
    try:
        first = choices[0]
        read = (first.get("delta") or {}).get
        return ReplyChunk(text_of(read), first.get("finish_reason"), usage, thought_of(read), calls_of(read))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BrokenReply("it sent a malformed stream.") from None


def _whole(body: bytes) -> ReplyChunk:
    reply = _object(body)
    if error := _error(reply):
        raise _said(500, error, {})
    try:
        first = reply["choices"][0]
        read = first["message"].get
        finish = first.get("finish_reason") or "stop"
        return ReplyChunk(text_of(read), finish, reply.get("usage"), thought_of(read), calls_of(read))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BrokenReply("it sent something else than a reply.") from None


def _line(data: bytes) -> ReplyChunk:
    """A line of Ollama's. The last one has the counts; that of the prompt is left out where it was still in its
    cache."""
    said = _object(data)
    if error := said.get("error"):
        raise _said(500, error, {})
    message = said.get("message") or {}
    if not isinstance(message, dict):
        raise BrokenReply("it sent a malformed stream.")
    ended = said.get("done") is True
    reason = said.get("done_reason")
    return ReplyChunk(
        text_of(message.get),
        ("length" if reason == "length" else "stop") if ended else None,
        {"prompt_tokens": said.get("prompt_eval_count"), "completion_tokens": said.get("eval_count")}
        if ended
        else None,
        thought_of(message.get),
        calls_of(message.get),
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except RecursionError:
        raise BrokenReply("it sent a malformed reply (nested too deep).") from None
    except ValueError as error:
        raise BrokenReply(f"it sent a malformed reply ({error}).") from None
    if not isinstance(found, dict):
        raise BrokenReply("it sent a malformed reply.")
    return found


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> ProviderError:
    try:
        said = json.loads(body)
        return _said(status, said["error"] if "error" in said else _unwrapped(said), headers)
    except (ValueError, KeyError, TypeError, RecursionError):
        text = "" if body.lstrip().startswith(b"<") else body[:500].decode("utf-8", "replace").strip()
        return ProviderError(status, text or f"HTTP status {status}", headers)


def _error(event: Mapping[str, Any]) -> Any:
    """What went wrong, if that is what is said, as OpenAI says it or as vLLM did."""
    return event.get("error") or (event if event.get("object") == "error" else None)


def _unwrapped(body: Mapping[str, Any]) -> Any:
    """An error that nothing is wrapped around, or one of FastAPI's."""
    if "message" in body:
        return body
    detail = body["detail"]
    return detail[0]["msg"] if isinstance(detail, list) else detail


def _said(status: int, error: Any, headers: Mapping[str, str]) -> ProviderError:
    """An error object as OpenAI writes it, or whatever the server has put in its place."""
    if not isinstance(error, dict):
        return ProviderError(status, str(error), headers)
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else status
    return ProviderError(status, str(error.get("message") or code or "no reason given"), headers, str(code or ""))
