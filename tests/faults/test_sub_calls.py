"""Sub-calls to a provider that refuses, breaks, hangs and cuts: nothing is lost, nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import ModelServer
from tests.lsp.editor import eventually
from tests.scripted import TEXT, Asker, FakeModel, asking, document, script

from rlm_ls.engine.trace.events import SubCallFinished

CALLS = 120


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ModelServer]:
    async with ModelServer(lambda _: "1 yes", faults=request.param, seed=3) as server:
        yield server


@pytest.fixture
async def ask(tmp_path: Path, server: ModelServer) -> AsyncIterator[Asker]:
    models: dict[str, Any] = {"sub": "openai/scripted", "api_base": server.base_url, "silence_seconds": 1.0}
    async with asking(tmp_path / "state", models=models) as asker:
        yield asker


@pytest.mark.parametrize("server", [{"429": 0.10, "500": 0.05, "hang": 0.02, "cut": 0.02}], indirect=True)
async def test_every_item_is_answered_or_a_failure_and_the_ledger_is_the_servers(
    ask: Asker, server: ModelServer
) -> None:
    code = (
        f'r = llm_map("q", [str(n) for n in range({CALLS})])\nsubmit(str(sum(isinstance(x, str) for x in r)), cite=[])'
    )
    told = await ask(model=FakeModel([script(code)]), scope=document(TEXT))
    done = [event for event in told.events if isinstance(event, SubCallFinished)]
    assert sorted(event.index for event in done) == list(range(CALLS))
    answered = [event for event in done if not event.error]
    assert int(told.answer.answer) == len(answered) > CALLS * 0.9
    assert told.answer.usage.sub_calls == len(answered)
    reported = [call for call in server.billed if call.reported]
    assert len(reported) == len(answered)
    known = sum(event.prompt_tokens + event.completion_tokens - event.estimated_tokens for event in done)
    assert known == sum(call.prompt_tokens + call.completion_tokens for call in reported)
    assert told.answer.usage.prompt_tokens - 100 == sum(event.prompt_tokens for event in done)
    assert max(event.tries for event in done) > 1
    assert len(server.requests) <= sum(event.tries for event in done)


@pytest.mark.parametrize("server", [{"hang": 1.0}], indirect=True)
async def test_stopping_closes_every_socket(ask: Asker, server: ModelServer) -> None:
    code = 'llm_map("q", [str(n) for n in range(40)])'
    task = asyncio.create_task(ask(model=FakeModel([script(code)]), run_id="hanging"))
    await eventually(lambda: server.open_connections == 16)
    assert ask.engine.stop("hanging")
    assert (await task).answer.status == "cancelled"
    await eventually(lambda: not server.open_connections)
