"""Ending while there is work: before the engine is open, in a model call, at shutdown, when the client leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import Scripted
from tests.lsp.editor import Connect, RpcError, document, eventually, settings_for
from tests.patience import PATIENCE

CANCELLED = -32800


@pytest.fixture
def log(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\n")
    return document(path.as_uri())


async def test_stopping_before_the_run_begins_gives_an_answer(editor: Connect, log: dict[str, Any]) -> None:
    connected = await editor()
    _, asked = connected.start("rlm/ask", {"question": "q", "scope": log, "workDoneToken": "w"})
    connected.notify("window/workDoneProgress/cancel", {"token": "w"})
    answer = await asyncio.wait_for(asked, PATIENCE)
    assert answer["status"] == "cancelled"
    assert connected.progress("w")[-1]["message"].startswith("cancelled")


async def test_cancelling_before_the_run_begins_leaves_the_engine_to_the_next(
    editor: Connect, log: dict[str, Any]
) -> None:
    connected = await editor()
    identity, asked = connected.start("rlm/ask", {"question": "q", "scope": log})
    connected.notify("$/cancelRequest", {"id": identity})
    with pytest.raises(RpcError) as caught:
        await asyncio.wait_for(asked, PATIENCE)
    assert caught.value.code == CANCELLED
    answer = await connected.request("rlm/ask", {"question": "How many lines contain ERROR?", "scope": log})
    assert answer["status"] == "answered"


async def test_trap_shutdown_with_pending_work_answers_without_error(
    editor: Connect, models: Connect, log: dict[str, Any]
) -> None:
    server = await models(lambda _: Scripted("x", fault="hang"))
    connected = await editor(options=settings_for(server.base_url))
    asked = [connected.start("rlm/ask", {"question": "q", "scope": log})[1] for _ in range(3)]
    await eventually(lambda: server.open_connections == 3)
    assert await connected.shutdown() == 0
    for answer in asked:
        with pytest.raises(RpcError) as caught:
            await answer
        assert caught.value.code == CANCELLED


@pytest.mark.parametrize("when", ["opening", "running"])
async def test_the_client_leaving_stops_everything(
    editor: Connect, models: Connect, log: dict[str, Any], when: str
) -> None:
    server = await models(lambda _: Scripted("x", fault="hang"))
    connected = await editor(options=settings_for(server.base_url))
    connected.start("rlm/ask", {"question": "q", "scope": log, "workDoneToken": 1})
    if when == "running":
        await eventually(lambda: server.open_connections)
    else:
        await connected.until(lambda: connected.progress(1))
    connected.process.stdin.close()
    assert await asyncio.wait_for(connected.process.wait(), PATIENCE) == 1
    await eventually(lambda: not server.open_connections)
