"""Providers that cache only what is marked are told which part of the prompt stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.fakes.model_server import ModelServer

from rlm_ls.engine.loop.conversation import Conversation
from rlm_ls.models.base import Message, Reply
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.hosted import wants_marks
from rlm_ls.models.providers.live import LiteLLMModel

ASKED = [
    Message("system", "Be brief. " * 300),
    Message("user", "How many lines?"),
    Message("assistant", "I look."),
    Message("user", "There are forty."),
]


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


async def asked_of_claude(messages: list[Message]) -> tuple[dict[str, Any], Reply]:
    """The request as Anthropic's own interface gets it, and what is made of its reply."""
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        usage = {"input_tokens": 100, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 0}
        head = {"id": "msg", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": []}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**head, "usage": {**usage, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Forty."}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 10}},
            {"type": "message_stop"},
        ]
        lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return web.Response(text=lines, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    async with TestServer(app) as server:
        model = LiteLLMModel(
            "anthropic/claude-sonnet-4-5",
            Endpoint(str(server.make_url("")).rstrip("/"), local=False, trusted=True),
            environ={"TEST_KEY": "sk-test-0123456789"},
            key_variable="TEST_KEY",
        )
        await model.prepare()
        reply = await model.complete(messages)
    return bodies[0], reply


def marked(blocks: Any) -> bool:
    return isinstance(blocks, list) and any("cache_control" in block for block in blocks)


async def test_the_stable_prefix_is_marked_for_claude() -> None:
    body, _ = await asked_of_claude(ASKED)
    assert marked(body["system"])
    assert [marked(message["content"]) for message in body["messages"]] == [True, False, True]


async def test_no_mark_is_spent_on_what_will_not_come_whole_again() -> None:
    long = Message("user", "There are forty. " * 200)
    conversation = Conversation([*ASKED[:2]])
    conversation.observe(ASKED[2].content, long.content)
    body, _ = await asked_of_claude(conversation.messages)
    assert [marked(message["content"]) for message in body["messages"]] == [True, True, False]
    sent = conversation.messages[: len(ASKED) - 1]
    conversation.observe("I look again.", "There are forty.")
    assert conversation.messages[: len(ASKED) - 1] == sent
    body, _ = await asked_of_claude(conversation.messages)
    assert [marked(message["content"]) for message in body["messages"]] == [True, False, False, False, True]


async def test_cached_tokens_are_shown_and_cheaper() -> None:
    _, reply = await asked_of_claude(ASKED)
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (1000, 900)
    assert reply.usage.usd == pytest.approx(100 * 3e-6 + 900 * 3e-7 + 10 * 15e-6)


async def test_others_get_plain_messages() -> None:
    async with ModelServer(["Forty.", "Forty."]) as server:
        for name in ("openai/scripted", "deepseek/scripted"):
            await LiteLLMModel(name, Endpoint(server.base_url, local=True), environ={}).complete(ASKED)
        assert all(isinstance(m["content"], str) for request in server.requests for m in request.messages)


async def asked_of(name: str, usage: dict[str, Any]) -> tuple[dict[str, Any], Reply]:
    """The request of a provider that speaks OpenAI's protocol with marks, and what is made of its reply."""
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        choice = {"index": 0, "delta": {"role": "assistant", "content": "Forty."}, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        chunks = [{**head, "choices": [choice]}, {**head, "choices": [end]}, {**head, "choices": [], "usage": usage}]
        lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return web.Response(text=lines, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        base = str(server.make_url("/api/v1"))
        endpoint = Endpoint(base, local=False, trusted=True)
        model = LiteLLMModel(name, endpoint, environ={"TEST_KEY": "sk-test-0123456789"}, key_variable="TEST_KEY")
        reply = await model.complete(ASKED, on_text=lambda _: None)
    return bodies[0], reply


@pytest.mark.parametrize("name", ["openrouter/anthropic/claude-3.5-sonnet", "openrouter/google/gemini-2.5-pro"])
async def test_openrouter_passes_marks_on_and_its_cached_tokens_count(name: str) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "total_tokens": 1010,
        "prompt_tokens_details": {"cached_tokens": 900},
    }
    body, reply = await asked_of(name, usage)
    assert [marked(message["content"]) for message in body["messages"]] == [True, True, False, True]
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (1000, 900)


async def test_gemini_caches_by_itself_and_its_cached_tokens_are_cheaper() -> None:
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        told = {
            "candidates": [{"content": {"parts": [{"text": "Forty."}], "role": "model"}, "finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": 1000,
                "cachedContentTokenCount": 900,
                "candidatesTokenCount": 10,
                "totalTokenCount": 1010,
            },
        }
        return web.Response(text=f"data: {json.dumps(told)}\n\n", content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        endpoint = Endpoint(str(server.make_url("")).rstrip("/"), local=False, trusted=True)
        environ = {"TEST_KEY": "sk-test-0123456789"}
        model = LiteLLMModel("gemini/gemini-2.5-flash", endpoint, environ=environ, key_variable="TEST_KEY")
        reply = await model.complete(ASKED, on_text=lambda _: None)
    assert len(bodies) == 1  # no request for a cache of its own
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (1000, 900)
    assert reply.usage.usd == pytest.approx(100 * 3e-7 + 900 * 3e-8 + 10 * 2.5e-6)


@pytest.mark.parametrize(
    ("provider", "model", "wanted"),
    [
        ("bedrock_converse", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("bedrock", "bedrock/us.amazon.nova-pro-v1:0", True),
        ("bedrock", "bedrock/meta.llama3-70b-instruct-v1:0", False),
        ("vertex_ai", "vertex_ai/claude-sonnet-4-5", True),
        ("vertex_ai", "vertex_ai/gemini-2.5-flash", False),
        ("openrouter", "openrouter/openai/gpt-4o-mini", False),
        ("deepseek", "deepseek/deepseek-chat", False),
    ],
)
def test_marks_go_where_they_are_wanted(provider: str, model: str, wanted: bool) -> None:
    assert wants_marks(provider, model) is wanted


async def test_a_model_without_a_price_in_the_table_is_not_free() -> None:
    model = LiteLLMModel("openrouter/nobody/knows-this", Endpoint(None, local=False), environ={})
    await model.prepare()
    assert model.price(1000, 10) is None
