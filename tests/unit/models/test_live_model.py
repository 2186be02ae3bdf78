"""LiteLLMModel against a real HTTP server, well-behaved and not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.fakes.model_server import ModelServer, Scripted

from rlm_ls.errors import ModelFailed, ModelRefused, ModelUnreachable, RlmError, UnknownModel
from rlm_ls.models.base import Message, Reply, TextSink, spent
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.failures import ProviderError, retry_after
from rlm_ls.models.providers.live import LiteLLMModel, RetryPolicy

KEY = "sk-test-0123456789abcdef"
HURRY = RetryPolicy(connect=2.0, silence=5.0, backoff=0.01)
ASKED = [Message("system", "Be brief."), Message("user", "How many lines are there?")]
TEXT = "There are forty lines, and here is how I counted them."


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


WAYS = {"direct": "openai/scripted", "through LiteLLM": "deepseek/scripted"}
"""Both are asked at the model server in the OpenAI protocol; only the first is known to LiteLLM to be just that."""


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    """A model's name for each of the two ways to an endpoint."""
    return WAYS[request.param]


def watched(pieces: list[str], seen: bool) -> TextSink | None:
    """Somebody looks at the text as it comes, or nobody: LiteLLM is then asked for the whole reply at once."""
    return pieces.append if seen else None


def model_at(server: ModelServer, name: str = "openai/scripted", retry_policy: RetryPolicy = HURRY) -> LiteLLMModel:
    endpoint = Endpoint(server.base_url, local=True)
    return LiteLLMModel(name, endpoint, environ={"TEST_KEY": KEY}, key_variable="TEST_KEY", retry_policy=retry_policy)


def hosted_remotely(model: LiteLLMModel) -> LiteLLMModel:
    """As a provider's model is treated: where nobody looks at the text, it is not streamed."""
    model.local = False
    return model


async def error_of(server: ModelServer, **options: object) -> RlmError:
    model = hosted_remotely(model_at(server, **options))  # type: ignore[arg-type]
    with pytest.raises(RlmError) as caught:
        await model.complete(ASKED, on_text=[].append)
    assert KEY not in str(caught.value)
    return caught.value


async def test_text_streams_in_pieces_and_usage_comes_with_it(way: str) -> None:
    scripted = Scripted(TEXT, prompt_tokens=70, completion_tokens=11, cached_tokens=64, delay=0.01)
    async with ModelServer([scripted]) as server:
        pieces: list[str] = []
        reply = await model_at(server, way).complete(ASKED, on_text=pieces.append, max_tokens=99)
    assert reply.text == TEXT == "".join(pieces)
    assert len(pieces) > 1
    assert reply.finish == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == (70, 11, 64)
    (request,) = server.requests
    assert request.messages == [{"role": message.role, "content": message.content} for message in ASKED]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["max_tokens"] == 99


async def test_the_price_of_a_known_model_comes_from_the_table_with_cached_tokens_cheaper() -> None:
    full = Scripted("x", prompt_tokens=1000, completion_tokens=100)
    cached = Scripted("x", prompt_tokens=1000, completion_tokens=100, cached_tokens=800)
    async with ModelServer([full, cached]) as server:
        model = model_at(server, "openai/gpt-4o-mini")
        assert model.price(1000, 100) is None  # nothing is known before the table is loaded, and nothing is guessed
        await model.prepare()
        first, second = await model.complete(ASKED), await model.complete(ASKED)
    assert model.window == 128_000
    assert first.usage.usd == pytest.approx(model.price(1000, 100))
    assert first.usage.usd is not None
    assert second.usage.usd is not None
    assert 0 < second.usage.usd < first.usage.usd


async def test_an_unknown_model_is_free_on_this_machine_and_of_unknown_price_elsewhere() -> None:
    async with ModelServer([TEXT, TEXT]) as server:
        here = LiteLLMModel("openai/scripted", Endpoint(server.base_url, local=True), environ={}, retry_policy=HURRY)
        there = LiteLLMModel("openai/scripted", Endpoint(server.base_url, local=False), environ={}, retry_policy=HURRY)
        assert (await here.complete(ASKED)).usage.usd == 0.0
        assert (await there.complete(ASKED)).usage.usd is None
        assert here.window == 32_768


async def test_a_bare_name_at_an_own_endpoint_is_taken_for_the_openai_protocol() -> None:
    async with ModelServer([TEXT]) as server:
        assert (await model_at(server, "my-own-model").complete(ASKED)).text == TEXT
        assert server.requests[0].body["model"] == "my-own-model"


