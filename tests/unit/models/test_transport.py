"""The guard before the network, without the network: which requests pass it, and how much of a body comes through.

What LiteLLM's own clients do behind it is tried against real servers in test_hostile_endpoints.py.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from rlm_ls.models.providers import transport
from rlm_ls.models.providers.failures import Breach, ProviderError
from rlm_ls.models.providers.transport import (
    MOST_ERROR,
    MOST_EVENT,
    MOST_STREAM,
    MOST_WHOLE,
    Call,
    bounded,
    check_encoding,
    place,
    redirected,
    session,
    within,
)

HERE = "http://127.0.0.1:8000/v1"


class Body(httpx.AsyncByteStream, httpx.SyncByteStream):
    """Some chunks, and whether it was closed."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks, self.closed, self.given = chunks, False, 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.given += 1
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def answer(*chunks: bytes, status: int = 200, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=sent, stream=Body(*chunks), extensions={"http_version": b"HTTP/1.1"})


class Asked:
    """A client's transport behind the guard, and what reached it."""

    def __init__(self, response: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []

        async def later(client: Any, request: httpx.Request) -> httpx.Response:
            assert client is self
            self.requests.append(request)
            return response

        def now(client: Any, request: httpx.Request) -> httpx.Response:
            assert client is self
            self.requests.append(request)
            return response

        self.later = transport._guarded(later)
        self.now = transport._guarded_sync(now)

    async def __call__(self, url: str) -> httpx.Response:
        asked: httpx.Response = await self.later(self, httpx.Request("POST", url))
        return asked

    def whole(self, url: str) -> httpx.Response:
        asked: httpx.Response = self.now(self, httpx.Request("POST", url))
        return asked


# -- which requests pass -------------------------------------------------------------------------------------------


async def test_nothing_is_asked_outside_a_call() -> None:
    asked = Asked(answer())
    with pytest.raises(Breach, match=r"^nothing is asked outside a call of a model$"):
        await asked(HERE)
    with pytest.raises(Breach, match="outside"):
        asked.whole(HERE)
    with within(Call(HERE, kept=False)):
        pass
    with pytest.raises(Breach, match="outside"):
        await asked(HERE)
    assert asked.requests == []


async def test_a_call_that_is_kept_asks_nothing_beside_it() -> None:
    asked = Asked(answer())
    call = Call(HERE, kept=True)
    with within(call):
        with pytest.raises(Breach, match=r"^127\.0\.0\.1 was to be asked beside it$"):
            await asked(HERE)
        with pytest.raises(Breach, match="beside"):
            asked.whole("http://evil.example/")
    assert asked.requests == []
    assert call.breach is None  # LiteLLM does without; it is no end of the call


async def test_a_call_of_a_provider_may_ask_what_the_provider_takes_unpacked() -> None:
    asked = Asked(answer(b"{}"))
    with within(Call(None, kept=False)):
        assert await (await asked("https://tokens.example/")).aread() == b"{}"
        assert asked.whole("https://tokens.example/").content == b"{}"
    assert [request.headers["accept-encoding"] for request in asked.requests] == ["identity", "identity"]


def admitted(url: str, base: str | None, *, kept: bool = True) -> bool:
    """Whether a request with the text passes."""
    request, call = httpx.Request("POST", url), Call(base, kept)
    with suppress(Breach), within(call):
        assert transport._admitted(request, strictly=True) is call
    if call.breach is not None:
        assert str(call.breach) == f"it was to be asked at {request.url.host}, which is not its endpoint"
        return False
    assert request.headers["accept-encoding"] == "identity"
    return True


@pytest.mark.parametrize(
    ("url", "passes"),
    [
        ("http://127.0.0.1:8000/v1/chat", True),
        ("http://127.0.0.1:8000/elsewhere", True),
        ("http://127.0.0.1:8001/v1/chat", False),
        ("https://127.0.0.1:8000/v1/chat", False),
        ("http://127.0.0.2:8000/v1/chat", False),
        ("http://evil.example:8000/v1", False),
        ("http://127.0.0.1/v1", False),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_the_text_goes_to_the_calls_own_place_alone(url: str, passes: bool, kept: bool) -> None:
    assert admitted(url, HERE, kept=kept) is passes
    assert admitted(url, None, kept=kept)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://host/v1", "http://host:80/"),
        ("http://host:80/v1", "http://host/"),
        ("https://host", "https://host:443/"),
        ("https://HOST./v1", "https://host/"),
        ("https://host/v1", "https://host./"),
    ],
)
def test_one_place_may_be_written_in_many_ways(base: str, url: str) -> None:
    assert admitted(url, base)


def test_a_place_is_scheme_host_and_port() -> None:
    assert place("http://Host./v1") == ("http", "host", 80)
    assert place("https://me:secret@host/v1") == ("https", "host", 443)
    assert place("https://[::1]:1/") == ("https", "::1", 1)
    assert place("odd:") == ("odd", "", None)


# -- what went wrong is told as it was -----------------------------------------------------------------------------


def test_a_breach_is_told_whatever_a_library_makes_of_it() -> None:
    call = Call(HERE, kept=True)
    first, second = Breach("first"), Breach("second")
    assert call.break_off(first) is first
    assert call.break_off(second) is second
    with pytest.raises(Breach) as caught, within(call):
        raise ValueError("what the library says")
    assert caught.value is first
    assert caught.value.__suppress_context__


def test_what_is_no_breach_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="own"), within(Call(HERE, kept=True)):
        raise ValueError("own")


