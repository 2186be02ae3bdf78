"""The one way to the network: what is asked, by us or by LiteLLM, goes where it was judged to go, and what comes back
has a bound.

LiteLLM asks through some forty clients of its own. They all end in a transport of httpx; those are replaced and guarded
here, once, when LiteLLM is loaded. No redirect gets past it, so no client can follow one. What is asked outside a call
of ours (price lists, news, telemetry) is refused.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rlm_ls.models.providers.endpoint import is_loopback_name
from rlm_ls.models.providers.failures import Breach, ProviderError

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import httpx

MOST_ERROR = 64 << 10
"""Bytes read of an error's body; the rest is not."""
MOST_WHOLE = 4 << 20
"""Bytes of a reply in one piece: the longest replies of today are a tenth of it."""
MOST_STREAM = 64 << 20
MOST_EVENT = 1 << 20
"""Bytes of one line of a stream: each is held and parsed at once."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class Call:
    """What one call of a model may contact: `base` alone, or, where that is None, whatever its provider takes.

    `kept`: it was judged by where it goes (this machine, or the user's own), so no proxy and no second way is used.
    `breach` is what the other side did against the rules: LiteLLM wraps exceptions until nobody knows them.
    """

    base: str | None
    kept: bool
    breach: Exception | None = None

    def break_off(self, error: Exception) -> Exception:
        self.breach = self.breach or error
        return error


_call: ContextVar[Call | None] = ContextVar("rlm_ls_call", default=None)


@contextmanager
def within(call: Call) -> Iterator[None]:
    """Requests sent inside belong to `call`. Afterwards the breach that LiteLLM wrapped is raised as it was."""
    token = _call.set(call)
    try:
        yield
    except Exception:
        if call.breach is not None:
            raise call.breach from None
        raise
    finally:
        _call.reset(token)


def redirected(status: int, headers: Mapping[str, str]) -> ProviderError:
    return ProviderError(status, "it sends its callers elsewhere; set models.apiBase to the address itself", headers)


def check_encoding(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the body can be read as it is. Nothing compressed is asked for, for a small one can grow without end.

    Raises Breach for a reply; of an error only the body is lost.
    """
    if headers.get("content-encoding", "identity").lower() in ("identity", ""):
        return True
    if status < 400:
        raise Breach("it sent a compressed reply that was not asked for")
    return False


async def bounded(chunks: AsyncIterable[bytes], status: int, content_type: str) -> AsyncIterator[bytes]:
    """`chunks` of a body as far as its bound: an error's end there, a reply's break off.

    Raises Breach.
    """
    streams = _streams(content_type)
    most = MOST_ERROR if status >= 400 else MOST_STREAM if streams else MOST_WHOLE
    total = line = 0
    async for chunk in chunks:
        total += len(chunk)
        if total > most:
            if status >= 400:
                yield chunk[: len(chunk) - (total - most)]
                return
            raise Breach(f"it sent more than {most >> 20} MB for one reply")
        if streams:
            end = chunk.rfind(b"\n")
            line = line + len(chunk) if end < 0 else len(chunk) - end - 1
            if line > MOST_EVENT:
                raise Breach(f"it sent a line of more than {MOST_EVENT >> 20} MB")
        yield chunk


def session(verify: ssl.SSLContext | bool = True) -> aiohttp.ClientSession:
    """Connections without a proxy, a cookie or a look-up of this machine's own names."""
    import aiohttp

    # How many calls run side by side is for Gates to say.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30, resolver=_resolver(), ssl=verify)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


def install() -> None:
    """Put the guard into httpx and LiteLLM, which have been imported."""
    import httpx
    from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    class Transport(LiteLLMAiohttpTransport):
        """LiteLLM's, through our own sessions, and only for calls that are under way."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            call = _admitted(request, strictly=True)
            # A client that LiteLLM keeps for later would otherwise remember a proxy from another call.
            self.proxy_cache.clear()
            return _checked(call, await super().handle_async_request(request))

        async def _get_proxy_settings(self, request: httpx.Request) -> str | None:
            call = _call.get()
            return None if call is None or call.kept else await super()._get_proxy_settings(request)

    def make(
        ssl_context: ssl.SSLContext | None = None, ssl_verify: bool | None = None, shared_session: Any = None
    ) -> Transport:
        verify = ssl_context if ssl_context is not None else ssl_verify is not False
        return Transport(client=lambda: session(verify), ssl_verify=False if ssl_verify is False else None)

    maker: Any = AsyncHTTPHandler
    maker.create_async_transport = maker._create_async_transport = staticmethod(make)
    watched: Any = httpx.AsyncHTTPTransport
    whole: Any = httpx.HTTPTransport
    watched.handle_async_request = _guarded(watched.handle_async_request)
    whole.handle_request = _guarded_sync(whole.handle_request)


def _guarded(original: Callable[..., Any]) -> Any:
    async def handle_async_request(self: Any, request: httpx.Request) -> httpx.Response:
        return _checked(_admitted(request, strictly=False), await original(self, request))

    return handle_async_request


def _guarded_sync(original: Callable[..., Any]) -> Any:
    """Some providers' tokens are fetched in this way, whole."""

    def handle_request(self: Any, request: httpx.Request) -> httpx.Response:
        import httpx

        call = _admitted(request, strictly=False)
        response: httpx.Response = original(self, request)
        _check_status(call, response)
        body = b""
        for chunk in response.stream:  # type: ignore[union-attr]
            body += chunk
            if len(body) > MOST_WHOLE:
                response.close()
                raise call.break_off(Breach(f"it sent more than {MOST_WHOLE >> 20} MB for one reply"))
        response.close()
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=body, request=request)

    return handle_request


