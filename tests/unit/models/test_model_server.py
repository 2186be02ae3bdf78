"""The scripted model server as a process of its own, as the LSP tests use it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from tests.fakes import model_server

from rlm_ls.models import library
from rlm_ls.models.base import Message
from rlm_ls.models.endpoint import Endpoint
from rlm_ls.models.live import LiteLLMModel


async def test_it_serves_a_file_of_replies_prints_its_address_and_tells_its_state(tmp_path: Path) -> None:
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps(["first", {"text": "second", "prompt_tokens": 7}]), "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(model_server.__file__), "--replies", str(replies), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().strip()
        model = LiteLLMModel("openai/any", Endpoint(url, local=True), environ={})
        assert (await model.complete([Message("user", "one")])).text == "first"
        reply = await model.complete([Message("user", "two")])
        assert (reply.text, reply.usage.prompt_tokens) == ("second", 7)
        async with aiohttp.ClientSession() as session, session.get(url.removesuffix("/v1") + "/state") as response:
            state = await response.json()
        assert [request["body"]["messages"][0]["content"] for request in state["requests"]] == ["one", "two"]
        assert (state["openConnections"], state["disconnects"]) == (0, 0)
        await library.close()
    finally:
        process.terminate()
        async with asyncio.timeout(10):
            await process.wait()