async def test_reasoning_is_not_text(way: str) -> None:
    async with ModelServer([Scripted(TEXT, reasoning="Let me think about lines.")]) as server:
        pieces: list[str] = []
        assert (await model_at(server, way).complete(ASKED, on_text=pieces.append)).text == TEXT
        assert "".join(pieces) == TEXT


async def test_a_reply_cut_off_by_the_provider_says_so() -> None:
    async with ModelServer([Scripted(TEXT, finish="length")]) as server:
        assert (await model_at(server).complete(ASKED)).finish == "length"


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "short", "malformed", "error-mid", "empty", "html"])
async def test_a_passing_fault_is_tried_again(way: str, fault: str, seen: bool) -> None:
    if way == WAYS["through LiteLLM"] and fault == "error-mid" and not seen:
        fault = "500"  # LiteLLM makes a 400 of an error inside a 200, which a request's own fault looks like
    async with ModelServer([Scripted(TEXT, fault=fault), TEXT]) as server:  # type: ignore[arg-type]
        reply = await hosted_remotely(model_at(server, way)).complete(ASKED, on_text=watched([], seen))
    assert reply.text == TEXT
    assert reply.tries == len(server.requests) == 2


async def test_a_stream_that_broke_off_is_told_apart_from_the_whole_reply_after_it() -> None:
    async with ModelServer([Scripted(TEXT, fault="cut"), TEXT]) as server:
        pieces: list[str] = []
        await model_at(server).complete(ASKED, on_text=pieces.append)
    shown = "".join(pieces)
    assert "asking again" in shown
    assert shown.endswith(TEXT)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("401", ModelRefused, "TEST_KEY"),
        ("402", ModelRefused, "Payment required"),
        ("403", ModelRefused, "may not use this model"),
        ("404", UnknownModel, "rlm-ls models"),
        ("400", ModelFailed, "Unknown parameter"),
        ("context", ModelFailed, "context window"),
        ("filter", ModelFailed, "filter"),
    ],
)
async def test_a_lasting_fault_is_reported_without_another_try(
    way: str, fault: str, kind: type[RlmError], words: str
) -> None:
    async with ModelServer([Scripted(TEXT, fault=fault), TEXT]) as server:  # type: ignore[arg-type]
        error = await error_of(server, name=way)
    assert isinstance(error, kind)
    assert words in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    [
        ("429", ModelFailed, HURRY.busy_tries),
        ("500", ModelFailed, HURRY.tries),
        ("malformed", ModelFailed, HURRY.tries),
        ("error-mid", ModelFailed, HURRY.tries),
        ("cut", ModelUnreachable, HURRY.tries),
    ],
)
async def test_a_fault_that_stays_is_reported_after_so_many_tries(
    way: str, fault: str, kind: type[RlmError], tries: int
) -> None:
    async with ModelServer(lambda _body: Scripted(TEXT, fault=fault)) as server:  # type: ignore[arg-type]
        error = await error_of(server, name=way)
    assert isinstance(error, kind)
    assert len(server.requests) == tries


async def test_an_empty_reply_is_asked_for_once_more_only() -> None:
    async with ModelServer(lambda _body: Scripted(fault="empty")) as server:
        error = await error_of(server)
    assert isinstance(error, ModelFailed)
    assert "empty reply" in str(error)
    assert len(server.requests) == 2


async def test_what_was_reported_is_paid_for_and_a_broken_try_is_estimated() -> None:
    told = [Scripted("", prompt_tokens=50), Scripted(TEXT, prompt_tokens=60, completion_tokens=9)]
    async with ModelServer([Scripted(TEXT, fault="cut", prompt_tokens=70), *told]) as server:
        reply = await model_at(server).complete(ASKED)
        usage = reply.usage
        assert usage.estimated_tokens > 0
        assert usage.prompt_tokens + usage.completion_tokens == 110 + 9 + usage.estimated_tokens
        assert reply.tries == 3
        assert server.reported() == (110, 9)
        assert [billed.reported for billed in server.billed] == [False, True, True]


async def test_a_call_that_failed_says_what_it_cost() -> None:
    async with ModelServer(lambda _body: Scripted("", prompt_tokens=50)) as server:
        assert spent(await error_of(server)).prompt_tokens == 100 == server.reported()[0]


async def test_the_empty_try_is_paid_for_too() -> None:
    async with ModelServer([Scripted("", prompt_tokens=50), Scripted(TEXT, prompt_tokens=50)]) as server:
        assert (await model_at(server).complete(ASKED)).usage.prompt_tokens == 100


