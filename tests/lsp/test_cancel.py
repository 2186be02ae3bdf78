"""The ways to end a run early, and what each of them leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.model_server import Scripted
from tests.lsp.editor import Editor, RpcError, document, eventually
from tests.patience import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCELLED = -32800
FINDS = "I look for errors.\n```python\nhits = find('ERROR')\nprint(hits)\n```\n"
ENDLESS = "```python\nn = 0\nwhile True:\n    n = n + 1\n```"


@pytest.fixture
def log(session: Any) -> dict[str, Any]:
    path = session.folder / "app.log"
    path.write_text("ERROR one\nINFO two\n")
    return document(path.as_uri())


async def until_events(editor: Editor, kind: str, count: int = 1) -> None:
    await editor.until(lambda: [e["type"] for e in editor.all("rlm/event")].count(kind) >= count)


async def cancelled(editor: Editor, identity: int, answer: asyncio.Future[Any]) -> None:
    editor.notify("$/cancelRequest", {"id": identity})
    with pytest.raises(RpcError) as caught:
        await asyncio.wait_for(answer, PATIENCE)
    assert caught.value.code == CANCELLED


@pytest.mark.parametrize("fault", ["hang", "hang-mid"])
@pytest.mark.parametrize("method", ["rlm/ask", "workspace/executeCommand"])
async def test_trap_cancelling_a_request_or_a_command_closes_the_models_connection(
    session: Any, log: dict[str, Any], fault: Any, method: str
) -> None:
    session.begin(lambda _: Scripted("some text to stream", fault=fault))
    before = session.server.disconnects
    params: dict[str, Any] = {"question": "q", "scope": log, "workDoneToken": "w"}
    if method != "rlm/ask":
        params = {"command": "rlm.server.ask", "arguments": [params]}
    identity, answer = session.editor.start(method, params)
    await eventually(lambda: session.server.open_connections)
    await cancelled(session.editor, identity, answer)
    await eventually(lambda: session.server.disconnects == before + 1)
    assert session.editor.progress("w")[-1] == {"kind": "end", "message": "cancelled"}
    (run,) = (await session.editor.request("rlm/runs", {"limit": 1}))["runs"]
    assert run["status"] == "cancelled"


async def test_cancelling_stops_a_scripts_endless_loop(session: Any, log: dict[str, Any]) -> None:
    session.begin([ENDLESS])
    identity, answer = session.editor.start("rlm/ask", {"question": "q", "scope": log})
    await until_events(session.editor, "programStarted")
    await cancelled(session.editor, identity, answer)


async def test_trap_cancels_are_read_while_everything_is_busy(session: Any, log: dict[str, Any]) -> None:
    session.begin(lambda _: Scripted("x", fault="hang"))
    started = [session.editor.start("rlm/ask", {"question": "q", "scope": log}) for _ in range(40)]
    await until_events(session.editor, "modelCalled", 40)
    for identity, answer in started:
        await cancelled(session.editor, identity, answer)


@pytest.mark.parametrize("how", ["progress", "stop", "stop command"])
async def test_stopping_gives_an_answer_with_what_was_found(session: Any, log: dict[str, Any], how: str) -> None:
    editor = session.editor
    session.begin([FINDS, Scripted("The second reply", fault="hang-mid")])
    params = {"question": "q", "scope": log, "workDoneToken": "w", "partialResultToken": "p"}
    _, asked = editor.start("rlm/ask", params)
    await until_events(editor, "modelCalled", 2)
    run_id = editor.progress("p")[0]["runId"]
    if how == "progress":
        editor.notify("window/workDoneProgress/cancel", {"token": "w"})
    elif how == "stop":
        assert await editor.request("rlm/stop", {"runId": run_id}) == {"stopped": True}
    else:
        command = {"command": "rlm.server.stop", "arguments": [{"runId": run_id}]}
        assert await editor.request("workspace/executeCommand", command) == {"stopped": True}
    answer = await asyncio.wait_for(asked, PATIENCE)
    assert (answer["runId"], answer["status"]) == (run_id, "cancelled")
    assert answer["usage"]["turns"] >= 1
    assert editor.progress("w")[-1]["message"].startswith("cancelled")
    assert editor.all("rlm/event")[-1]["answer"] == answer
    assert await editor.request("rlm/stop", {"runId": run_id}) == {"stopped": False}
    # The token is forgotten: a late press of the button is no error.
    editor.notify("window/workDoneProgress/cancel", {"token": "w"})
    assert (await editor.request("rlm/runs", {"limit": 1}))["runs"][0]["runId"] == run_id
