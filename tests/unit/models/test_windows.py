"""The window is what the server tells of itself, where it does, and nothing that it makes up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rlm_ls.models.providers import library, windows
from rlm_ls.models.providers.catalogue import OLLAMA_WINDOW, UNKNOWN_WINDOW
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


async def window(routes: dict[str, Any], name: str = "openai/mine", under: str = "/v1") -> int:
    """Of a model at a server that answers so. A route's answer may be JSON or a handler."""
    app = web.Application()
    for path, answer in routes.items():

        async def handler(_request: web.Request, answer: Any = answer) -> web.StreamResponse:
            return await answer() if callable(answer) else web.json_response(answer)

        app.router.add_route("*", path, handler)
    async with TestServer(app) as server:
        model = LiteLLMModel(name, Endpoint(str(server.make_url("")).rstrip("/") + under, local=True), environ={})
        await model.prepare()
        return model.window


def models(**entry: Any) -> dict[str, Any]:
    return {"/v1/models": {"data": [{"id": "other", "max_model_len": 1000}, {"id": "mine", **entry}]}}


@pytest.mark.parametrize(
    "field", ["max_model_len", "context_length", "context_window", "max_context_length", "loaded_context_length"]
)
async def test_the_list_of_models_tells(field: str) -> None:
    assert await window(models(**{field: 5120})) == 5120


async def test_what_only_the_meta_data_tell_counts() -> None:
    assert await window(models(meta={"n_ctx": 6144, "n_ctx_train": 131_072})) == 6144


async def test_the_window_of_a_slot_counts_and_not_that_of_training() -> None:
    props = {"/props": {"default_generation_settings": {"n_ctx": 2048}, "total_slots": 4}}
    assert await window({**models(meta={"n_ctx_train": 131_072}), **props}) == 2048


async def test_a_server_that_does_not_tell_leaves_the_guess() -> None:
    assert await window({}) == UNKNOWN_WINDOW


async def test_ollama_is_asked_for_no_more_than_the_model_has() -> None:
    show = {"/api/show": {"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 8192}}}
    assert await window(show, "ollama_chat/mine", "") == 8192
    large = {"/api/show": {"model_info": {"qwen3.context_length": 262_144}}}
    assert await window(large, "ollama_chat/other", "") == OLLAMA_WINDOW


@pytest.mark.parametrize("nonsense", [0, -5, True, "4096", 10**15, None, [4096], {"n_ctx": 1}, 1.5])
async def test_nonsense_is_no_answer(nonsense: Any) -> None:
    assert await window(models(max_model_len=nonsense)) == UNKNOWN_WINDOW


async def huge() -> web.Response:
    return web.Response(body=b'{"data": [' + b'{"id": "x"},' * 200_000 + b"]}", content_type="application/json")


async def deep() -> web.Response:
    return web.Response(body=b"[" * 100_000, content_type="application/json")


async def away() -> web.Response:
    return web.Response(status=302, headers={"Location": "http://192.0.2.1/v1/models"})


async def silent() -> web.Response:
    await asyncio.sleep(3600)
    raise AssertionError


@pytest.mark.parametrize("answer", [huge, deep, away, silent])
async def test_a_hostile_answer_is_no_answer(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "SECONDS", 1.0)
    assert await window({"/v1/models": answer}) == UNKNOWN_WINDOW