@pytest.mark.parametrize("fault", ["hang", "hang-mid"])
async def test_a_silent_model_is_given_up_and_its_connection_closed(way: str, fault: str) -> None:
    retry_policy = RetryPolicy(silence=1.0, tries=2, backoff=0.01)
    async with ModelServer(lambda _body: Scripted(TEXT, fault=fault)) as server:  # type: ignore[arg-type]
        error = await error_of(server, name=way, retry_policy=retry_policy)
        assert isinstance(error, ModelUnreachable)
        assert server.base_url in str(error)
        assert len(server.requests) == 2
        await server.disconnected()


async def test_retry_after_is_respected(way: str) -> None:
    async with ModelServer([Scripted(fault="429", retry_after="1"), TEXT]) as server:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await model_at(server, way).complete(ASKED)
        assert loop.time() - before >= 1.0


async def test_one_call_s_429_holds_back_all_calls_to_that_server() -> None:
    async with ModelServer([Scripted(fault="429", retry_after="1"), TEXT, TEXT]) as server:
        loop = asyncio.get_running_loop()
        before = loop.time()
        first = asyncio.create_task(model_at(server).complete(ASKED))
        await server.asked()
        await asyncio.sleep(0.2)
        await model_at(server, "openai/another").complete(ASKED)  # as another run has it
        assert loop.time() - before >= 1.0
        await first


def test_retry_after_is_seconds_or_a_date() -> None:
    def asked(text: str) -> float | None:
        return retry_after(ProviderError(429, "", {"retry-after": text}))

    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert (asked("1.5"), asked("-3"), asked(""), asked("soon")) == (1.5, 0.0, None, None)
    assert 50 < (asked(in_a_minute) or 0) <= 60
    assert asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


async def test_a_provider_that_wants_an_hour_is_not_waited_for() -> None:
    async with ModelServer([Scripted(fault="429", retry_after="3600"), TEXT]) as server:
        assert isinstance(await error_of(server), ModelFailed)
        assert len(server.requests) == 1


async def test_a_refused_connection_names_the_endpoint() -> None:
    server = ModelServer([])
    await server.start()
    await server.stop()
    error = await error_of(server)
    assert isinstance(error, ModelUnreachable)
    assert server.base_url in str(error)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a full queue of connections hang")
async def test_connecting_has_a_limit_of_its_own() -> None:
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # nobody accepts them, and there is no room for more
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        there = Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", local=True)
        retry_policy = RetryPolicy(connect=0.2, silence=60.0, tries=1)
        model = LiteLLMModel("openai/x", there, environ={}, retry_policy=retry_policy)
        async with asyncio.timeout(60):
            with pytest.raises(ModelUnreachable, match=r"no connection within 0\.2 s"):
                await model.complete(ASKED)


async def test_a_password_in_an_address_is_not_shown() -> None:
    there = Endpoint("http://me:hidden@127.0.0.1:9/v1", local=True)
    with pytest.raises(ModelUnreachable, match=r"127\.0\.0\.1:9/v1") as caught:
        await LiteLLMModel("openai/x", there, environ={}, retry_policy=RetryPolicy(tries=1)).complete(ASKED)
    assert "hidden" not in str(caught.value)


async def test_a_name_that_no_provider_knows_is_an_unknown_model() -> None:
    model = LiteLLMModel("nonsense/at-all", Endpoint(None, local=False), environ={}, retry_policy=HURRY)
    with pytest.raises(UnknownModel, match="ollama_chat"):
        await model.prepare()


async def test_a_missing_key_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = LiteLLMModel("openai/gpt-4o-mini", Endpoint(None, local=False), environ={}, retry_policy=HURRY)
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY holds no key"):
        await model.complete(ASKED)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("fault", ["hang", "hang-mid"])
async def test_cancel_closes_the_connection(way: str, fault: str, seen: bool) -> None:
    async with ModelServer([Scripted(TEXT, fault=fault)]) as server:  # type: ignore[arg-type]
        model = hosted_remotely(model_at(server, way))
        task = asyncio.create_task(model.complete(ASKED, on_text=watched([], seen)))
        await server.asked()
        await asyncio.sleep(0.1)
        assert server.open_connections == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.disconnected()
        assert server.open_connections == 0
        assert len(server.requests) == 1


async def test_cancel_between_two_tries_sends_no_further_request() -> None:
    async with ModelServer([Scripted(fault="500"), TEXT]) as server:
        task = asyncio.create_task(model_at(server, retry_policy=RetryPolicy(backoff=30.0)).complete(ASKED))
        await server.asked()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(server.requests) == 1


async def test_a_model_on_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer([TEXT]) as server:
        await model_at(server).prepare()
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, "http://127.0.0.1:9")
        assert (await model_at(server).complete(ASKED)).text == TEXT


