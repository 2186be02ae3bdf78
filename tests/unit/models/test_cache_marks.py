"""Providers that cache only what is marked are told which part of the prompt stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.fakes.model_server import ModelServer

from rlm_ls.models.base import Message, Reply
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
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


async def test_cached_tokens_are_shown_and_cheaper() -> None:
    _, reply = await asked_of_claude(ASKED)
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (1000, 900)
    assert reply.usage.usd == pytest.approx(100 * 3e-6 + 900 * 3e-7 + 10 * 15e-6)


async def test_others_get_plain_messages() -> None:
    async with ModelServer(["Forty.", "Forty."]) as server:
        for name in ("openai/scripted", "deepseek/scripted"):
            await LiteLLMModel(name, Endpoint(server.base_url, local=True), environ={}).complete(ASKED)
        assert all(isinstance(m["content"], str) for request in server.requests for m in request.messages)
