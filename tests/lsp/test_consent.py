"""The question before much money is spent, as an editor shows it; it holds up nothing but the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.fakes.model_server import ModelServer, Scripted
from tests.lsp.editor import Connect, Editor, Refuse, RpcError, document, settings_for
from tests.patience import PATIENCE

ASKED = "window/showMessageRequest"
SUBMIT = Scripted("```python\nsubmit('Done.', cite=[])\n```", prompt_tokens=1000, completion_tokens=20)
URI = "file:///app.log"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(lambda _: SUBMIT) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def connected(servers: Connect, model: ModelServer) -> Editor:
    options = settings_for(model.base_url, events=True, budget={"askAboveUsd": 0.00001})
    # A model whose price is known; it is the test's own server that answers.
    options["models"]["root"] = "openai/gpt-4o-mini"
    opened: Editor = await servers(options=options)
    opened.open(URI, "ERROR one\nINFO two\n")
    return opened


def asking(connected: Editor) -> tuple[int, asyncio.Future[Any]]:
    return connected.start("rlm/ask", {"question": "What?", "scope": document(URI), "workDoneToken": "w"})


@pytest.mark.parametrize(("title", "status"), [("Go on", "answered"), ("Stop here", "partial")])
async def test_the_user_chooses(connected: Editor, title: str, status: str) -> None:
    connected.handlers[ASKED] = lambda _: {"title": title}
    answer = await asyncio.wait_for(asking(connected)[1], PATIENCE)
    (params,) = connected.all(ASKED)
    assert [action["title"] for action in params["actions"]] == ["Go on", "Stop here"]
    assert "limit $1.00). Go on?" in params["message"]
    assert answer["status"] == status


@pytest.mark.parametrize(("dismissed", "reason"), [(True, "you chose to stop"), (False, "nobody to ask")])
async def test_no_answer_is_a_no(connected: Editor, dismissed: bool, reason: str) -> None:
    def respond(_: Any) -> None:
        if not dismissed:
            raise Refuse("cannot")

    connected.handlers[ASKED] = respond
    answer = await asyncio.wait_for(asking(connected)[1], PATIENCE)
    assert answer["status"] == "partial"
    assert reason in answer["reason"]
    assert "budget.askAboveUsd" in answer["reason"]


@pytest.mark.parametrize("how", ["stop", "progress", "cancel"])
async def test_an_open_question_stands_in_no_ones_way_and_is_taken_back(connected: Editor, how: str) -> None:
    connected.silent.add(ASKED)
    identity, answer = asking(connected)
    await connected.until(lambda: connected.all(ASKED))
    (question,) = [message["id"] for _, message in connected.received if message["method"] == ASKED]
    assert (await connected.request("rlm/runs"))["runs"][0]["status"] == "running"
    if how == "stop":
        (run,) = {event["runId"] for event in connected.all("rlm/event")}
        assert await connected.request("rlm/stop", {"runId": run}) == {"stopped": True}
    elif how == "progress":
        connected.notify("window/workDoneProgress/cancel", {"token": "w"})
    else:
        connected.notify("$/cancelRequest", {"id": identity})
    if how == "cancel":
        with pytest.raises(RpcError):
            await asyncio.wait_for(answer, PATIENCE)
    else:
        assert (await asyncio.wait_for(answer, PATIENCE))["status"] == "cancelled"
    await connected.until(lambda: {"id": question} in connected.all("$/cancelRequest"))