async def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    async with ModelServer([Scripted(fault="500"), TEXT]) as server:
        await model_at(server).complete(ASKED)
    model = LiteLLMModel("nonsense", Endpoint(None, local=False), environ={})
    with pytest.raises(UnknownModel):
        await model.complete(ASKED)
    assert capfd.readouterr() == ("", "")


async def test_loading_takes_no_endpoint_from_files_around() -> None:
    await library.load()
    assert os.environ["LITELLM_MODE"] == "PRODUCTION"
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


async def test_after_close_the_same_endpoint_can_be_asked_again() -> None:
    async with ModelServer([Scripted("one"), Scripted("two")]) as server:
        assert (await model_at(server).complete(ASKED)).text == "one"
        await library.close()
        assert (await model_at(server).complete(ASKED)).text == "two"


async def test_a_schema_goes_to_models_that_keep_to_one_and_to_endpoints_of_the_users_own() -> None:
    schema = {"type": "object", "properties": {"label": {"type": "string"}}}
    async with ModelServer(lambda _body: '{"label": "x"}') as server:
        await model_at(server, "openai/gpt-4o-mini").complete(ASKED, schema=schema)
        await model_at(server, "openai/scripted").complete(ASKED, schema=schema)
        await model_at(server, "openai/gpt-4o-mini").complete(ASKED, schema={"type": "array"})
    formats = [request.body.get("response_format") for request in server.requests]
    assert [sent and sent["json_schema"]["schema"] for sent in formats] == [schema, schema, {"type": "array"}]


async def test_the_longest_reply_is_asked_for_in_the_model_s_own_word() -> None:
    async with ModelServer(lambda _body: TEXT) as server:
        await model_at(server, "openai/o3-mini").complete(ASKED, max_tokens=77)
    assert server.requests[0].body["max_completion_tokens"] == 77
    assert "max_tokens" not in server.requests[0].body


async def test_a_server_that_does_not_stream_is_understood() -> None:
    reply = {"choices": [{"message": {"content": TEXT}}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(reply)

    async with serving(answer) as base:
        told = await LiteLLMModel("openai/x", Endpoint(base, local=True), environ={}, retry_policy=HURRY).complete(
            ASKED
        )
    assert (told.text, told.usage.prompt_tokens, told.usage.completion_tokens) == (TEXT, 3, 4)


async def test_a_server_on_this_machine_cannot_send_the_text_elsewhere() -> None:
    async with ModelServer([TEXT]) as elsewhere:

        async def redirect(_request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})

        async with serving(redirect) as base:
            model = LiteLLMModel("openai/x", Endpoint(base, local=True), environ={}, retry_policy=HURRY)
            with pytest.raises(ModelFailed, match="elsewhere"):
                await model.complete(ASKED)
        assert elsewhere.count == 0


async def test_a_thousand_calls_meet_every_fault_and_the_account_is_the_server_s() -> None:
    faults = {"429": 0.10, "500": 0.05, "hang": 0.02, "cut": 0.02}
    said = Scripted(TEXT, prompt_tokens=20, completion_tokens=5)
    async with ModelServer(lambda _body: said, faults=faults, seed=7, keep=0) as server:  # type: ignore[arg-type]
        model = model_at(server, retry_policy=RetryPolicy(silence=3.0, backoff=0.01))
        gate = asyncio.Semaphore(32)

        async def call() -> Reply | RlmError:
            async with gate:
                try:
                    return await model.complete(ASKED)
                except RlmError as error:
                    return error

        outcomes = await asyncio.gather(*(call() for _ in range(1000)))
        replies = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
        assert len(replies) >= 990  # four failed tries in a row are one call in 15,000
        assert set(server.met) == set(faults)
        paid = [
            reply.usage.prompt_tokens + reply.usage.completion_tokens - reply.usage.estimated_tokens
            for reply in replies
        ]
        assert sum(paid) == sum(server.reported())
        assert set(paid) == {25}
        broken = [reply for reply in replies if reply.usage.estimated_tokens]
        assert len(broken) >= 10  # silent or cut off: 2 of 100 each
        assert server.open_connections == 0


async def test_cancel_closes_every_connection_of_many() -> None:
    async with ModelServer(lambda _body: Scripted(TEXT, fault="hang")) as server:
        model = model_at(server)
        calls = asyncio.gather(*(model.complete(ASKED) for _ in range(64)))
        await until(lambda: server.open_connections == 64)
        calls.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls
        await until(lambda: server.disconnects == 64)
        assert server.open_connections == 0


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110, the server's counters
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """The base URL of a server that answers every chat request with `handler`."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))
