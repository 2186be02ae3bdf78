"""Replies straight from a server that speaks the OpenAI chat protocol at an address of the user's own (plain HTTP).

LiteLLM is the way to every other provider. Here a call is one request of JSON and one stream of JSON lines, and what
LiteLLM adds to it costs 5 ms of processor a call, 10 when streamed (its client library alone 2), against 0.3 ms for
this: the difference between 1,000 sub-calls at width 64 in 3.4 s and in 7. See bench/subcalls.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from rlm_ls.models.failures import BrokenReply, ProviderError

if TYPE_CHECKING:
    import aiohttp

SPEAKERS = frozenset({"openai", "hosted_vllm", "lm_studio", "llamafile", "lemonade", "xinference", "litellm_proxy"})
"""LiteLLM's providers that it, too, asks in plain OpenAI fashion."""

DONE = b"[DONE]"
TIDY_SECONDS = 0.05
"""How long the end of a response may come after the end of its stream for the connection to be used again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a reply: text, the reason for its end, the provider's usage figures; whichever has come."""

    text: str = ""
    finish: str | None = None
    usage: Any = None


def reachable(provider: str, base: str | None) -> bool:
    """Whether this way leads to the endpoint. TLS with its certificates, and passwords, are left to LiteLLM."""
    if provider not in SPEAKERS or base is None:
        return False
    parts = urlsplit(base)
    return parts.scheme == "http" and "@" not in parts.netloc


async def pieces(
    base: str, key: str, body: Mapping[str, Any], *, connect: float, local: bool
) -> AsyncGenerator[Piece, None]:
    """Ask, and hand on what comes. Closing the iterator, or cancelling its reader, closes the connection.

    `local`: no proxy is asked. Raises ProviderError, BrokenReply, aiohttp's errors, TimeoutError.
    """
    import aiohttp  # loaded with LiteLLM by then; on its own it would cost the start

    url = base.rstrip("/") + "/chat/completions"
    request = {**body, "stream": True, "stream_options": {"include_usage": True}}
    try:
        answer = await _session().post(
            url,
            data=json.dumps(request).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            proxy=None if local else _proxy(url),
            allow_redirects=False,  # the text goes where it was judged to go, and nowhere else
        )
    except aiohttp.ConnectionTimeoutError:
        raise TimeoutError(f"no connection within {connect:g} s") from None
    async with answer:
        if answer.status != 200:
            raise _refusal(answer.status, await answer.read(), answer.headers)
        if answer.content_type == "application/json":  # a server that does not stream
            yield _whole(await answer.read())
            return
        if answer.content_type == "text/html":
            raise BrokenReply("it sent a web page in place of a reply.")
        finished = False
        async for events in _arrivals(answer.content):
            piece = _together([_piece(event) for event in events if event != DONE])
            finished = finished or piece.finish is not None
            yield piece
            if DONE in events and not finished:
                yield Piece(finish="stop")  # said in another way


async def close() -> None:
    """Close the idle connections of the running loop."""
    if (session := _sessions.pop(asyncio.get_running_loop(), None)) is not None:
        await session.close()


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


def _session() -> aiohttp.ClientSession:
    """One for the loop: it keeps connections open between calls."""
    import aiohttp

    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None or session.closed:
        # How many calls run side by side is for Gates to say.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        session = _sessions[loop] = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    return session


def _proxy(url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    return None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("http")


async def _arrivals(content: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    """The data of server-sent events, as many at a time as arrive together, to [DONE] or the end.

    An event is one line here: OpenAI's never have two.
    """
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        events = [line[5:].strip() for line in lines if line.startswith(b"data:")]
        yield events
        if DONE in events:
            # A response read to its end leaves a connection that can be used again.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TIDY_SECONDS):
                    await content.read()
            return
    if rest.startswith(b"data:"):
        yield [rest[5:].strip()]


def _together(pieces: list[Piece]) -> Piece:
    finish = usage = None
    for piece in pieces:
        finish, usage = piece.finish or finish, piece.usage or usage
    return Piece("".join(piece.text for piece in pieces), finish, usage)


def _piece(data: bytes) -> Piece:
    """Reasoning comes in fields of its own and is no part of the reply."""
    event = _object(data)
    if error := event.get("error"):
        raise _said(500, error, {})
    usage, choices = event.get("usage"), event.get("choices")
    if not choices:
        return Piece(usage=usage) if usage else Piece()
    try:
        first = choices[0]
        return Piece(str((first.get("delta") or {}).get("content") or ""), first.get("finish_reason"), usage)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BrokenReply("it sent a malformed stream.") from None


def _whole(body: bytes) -> Piece:
    reply = _object(body)
    if error := reply.get("error"):
        raise _said(500, error, {})
    try:
        first = reply["choices"][0]
        return Piece(
            str(first["message"].get("content") or ""), first.get("finish_reason") or "stop", reply.get("usage")
        )
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BrokenReply("it sent something else than a reply.") from None


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise BrokenReply(f"it sent a malformed reply ({error}).") from None
    if not isinstance(found, dict):
        raise BrokenReply("it sent a malformed reply.")
    return found


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> ProviderError:
    if 300 <= status < 400:
        return ProviderError(
            status, "it sends its callers elsewhere; set models.apiBase to the address itself", headers
        )
    try:
        return _said(status, json.loads(body)["error"], headers)
    except (ValueError, KeyError, TypeError):
        text = "" if body.lstrip().startswith(b"<") else body[:500].decode("utf-8", "replace").strip()
        return ProviderError(status, text or f"HTTP status {status}", headers)


def _said(status: int, error: Any, headers: Mapping[str, str]) -> ProviderError:
    """An error object as OpenAI writes it, or whatever the server has put in its place."""
    if not isinstance(error, dict):
        return ProviderError(status, str(error), headers)
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else status
    return ProviderError(status, str(error.get("message") or code or "no reason given"), headers, str(code or ""))
