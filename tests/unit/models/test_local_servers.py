"""A model server on this machine is found at its usual address; what answers there may be anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from rlm_ls.models.local_servers import KINDS, MOST_MODELS, LocalServer, local_servers, usable_keys

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]

NOWHERE = "http://127.0.0.1:9"


def environ(**moved: str) -> dict[str, str]:
    """An environment in which only the servers that are named may be there."""
    usual = ("OLLAMA_API_BASE", "LLAMAFILE_API_BASE", "LM_STUDIO_API_BASE", "HOSTED_VLLM_API_BASE")
    return {**dict.fromkeys(usual, NOWHERE), **moved}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def one(handler: Handler) -> str:
            app = web.Application()
            app.router.add_get("/{path:.*}", handler)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        yield one


async def test_servers_are_found_with_their_models(serve: Serve) -> None:
    async def ollama(request: web.Request) -> web.Response:
        assert request.path == "/api/tags"
        return web.json_response(
            {"models": [{"name": "qwen3:8b"}, {"name": "nomic-embed-text"}, {"name": "hf.co/a/b"}]}
        )

    async def vllm(request: web.Request) -> web.Response:
        assert request.path == "/v1/models"
        return web.json_response({"object": "list", "data": [{"id": "Qwen/Qwen3-8B"}]})

    first, second = await serve(ollama), await serve(vllm)
    found = await local_servers(environ(OLLAMA_API_BASE=first, HOSTED_VLLM_API_BASE=f"{second}/v1"))
    assert found == (
        LocalServer("Ollama", first, ("ollama_chat/qwen3:8b", "ollama_chat/hf.co/a/b")),
        LocalServer("vLLM", f"{second}/v1", ("hosted_vllm/Qwen/Qwen3-8B",)),
    )
    assert await local_servers(environ()) == ()
    assert len(KINDS) == 4


@pytest.mark.parametrize("answer", ["silence", "redirect", "endless", "compressed", "deep", "text", "list", "500"])
async def test_whatever_else_answers_there_is_no_model_server(serve: Serve, answer: str) -> None:
    followed = []

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(request.path)
        return web.json_response({"models": [{"name": "stolen"}]})

    other = await serve(elsewhere)

    async def strange(request: web.Request) -> web.StreamResponse:
        if answer == "silence":
            await asyncio.sleep(3600)
        if answer == "redirect":
            raise web.HTTPFound(f"{other}/api/tags")
        if answer == "endless":
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            while True:
                await response.write(b'{"models": [' + b" " * 100_000)
        headers = {"Content-Encoding": "gzip"} if answer == "compressed" else {}
        bodies = {"deep": "[" * 100_000, "text": "<html>", "list": '{"models": {"name": 1}}'}
        status = 500 if answer == "500" else 200
        return web.Response(text=bodies.get(answer, '{"models": [{"name": "a"}]}'), status=status, headers=headers)

    base = await serve(strange)
    async with asyncio.timeout(60):
        assert await local_servers(environ(OLLAMA_API_BASE=base)) == ()
    assert followed == []


async def test_names_are_a_models_or_left_out(serve: Serve) -> None:
    async def hostile(_: web.Request) -> web.Response:
        names = ["\x1b[2J", "a b", "x" * 300, "../../etc", 5, None, "fine", *map(str, range(100))]
        return web.json_response({"models": [{"name": name} for name in names]})

    (found,) = await local_servers(environ(OLLAMA_API_BASE=await serve(hostile)))
    assert found.models[0] == "ollama_chat/fine"
    assert len(found.models) == MOST_MODELS


async def test_an_address_elsewhere_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    get = aiohttp.ClientSession.get

    def noted(self: aiohttp.ClientSession, url: str, **options: Any) -> Any:
        asked.append(url)
        return get(self, url, **options)

    monkeypatch.setattr(aiohttp.ClientSession, "get", noted)
    await local_servers(environ(OLLAMA_API_BASE="http://ollama.example:11434"))
    assert len(asked) == len(KINDS) - 1
    assert not any("example" in url for url in asked)


def test_a_key_that_is_set_names_a_model_to_begin_with() -> None:
    assert usable_keys({"OPENAI_API_KEY": "sk-x", "GEMINI_API_KEY": ""}) == {"OPENAI_API_KEY": "openai/gpt-4o-mini"}
