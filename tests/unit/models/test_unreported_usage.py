"""A provider that reports no usage, and tries that broke off: their tokens are estimated, marked, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer, Scripted
from tests.scripted import document

from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.events import AnyEvent, ModelReplied
from rlm_ls.errors import ModelUnreachable
from rlm_ls.models.base import Message, Usage, spent
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel, RetryPolicy
from rlm_ls.settings.sections import Settings

ASKED = [Message("system", "Be brief."), Message("user", "How many lines are there? " * 40)]
TEXT = "There are forty lines, and here is how I counted them. " * 20
WAYS = {"direct": "openai/scripted", "through LiteLLM": "deepseek/scripted"}
LOOKS_ON_FOREVER = "Plan.\n```python\nprint(count('ERROR'), {})\n```"


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return WAYS[request.param]


def model_at(server: ModelServer, name: str, **policy: float) -> LiteLLMModel:
    hurry = RetryPolicy(**{"connect": 2.0, "silence": 5.0, "backoff": 0.01, **policy})  # type: ignore[arg-type]
    return LiteLLMModel(name, Endpoint(server.base_url, local=True), environ={}, retry_policy=hurry)


def plausible(tokens: int, characters: int) -> bool:
    return characters / 6 <= tokens <= characters / 2


async def test_usage_that_is_not_reported_is_estimated_and_marked(way: str) -> None:
    async with ModelServer([Scripted(TEXT, usage=False)]) as server:
        usage = (await model_at(server, way).complete(ASKED, on_text=[].append)).usage
    assert plausible(usage.prompt_tokens, sum(len(message.content) for message in ASKED))
    assert plausible(usage.completion_tokens, len(TEXT))
    assert usage.estimated_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_usage_of_nothing_is_no_report(way: str) -> None:
    async with ModelServer([Scripted(TEXT, prompt_tokens=0, completion_tokens=0)]) as server:
        usage = (await model_at(server, way).complete(ASKED)).usage
    assert plausible(usage.completion_tokens, len(TEXT))
    assert usage.estimated_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_reported_usage_is_not_marked(way: str) -> None:
    async with ModelServer([Scripted(TEXT, prompt_tokens=70, completion_tokens=11)]) as server:
        usage = (await model_at(server, way).complete(ASKED)).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.estimated_tokens) == (70, 11, 0)


async def test_a_try_that_broke_off_is_counted_beside_the_one_that_held(way: str) -> None:
    script = [Scripted(TEXT, fault="cut"), Scripted("Forty.", prompt_tokens=300, completion_tokens=3)]
    async with ModelServer(script) as server:
        usage = (await model_at(server, way).complete(ASKED, on_text=[].append)).usage
    assert usage.prompt_tokens > 300 + 100
    assert usage.completion_tokens > 3 + 50
    assert usage.estimated_tokens == usage.prompt_tokens + usage.completion_tokens - 303


async def test_a_reply_past_the_silence_limit_is_counted(way: str) -> None:
    async with ModelServer([Scripted(TEXT, fault="hang-mid")]) as server:
        with pytest.raises(ModelUnreachable) as caught:
            await model_at(server, way, silence=0.5, tries=1).complete(ASKED, on_text=[].append)
    cost = spent(caught.value)
    assert plausible(cost.prompt_tokens, sum(len(message.content) for message in ASKED))
    assert cost.completion_tokens > 50
    assert cost.estimated_tokens == cost.prompt_tokens + cost.completion_tokens


async def test_a_refusal_costs_nothing(way: str) -> None:
    script = [Scripted(fault="503"), Scripted("Forty.", prompt_tokens=300, completion_tokens=3)]
    async with ModelServer(script) as server:
        usage = (await model_at(server, way).complete(ASKED)).usage
    assert usage == Usage(300, 3, 0, usage.usd)


async def test_a_cancelled_reply_says_what_it_cost(way: str) -> None:
    begun = asyncio.Event()
    async with ModelServer([Scripted(TEXT, fault="hang-mid")]) as server:
        model = model_at(server, way)
        asking = asyncio.ensure_future(model.complete(ASKED, on_text=lambda _: begun.set()))
        await asyncio.wait_for(begun.wait(), 60)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await asking
    assert spent(caught.value).prompt_tokens > 100


async def test_a_limit_of_tokens_holds_where_the_provider_says_nothing(tmp_path: Path) -> None:
    events: list[AnyEvent] = []
    async with ModelServer(
        lambda body: Scripted(LOOKS_ON_FOREVER.format(len(body["messages"])), usage=False)
    ) as server:
        models = {"root": ("openai/scripted",), "api_base": server.base_url}
        engine = await Engine.open(settings=Settings(models=models, levels=("dsl",)), state_dir=tmp_path)  # type: ignore[arg-type]
        try:
            request = AskRequest("How?", document("an ERROR here\n" * 9000), budget=Budget(tokens=9000, turns=500))
            answer = await engine.ask(request, events.append)
        finally:
            await engine.close()
    usage = answer.usage
    assert answer.status == "partial"
    assert "token" in answer.reason
    assert usage.estimated_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    replies = [event for event in events if isinstance(event, ModelReplied)]
    assert all(reply.estimated_tokens for reply in replies)