# -- what comes back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 301, 307, 308, 399])
async def test_a_redirect_is_an_error_that_names_the_remedy(status: int) -> None:
    for whole in (False, True):
        asked, call = Asked(answer(status=status, location="http://evil.example")), Call(None, kept=False)
        with pytest.raises(ProviderError, match=r"elsewhere; set models\.apiBase") as error, within(call):
            asked.whole(HERE) if whole else await asked(HERE)
        assert (error.value.status_code, error.value.headers) == (status, {})
        assert call.breach is error.value


@pytest.mark.parametrize("status", [200, 299, 400])
async def test_what_is_no_redirect_comes_through(status: int) -> None:
    with within(Call(None, kept=False)):
        got = await Asked(answer(b"ab", b"c", status=status, x_id="7", set_cookie="a=b"))(HERE)
        assert (got.status_code, got.headers["x-id"]) == (status, "7")
        assert await got.aread() == b"abc"
        assert got.extensions == {"http_version": b"HTTP/1.1"}
        whole = Asked(answer(b"ab", b"c", status=status, x_id="7")).whole(HERE)
        assert (whole.status_code, whole.headers["x-id"], whole.content) == (status, "7", b"abc")


@pytest.mark.parametrize("name", ["Content-Encoding", "Content-Length", "Transfer-Encoding", "Set-Cookie"])
async def test_headers_that_would_have_a_client_do_something_are_taken_away(name: str) -> None:
    sent = httpx.Response(200, headers={name: "identity", "X-Kept": "1"}, stream=Body(b"x"))
    with within(Call(None, kept=False)):
        got = await Asked(sent)(HERE)
        assert name not in got.headers
        assert got.headers["x-kept"] == "1"
        assert Asked(sent).whole(HERE).headers.get(name) in (None, "1")  # httpx writes the length itself
        assert sent.headers[name] == "identity"


def test_headers_of_a_redirect_are_kept_for_who_waits() -> None:
    error = redirected(307, {"retry-after": "1"})
    assert (error.status_code, error.headers) == (307, {"retry-after": "1"})
    assert str(error) == "it sends its callers elsewhere; set models.apiBase to the address itself"


@pytest.mark.parametrize(
    ("encoding", "readable"), [(None, True), ("identity", True), ("Identity", True), ("", True), ("gzip", False)]
)
def test_nothing_compressed_is_read(encoding: str | None, readable: bool) -> None:
    headers = {} if encoding is None else {"content-encoding": encoding}
    assert check_encoding(400, headers) is readable
    if readable:
        assert check_encoding(200, headers)
        return
    for status in (200, 399):
        with pytest.raises(Breach, match=r"^it sent a compressed reply that was not asked for$"):
            check_encoding(status, headers)


async def test_of_a_compressed_error_only_the_status_comes_through() -> None:
    with within(Call(None, kept=False)):
        response = answer(b"bomb", status=500, content_encoding="gzip")
        got = await Asked(response)(HERE)
        assert (got.status_code, await got.aread()) == (500, b"")
        assert response.stream.closed  # type: ignore[union-attr]


async def test_a_compressed_reply_ends_the_call() -> None:
    call = Call(None, kept=False)
    with pytest.raises(Breach, match="compressed"), within(call):
        await Asked(answer(b"bomb", content_encoding="gzip"))(HERE)
    assert isinstance(call.breach, Breach)


async def through(*chunks: bytes, status: int = 200, kind: str = "application/json") -> list[bytes]:
    return [chunk async for chunk in bounded(Body(*chunks), status, kind)]


STREAMS = [
    "text/event-stream",
    "Text/Event-Stream ; charset=utf-8",
    "application/x-ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/vnd.amazon.eventstream",
]


