"""A server that is killed in the middle of a run: the next one goes on with it; and what is heard of sub-calls."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.model_server import Scripted
from tests.lsp.editor import Connect, RpcError, document, eventually, settings_for
from tests.scripted import TEXT, script

from rlm_ls.executors.submodels.prompts import SYSTEM

URI = "untitled:notes.log"
LOOK = script("seen = count('ERROR')\nprint(seen)")
SUBMIT = script("submit(str(seen), cite=[lines(4)])")


def opened(text: str) -> dict[str, Any]:
    return {"textDocument": {"uri": URI, "languageId": "log", "version": 1, "text": text}}


async def test_a_killed_servers_run_goes_on_in_the_next_with_the_unsaved_text(editor: Connect, models: Connect) -> None:
    replies = iter([LOOK, Scripted("never", fault="hang"), SUBMIT])
    server = await models(lambda _: next(replies))
    first = await editor(options=settings_for(server.base_url))
    first.notify("textDocument/didOpen", opened(TEXT))
    _, broken = first.start("rlm/ask", {"question": "How many?", "scope": document(URI)})
    broken.add_done_callback(lambda future: future.exception())
    await eventually(lambda: len(server.requests) == 2)
    first.process.kill()
    await first.process.wait()

    second = await editor(options=settings_for(server.base_url, events=True))
    (run,) = (await second.request("rlm/runs"))["runs"]
    assert run["status"] == "interrupted"
    with pytest.raises(RpcError) as refused:
        await second.request("rlm/resume", {"runId": run["runId"]})
    assert refused.value.code in (4101, 4107)
    second.notify("textDocument/didOpen", opened(TEXT))
    answer = await second.request("rlm/resume", {"runId": run["runId"], "workDoneToken": "w"})
    assert (answer["status"], answer["answer"], answer["runId"]) == ("answered", "60", run["runId"])
    assert answer["usage"]["modelCalls"] == 2
    assert len(server.requests) == 3
    assert "runResumed" in [event["type"] for event in second.all("rlm/event")]
    assert (await second.request("rlm/runs"))["runs"][0]["status"] == "answered"
    with pytest.raises(RpcError, match="was answered"):
        await second.request(
            "workspace/executeCommand", {"command": "rlm.server.resume", "arguments": [{"runId": "last"}]}
        )


async def test_progress_counts_the_sub_calls(editor: Connect, models: Connect) -> None:

    def reply(body: dict[str, Any]) -> Any:
        if body["messages"][0]["content"].startswith(SYSTEM):
            number = int(body["messages"][-1]["content"].rsplit("\n", 1)[-1])
            return Scripted("ok", hold="" if number < 3 else "start")
        return script('r = llm_map("q", [str(n) for n in range(5)])\nsubmit(str(len(r)), cite=[])')

    server = await models(reply)
    client = await editor(options=settings_for(server.base_url))
    client.notify("textDocument/didOpen", opened(TEXT))
    _, asked = client.start("rlm/ask", {"question": "q", "scope": document(URI), "workDoneToken": "w"})
    await client.until(
        lambda: any("3/5 sub-calls" in value.get("message", "") for value in client.progress("w")) or asked.done()
    )
    assert not asked.done(), client.progress("w")
    server.release(2)
    answer = await asked
    assert answer["usage"]["subCalls"] == 5
