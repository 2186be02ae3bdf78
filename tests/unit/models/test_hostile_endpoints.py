"""What a provider's endpoint may do to us: send the text elsewhere, or send without end. Real servers, no network."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.fakes.hostile_server import Heard, answering, redirecting, sending, silence
from tests.fakes.model_server import ModelServer

from rlm_ls.errors import ModelFailed, RlmError, UnknownModel
from rlm_ls.models.base import Message
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint, endpoint, is_loopback
from rlm_ls.models.providers.failures import ProviderError, retry_after
from rlm_ls.models.providers.live import LiteLLMModel, RetryPolicy

ASKED = [Message("user", "SECRET-TEXT")]
ONCE = RetryPolicy(connect=2.0, silence=20.0, tries=1, busy_tries=1, backoff=0.01)
KEYS = dict.fromkeys(
    (f"{name}_API_KEY" for name in ("ANTHROPIC", "MISTRAL", "DEEPSEEK", "GEMINI", "OPENAI")), "sk-test-0123456789abcdef"
)
DIRECT, HOSTED = "openai/scripted", "deepseek/scripted"
WAYS = (DIRECT, HOSTED)
PROVIDERS = (
    DIRECT,
    "ollama_chat/qwen3",
    "ollama/qwen3",
    "anthropic/claude-sonnet-4-5",
    "mistral/mistral-small",
    HOSTED,
    "gemini/gemini-2.0-flash",
    "groq/llama3-8b-8192",
    "openrouter/x/y",
    "cohere_chat/command-r",
    "together_ai/x/y",
    "azure/x",
)
M = 1 << 20


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def model(name: str, base: str, *, local: bool = True, retry_policy: RetryPolicy = ONCE) -> LiteLLMModel:
    return LiteLLMModel(
        name,
        Endpoint(base, local, local),
        environ={"K": "sk-test-1234567890"},
        key_variable="K",
        retry_policy=retry_policy,
    )


async def refused(asked: LiteLLMModel, *, seen: bool = True, **options: Any) -> RlmError:
    with pytest.raises(RlmError) as caught:
        async with asyncio.timeout(60):
            await asked.complete(ASKED, on_text=[].append if seen else None, **options)
    return caught.value


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_no_redirect_is_followed_by_any_provider(name: str, local: bool) -> None:
    async with answering(silence) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            async with answering(redirecting(status, f"{elsewhere.base}/chat/completions")) as here:
                error = await refused(model(name, here.base, local=local), seen=status != 307)
                assert here.requests, f"{name} asked somebody else"
            assert "elsewhere" in str(error), (name, status)
        assert elsewhere.requests == []


async def test_a_model_s_name_leads_to_no_other_place_than_its_endpoint() -> None:
    async with answering(silence) as elsewhere, answering(silence) as here:
        for name in (
            "huggingface/x/y",
            f"huggingface/{elsewhere.base}",
            f"openai/{elsewhere.base}",
            f"replicate/{elsewhere.base}",
        ):
            await refused(model(name, here.base))
        assert elsewhere.requests == []


async def test_a_provider_whose_requests_nobody_watches_is_unknown() -> None:
    async with answering(silence) as here:
        assert isinstance(await refused(model("aiohttp_openai/x", here.base)), UnknownModel)
        assert here.requests == []


async def test_a_model_on_this_machine_is_asked_without_a_proxy_by_every_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await library.load()
    async with answering(silence) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.base.removesuffix("/v1"))
        for variable in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(variable, "")
        for name in PROVIDERS:
            async with answering(silence) as here:
                await refused(model(name, here.base))
                assert here.requests, name
        assert proxy.requests == []


async def test_names_below_localhost_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    loop = asyncio.get_running_loop()
    original = loop.getaddrinfo

    async def look_up(host: Any, *rest: Any, **options: Any) -> Any:
        looked_up.append(str(host))
        return await original(host, *rest, **options)

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    for name in WAYS:
        async with ModelServer(["said"]) as server:
            base = server.base_url.replace("127.0.0.1", "models.localhost")
            assert (await model(name, base).complete(ASKED)).text == "said"
    assert not [host for host in looked_up if "localhost" in host]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1\\@evil.example/v1", "http://localhost\t.evil/", "http://2130706433/"]
)
def test_an_address_that_can_be_read_in_two_ways_is_not_this_machine(url: str) -> None:
    assert not is_loopback(url)


def test_the_variables_that_litellm_reads_are_where_the_request_goes() -> None:
    for provider in ("anthropic", "mistral", "deepseek", "gemini", "groq", "azure"):
        for end in ("API_BASE", "BASE_URL"):
            where = endpoint(f"{provider}/x", None, {f"{provider.upper()}_{end}": "http://evil.example/v1"})
            assert (where.base, where.local) == ("http://evil.example/v1", False)


async def test_a_bare_name_is_recorded_at_the_endpoint_that_a_variable_names() -> None:
    async with ModelServer(["said"]) as server:
        environ = {"OPENAI_BASE_URL": server.base_url, **KEYS}
        asked = LiteLLMModel("gpt-4o-mini", endpoint("gpt-4o-mini", None, environ), environ=environ, retry_policy=ONCE)
        assert (await asked.complete(ASKED)).text == "said"
        assert asked.endpoint == server.origin.removeprefix("http://")


def test_nothing_is_asked_outside_a_call() -> None:
    code = """