@pytest.mark.parametrize("status", [200, 399])
async def test_a_whole_reply_is_broken_off_behind_its_bound(status: int) -> None:
    piece = b"x" * (MOST_WHOLE // 4)
    assert await through(*[piece] * 4, status=status) == [piece] * 4
    with pytest.raises(Breach, match=r"^it sent more than 4 MB for one reply$"):
        await through(*[piece] * 4, b"x", status=status)
    assert await through(*[piece] * 4, status=status, kind="") == [piece] * 4
    with pytest.raises(Breach):
        await through(*[piece] * 4, b"x", status=status, kind="")


@pytest.mark.parametrize("kind", STREAMS)
async def test_a_stream_may_be_longer_and_its_lines_may_not(kind: str) -> None:
    line = b"x" * (MOST_EVENT - 1) + b"\n"
    most = MOST_STREAM // MOST_EVENT
    assert len(await through(*[line] * most, kind=kind)) == most
    with pytest.raises(Breach, match=r"^it sent more than 64 MB for one reply$"):
        await through(*[line] * most, b"\n", kind=kind)


async def test_a_line_of_a_stream_is_measured_across_its_chunks() -> None:
    half = b"x" * (MOST_EVENT // 2)
    kind = STREAMS[0]
    assert await through(half, half, b"\n", kind=kind)
    assert await through(b"a\n" * MOST_EVENT, kind=kind)
    assert await through(half, b"x\nx" + half[2:], half, kind=kind)
    for chunks in (
        (half, half, b"x"),
        (half, b"\n" + half, half + b"x"),
        (b"a\nb" + half, half),
        (half + half + b"x",),
    ):
        with pytest.raises(Breach, match=r"^it sent a line of more than 1 MB$"):
            await through(*chunks, kind=kind)


@pytest.mark.parametrize("status", [400, 500])
async def test_of_an_error_its_beginning_is_read(status: int) -> None:
    for kind in ("application/json", STREAMS[0]):
        assert b"".join(await through(b"a" * MOST_ERROR, status=status, kind=kind)) == b"a" * MOST_ERROR
        cut = await through(b"a" * (MOST_ERROR - 2), b"bbbb", b"c", status=status, kind=kind)
        assert b"".join(cut) == b"a" * (MOST_ERROR - 2) + b"bb"


async def test_a_guarded_body_is_bounded_by_what_it_says_that_it_is() -> None:
    line = b"x" * (MOST_EVENT - 1) + b"\n"
    for kind, passes in ((STREAMS[0], True), ("application/json", False)):
        call, response = Call(None, kept=False), answer(*[line] * 5, content_type=kind)
        if passes:
            with within(call):
                assert len(await (await Asked(response)(HERE)).aread()) == 5 * MOST_EVENT
            continue
        with pytest.raises(Breach, match="4 MB"), within(call):
            await (await Asked(response)(HERE)).aread()
        assert isinstance(call.breach, Breach)
        assert response.stream.given == 5  # type: ignore[union-attr]


def test_a_tokens_reply_is_bounded_as_well() -> None:
    piece = b"x" * (MOST_WHOLE // 2)
    with within(Call(None, kept=False)):
        response = answer(piece, piece)
        got = Asked(response).whole(HERE)
        assert len(got.content) == MOST_WHOLE
        assert got.request.url == HERE
        assert response.stream.closed  # type: ignore[union-attr]
    response, call = answer(piece, piece, b"x", b"x"), Call(None, kept=False)
    with pytest.raises(Breach, match=r"^it sent more than 4 MB for one reply$"), within(call):
        Asked(response).whole(HERE)
    assert response.stream.closed  # type: ignore[union-attr]
    assert response.stream.given == 3  # type: ignore[union-attr]
    assert isinstance(call.breach, Breach)


# -- connections ---------------------------------------------------------------------------------------------------


async def test_names_of_this_machine_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
    resolver = transport._resolver()
    for name in ("localhost", "models.localhost"):
        found = await resolver.resolve(name, 80, socket.AF_UNSPEC)
        assert [(one["host"], one["family"]) for one in found] == [
            ("127.0.0.1", socket.AF_INET),
            ("::1", socket.AF_INET6),
        ]
        assert {(one["hostname"], one["port"], one["proto"], one["flags"]) for one in found} == {
            (name, 80, 0, socket.AI_NUMERICHOST)
        }
        assert [(one["host"], one["port"]) for one in await resolver.resolve(name)] == [("127.0.0.1", 0)]
        assert [one["host"] for one in await resolver.resolve(name, 0, socket.AF_INET6)] == ["::1"]
    with pytest.raises(AssertionError, match="looked up"):
        await resolver.resolve("host.example", 80)


async def test_other_names_are_looked_up_as_they_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    async def looked_up(_: Any, *question: object) -> list[Any]:
        asked.append(question)
        return []

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", looked_up)
    assert await transport._resolver().resolve("host.example", 443, socket.AF_INET6) == []
    assert asked == [("host.example", 443, socket.AF_INET6)]


async def test_a_session_keeps_no_cookie_takes_no_proxy_and_unpacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            heard.append(head)
            writer.write(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
            )
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with session() as asking:
            for _ in range(2):
                async with asking.get(f"http://models.localhost:{port}/x") as response:
                    assert await response.read() == b"nope"
            assert asking.connector is not None
            assert asking.connector.limit == 0
    finally:
        server.close()
    assert len(heard) == 2
    assert all(head.startswith(b"GET /x ") and b"cookie" not in head.lower() for head in heard)


@pytest.fixture
def unknown(tmp_path: Path) -> ssl.SSLContext:
    """A server's side, with a certificate that it made for itself."""
    made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-keyout", "key", "-out", "certificate"]
    subprocess.run(["openssl", "req", *made, *named], cwd=tmp_path, check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    return own


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_user_said_so(
    unknown: ssl.SSLContext,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=unknown)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    try:
        for verify in ((), (True,)):
            async with session(*verify) as asking:
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await asking.get(url)
        async with session(False) as asking, asking.get(url) as response:
            assert await response.read() == b"ok"
    finally:
        server.close()