def _admitted(request: httpx.Request, *, strictly: bool) -> Call:
    """The call that a request belongs to. `strictly`: it carries the text, so it goes to the call's base alone."""
    call = _call.get()
    if call is None:
        raise Breach("nothing is asked outside a call of a model")
    elsewhere = call.base is not None and _place_of(request.url) != place(call.base)
    if strictly and elsewhere:
        raise call.break_off(Breach(f"it was to be asked at {request.url.host}, which is not its endpoint"))
    if call.kept and not strictly:
        # LiteLLM wants to know more of some models, and does without where it cannot: no end of the call.
        raise Breach(f"{request.url.host} was to be asked beside it")
    request.headers["Accept-Encoding"] = "identity"
    return call


def place(base: str) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    parts = urlsplit(base)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or DEFAULT_PORTS.get(parts.scheme)


def _place_of(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.rstrip("."), url.port or DEFAULT_PORTS.get(url.scheme)


def _check_status(call: Call, response: httpx.Response) -> bool:
    try:
        if 300 <= response.status_code < 400:
            raise redirected(response.status_code, {})
        return check_encoding(response.status_code, response.headers)
    except (ProviderError, Breach) as error:
        raise call.break_off(error) from None


def _checked(call: Call, response: httpx.Response) -> httpx.Response:
    """The response with its body bounded; a redirect is an error here, whatever a client would make of it."""
    import httpx

    class Body(httpx.AsyncByteStream):
        def __init__(self, inner: Any, readable: bool) -> None:
            self._inner, self._readable = inner, readable

        async def __aiter__(self) -> AsyncIterator[bytes]:
            if not self._readable:
                return
            try:
                kind = response.headers.get("content-type", "")
                async for chunk in bounded(self._inner, response.status_code, kind):
                    yield chunk
            except Breach as error:
                raise call.break_off(error) from None

        async def aclose(self) -> None:
            await self._inner.aclose()

    readable = _check_status(call, response)
    return httpx.Response(
        response.status_code,
        headers=_plain(response.headers),
        stream=Body(response.stream, readable),
        extensions=response.extensions,
    )


def _plain(headers: Any) -> Any:
    kept = headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding", "set-cookie"):
        kept.pop(name, None)
    return kept


def _streams(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {"text/event-stream", "application/x-ndjson", "application/jsonl", "application/x-jsonlines"} or (
        kind.startswith("application/vnd.amazon.eventstream")
    )


def _resolver() -> Any:
    """localhost and what is below it mean this machine (RFC 6761): nobody is asked, who could answer anything."""
    import aiohttp
    from aiohttp.abc import ResolveResult

    class Resolver(aiohttp.ThreadedResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            if not is_loopback_name(host):
                return await super().resolve(host, port, family)
            here = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
            return [
                ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
                for kind, address in here
                if family in (kind, socket.AF_UNSPEC)
            ]

    return Resolver()