import asyncio, httpx, http.server, threading
from rlm_ls.models.providers import library
heard = []
class Ear(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        heard.append(self.path)
        self.send_response(200); self.end_headers()
    def log_message(self, *rest): pass
ear = http.server.HTTPServer(("127.0.0.1", 0), Ear)
threading.Thread(target=ear.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{ear.server_port}/"
async def main():
    litellm = await library.load()
    for get in (lambda: httpx.get(url), lambda: litellm.module_level_client.get(url)):
        try: get()
        except Exception as error: assert "outside" in str(error), error
        else: raise AssertionError("it was asked")
    async with httpx.AsyncClient() as client:
        for get in (client.get, litellm.module_level_aclient.get):
            try: await get(url)
            except Exception as error: assert "outside" in str(error), error
            else: raise AssertionError("it was asked")
    assert not heard
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def event(text: Any, finish: Any = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m",
                                   "choices": [choice], **more}).encode() + b"\n\n"  # fmt: skip


async def endless(chunk: bytes, first: bytes = b"", most: int = 400 * M) -> AsyncIterator[bytes]:
    yield first
    for _ in range(most // len(chunk)):
        yield chunk


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("status", [400, 500, 401])
async def test_an_endless_error_is_read_to_its_bound(name: str, status: int) -> None:
    async with answering(
        sending(lambda: endless(b"x" * 65536), status=status, content_type="application/json")
    ) as here:
        await refused(model(name, here.base))
        assert here.written < 32 * M


@pytest.mark.parametrize("name", [*WAYS, "anthropic/claude-sonnet-4-5", "gemini/gemini-2.0-flash", "ollama_chat/x"])
@pytest.mark.parametrize("seen", [True, False])
async def test_an_endless_whole_reply_is_broken_off(name: str, seen: bool) -> None:
    sent = sending(lambda: endless(b" " * 65536, b'{"choices": ['), content_type="application/json")
    async with answering(sent) as here:
        error = await refused(model(name, here.base, local=False), seen=seen)
        assert here.written < 64 * M
    assert "MB" in str(error)


@pytest.mark.parametrize("name", [*WAYS, "anthropic/claude-sonnet-4-5", "gemini/gemini-2.0-flash"])
async def test_a_stream_without_a_line_s_end_is_broken_off(name: str) -> None:
    async with answering(sending(lambda: endless(b"x" * 4096, b"data: "))) as here:
        error = await refused(model(name, here.base))
        assert here.written < 32 * M
    assert isinstance(error, ModelFailed)
    assert "line" in str(error)
    assert len(here.calls) == 1


@pytest.mark.parametrize("name", WAYS)
async def test_a_stream_of_text_without_end_is_broken_off_and_tells_how_it_began(name: str) -> None:
    async with answering(sending(lambda: endless(event("lorem ipsum " * 400), event("Once upon a time ")))) as here:
        told: list[str] = []
        with pytest.raises(ModelFailed, match=r"without an end.*Once upon a time"):
            await model(name, here.base).complete(ASKED, on_text=told.append, max_tokens=1000)
        assert "".join(told).startswith("Once upon a time lorem")
        assert len("".join(told)) < 100_000
        assert len(here.calls) == 1


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("status", [200, 500])
async def test_a_reply_that_grows_when_unpacked_is_not_unpacked(name: str, status: int) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b" " * M) for _ in range(64)) + packer.flush()

    async def once() -> AsyncIterator[bytes]:
        yield bomb

    async with answering(sending(once, status=status, content_type="application/json", encoding="gzip")) as here:
        error = await refused(model(name, here.base))
    if status == 200:
        assert "compressed" in str(error)
    assert len(str(error)) < 1000


