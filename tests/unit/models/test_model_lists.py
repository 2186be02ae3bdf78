"""Several models for one role: who is asked, who is spared for a while, and that there is always an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from tests.fakes.model_server import ModelServer, Script, Scripted

from rlm_ls.errors import ModelRefused, ModelUnreachable
from rlm_ls.models.base import Message
from rlm_ls.models.providers import fallback, library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.fallback import FallbackModel
from rlm_ls.models.providers.live import LiteLLMModel
from rlm_ls.models.providers.retries import RetryPolicy

ASKED = [Message("user", "How many lines are there?")]
HURRY = RetryPolicy(connect=2.0, silence=5.0, tries=2, busy_tries=2, backoff=0.01)


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


def member(server: ModelServer, name: str) -> LiteLLMModel:
    return LiteLLMModel(name, Endpoint(server.base_url, local=True), environ={}, retry_policy=HURRY)


@asynccontextmanager
async def servers(*scripts: Script) -> AsyncIterator[list[ModelServer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(ModelServer(script)) for script in scripts]


async def out_of_reach() -> ModelServer:
    server = ModelServer([])
    await server.start()
    await server.stop()
    return server


async def test_the_next_model_answers_where_the_first_is_out_of_reach() -> None:
    down = await out_of_reach()
    async with ModelServer(["forty"]) as up:
        model = FallbackModel([member(down, "openai/first"), member(up, "openai/second")])
        reply = await model.complete(ASKED)
    assert (reply.text, reply.model, model.name) == ("forty", "openai/second", "openai/first, openai/second")


async def test_a_refused_key_is_not_papered_over_by_the_next_model() -> None:
    async with servers([Scripted(fault="401")], ["forty"]) as (refusing, up):
        with pytest.raises(ModelRefused):
            await FallbackModel([member(refusing, "openai/a"), member(up, "openai/b")]).complete(ASKED)
        assert not up.requests


async def test_usage_and_price_are_those_of_the_member_that_answered() -> None:
    told = Scripted("forty", prompt_tokens=1000, completion_tokens=10)
    async with servers(lambda _body: Scripted(fault="500"), [told]) as (broken, up):
        cheap, dear = member(up, "openai/gpt-4o-mini"), member(broken, "openai/gpt-4o")
        reply = await FallbackModel([dear, cheap]).complete(ASKED)
        assert reply.model == "openai/gpt-4o-mini"
        assert reply.usage.usd == pytest.approx(cheap.price(1000, 10))


async def test_what_a_member_spent_before_it_failed_is_counted_too() -> None:
    empty, told = Scripted("", prompt_tokens=50), Scripted("forty", prompt_tokens=60)
    async with servers([empty, empty], [told]) as (first, second):
        reply = await FallbackModel([member(first, "openai/a"), member(second, "openai/b")]).complete(ASKED)
    assert (reply.model, reply.usage.prompt_tokens) == ("openai/b", 160)


async def test_a_member_that_failed_is_spared_for_a_while() -> None:
    async with servers(lambda _body: Scripted(fault="500"), lambda _body: "forty") as (broken, up):
        for _ in range(3):  # a list of another run knows it as well
            await FallbackModel([member(broken, "openai/a"), member(up, "openai/b")]).complete(ASKED)
        assert (broken.count, up.count) == (2, 3)


async def test_a_member_that_has_cooled_down_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "SHORTEST_COOLING", 0.05)
    script = iter([Scripted(fault="500"), Scripted(fault="500"), Scripted("back")])
    async with servers(lambda _body: next(script), ["meanwhile"]) as (broken, up):
        model = FallbackModel([member(broken, "openai/a"), member(up, "openai/b")])
        assert (await model.complete(ASKED)).text == "meanwhile"
        await asyncio.sleep(0.1)
        assert (await model.complete(ASKED)).text == "back"


async def test_a_list_whose_members_all_cool_down_still_asks_them() -> None:
    faults = iter(["500"] * 4)
    async with servers(
        lambda _body: Scripted("one", fault=next(faults, "")),  # type: ignore[arg-type]
        lambda _body: Scripted("two", fault=next(faults, "")),  # type: ignore[arg-type]
    ) as (first, second):
        model = FallbackModel([member(first, "openai/a"), member(second, "openai/b")])
        with pytest.raises(Exception, match="failed"):
            await model.complete(ASKED)
        assert (await model.complete(ASKED)).text in {"one", "two"}


async def test_a_prompt_too_long_for_one_member_does_not_cool_it_down() -> None:
    script = iter([Scripted(fault="context"), Scripted("short one")])
    async with servers(lambda _body: next(script), ["long one"]) as (small, large):
        model = FallbackModel([member(small, "openai/a"), member(large, "openai/b")])
        assert [(await model.complete(ASKED)).text for _ in range(2)] == ["long one", "short one"]


async def test_weights_share_the_calls_out() -> None:
    async with servers(lambda _body: "one", lambda _body: "two") as (heavy, light):
        model = FallbackModel([member(light, "openai/a"), member(heavy, "openai/b")], [1, 9])
        for _ in range(100):
            await model.complete(ASKED)
        assert heavy.count + light.count == 100
        assert heavy.count > 70  # 90 expected; fewer than 71 come once in a hundred million


async def test_weights_too_fall_back() -> None:
    down = await out_of_reach()
    async with ModelServer(lambda _body: "forty") as up:
        model = FallbackModel([member(down, "openai/a"), member(up, "openai/b")], [9, 1])
        assert {(await model.complete(ASKED)).text for _ in range(5)} == {"forty"}


async def test_where_nobody_is_in_reach_the_error_says_so() -> None:
    down = await out_of_reach()
    with pytest.raises(ModelUnreachable):
        await FallbackModel([member(down, "openai/a"), member(down, "openai/b")]).complete(ASKED)
