"""The scripted model server as a process of its own, as the LSP tests use it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from tests.fakes import model_server

from rlm_ls.models.base import Message
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel


async def test_it_serves_a_file_of_replies_prints_its_address_and_tells_its_state(tmp_path: Path) -> None:
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps(["first", {"text": "second", "prompt_tokens": 7}]), "utf-8")
    async with serving("--replies", str(replies)) as url:
        model = LiteLLMModel("openai/any", Endpoint(url, local=True), environ={})
        assert (await model.complete([Message("user", "one")])).text == "first"
        reply = await model.complete([Message("user", "two")])
        assert (reply.text, reply.usage.prompt_tokens) == ("second", 7)
        state = await state_of(url)
        assert [request["body"]["messages"][0]["content"] for request in state["requests"]] == ["one", "two"]
        assert (state["openConnections"], state["disconnects"]) == (0, 0)
        await library.close()


async def test_its_faults_come_by_shares_and_its_bill_can_be_asked_for() -> None:
    options = ("--reply", "one two", "--latency", "0.01", "--fault", "500=0.25", "--fault", "cut=0.25", "--seed", "3")
    async with serving(*options, "--keep", "5") as url, aiohttp.ClientSession() as session:

        async def ask(stream: bool) -> str:
            body = {"messages": [{"role": "user", "content": "a b c"}], "stream": stream}
            body["stream_options"] = {"include_usage": True}
            try:
                async with session.post(f"{url}/chat/completions", json=body) as response:
                    await response.read()
                    return "" if response.status == 200 else str(response.status)
            except aiohttp.ClientError:
                return "cut"

        outcomes = await asyncio.gather(*(ask(number % 2 == 0) for number in range(200)))
        state = await state_of(url)
        met = {fault: outcomes.count(fault) for fault in ("500", "cut")}
        assert met == state["faults"]
        assert all(20 < count < 80 for count in met.values())  # 50 expected
        answered = outcomes.count("")
        assert (state["promptTokens"], state["completionTokens"]) == (3 * answered, 2 * answered)
        assert len(state["billed"]) == answered + met["cut"]  # what broke off was worked on, and not reported
        assert (state["count"], len(state["requests"])) == (200, 5)


@asynccontextmanager
async def serving(*options: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(model_server.__file__), *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            url = (await process.stdout.readline()).decode().strip()
        yield url
    finally:
        process.terminate()
        async with asyncio.timeout(60):
            await process.wait()


async def state_of(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(url.removesuffix("/v1") + "/state") as response:
        state: dict[str, Any] = await response.json()
    return state