HOSTILE = {
    "deep": b"data: " + b"[" * 100_000 + b"\n\n",
    "deep object": b'data: {"choices": [{"delta": {"content": ' + b"[" * 50_000 + b"\n\n",
    "huge number": b"data: " + b"9" * 10_000 + b"\n\n",
    "no object": b"data: 5\n\n",
    "null choices": b'data: {"choices": null}\n\ndata: [DONE]\n\n',
    "choices are text": b'data: {"choices": "abc"}\n\n',
    "choices are numbers": b'data: {"choices": [1, 2]}\n\n',
    "error is a list": b'data: {"error": [[["x"]]]}\n\n',
    "error code is huge": b'data: {"error": {"code": ' + b"9" * 4000 + b"}}\n\n",
    "not utf-8": b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n',
    "nothing": b"",
    "only comments": b": hello\n\n" * 1000,
    "control characters": b'data: {"error": "\\u001b]52;c;AAAA\\u0007"}\n\n',
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("what", list(HOSTILE))
async def test_a_malformed_stream_is_an_error_with_a_code(name: str, what: str) -> None:
    async def once() -> AsyncIterator[bytes]:
        yield HOSTILE[what]

    async with answering(sending(once)) as here:
        error = await refused(model(name, here.base))
    assert isinstance(error, (ModelFailed, UnknownModel)), error
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"error": ' + b"[" * 200_000, b"9" * 10_000, b"null", b'{"choices": {}}']
)
@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_malformed_body_is_an_error_with_a_code(name: str, body: bytes, status: int) -> None:
    async def once() -> AsyncIterator[bytes]:
        yield body

    async with answering(sending(once, status=status, content_type="application/json")) as here:
        assert len(str(await refused(model(name, here.base), seen=False))) < 1000


ODD_FIGURES = [-5, 10**30, "12", True, None, 1.5, [], {"a": 1}, float("nan")]


@pytest.mark.parametrize("figure", ODD_FIGURES, ids=str)
@pytest.mark.parametrize("name", ["openai/gpt-4o-mini", "openai/scripted"])
async def test_odd_usage_figures_make_no_odd_account(name: str, figure: Any) -> None:
    usage = {"prompt_tokens": figure, "completion_tokens": figure, "prompt_tokens_details": {"cached_tokens": figure}}

    async def once() -> AsyncIterator[bytes]:
        yield event("said", "stop", usage=usage)
        yield b"data: [DONE]\n\n"

    async with answering(sending(once)) as here:
        reply = await model(name, here.base).complete(ASKED)
    assert reply.text == "said"
    figures = (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens)
    assert all(type(known) is int and 0 <= known <= 10**9 for known in figures)
    assert reply.usage.usd is None or 0 <= reply.usage.usd < 1e6


@pytest.mark.parametrize("finish", [5, [], ["stop"], {"a": 1}, True], ids=str)
async def test_an_odd_finish_reason_is_no_crash(finish: Any) -> None:
    async def once() -> AsyncIterator[bytes]:
        yield event("said", finish)
        yield b"data: [DONE]\n\n"

    async with answering(sending(once)) as here:
        assert (await model(DIRECT, here.base).complete(ASKED)).text == "said"


async def test_content_in_parts_is_put_together() -> None:
    async def once() -> AsyncIterator[bytes]:
        yield event([{"type": "text", "text": "sa"}, {"type": "odd"}, "id", 5], "stop")
        yield b"data: [DONE]\n\n"

    async with answering(sending(once)) as here:
        assert (await model(DIRECT, here.base).complete(ASKED)).text == "said"


@pytest.mark.parametrize("asked", ["1000000000", "inf", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_whoever_asks_to_wait_for_ever_is_not_waited_for(asked: str) -> None:
    async def busy(_request: web.Request, _heard: Heard) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": asked})

    async with answering(busy) as here:
        await refused(model(DIRECT, here.base, retry_policy=RetryPolicy(backoff=0.01)))
        assert len(here.calls) == 1


@pytest.mark.parametrize("text", ["-5", "nan", "-inf", "Mon, 01 Jan 0001 00:00:00 +2359", "Mon, 99 Xxx", "\x1b"])
def test_an_absurd_retry_after_is_no_wait_and_no_crash(text: str) -> None:
    assert not retry_after(ProviderError(429, "", {"retry-after": text}))
