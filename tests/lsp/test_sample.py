"""The editor's own model, asked through `rlm/sample`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document
from tests.patience import PATIENCE

SAMPLE = "rlm/sample"
URI = "file:///app.log"
TEXT = "ERROR one\nINFO two\n" * 20
LOOK = "I look.\n```python\nprint(count('ERROR'))\n```"
SUBMIT = "```python\nsubmit('Twenty.', cite=[])\n```"
OPTIONS = {"sampling": True, "events": True, "models": {"root": "editor"}, "context": {"directTokens": 0}}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class EditorModel:
    """The editor's model: replies in order, streamed in pieces first. An integer in place of one is an error's code."""

    def __init__(self, editor: Editor, *replies: str | int, **more: Any) -> None:
        self.calls: list[dict[str, Any]] = []
        self._editor = editor
        self._replies = list(replies)
        self._more = more
        editor.handlers[SAMPLE] = self

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(params)
        reply = self._replies.pop(0)
        if isinstance(reply, int):
            raise RpcError({"code": reply, "message": "No quota is left."})
        for start in range(0, len(reply), 10):
            self._editor.notify("rlm/sampleText", {"token": params["token"], "text": reply[start : start + 10]})
        return {"text": reply, **self._more}


async def connected_to(servers: Connect, **more: Any) -> Editor:
    connected: Editor = await servers(options={**OPTIONS, **more})
    connected.open(URI, TEXT)
    return connected


async def ask(connected: Editor, **more: Any) -> Any:
    return await connected.request("rlm/ask", {"question": "How many?", "scope": document(URI), **more})


async def test_the_editors_model_answers(servers: Connect) -> None:
    connected = await connected_to(servers)
    usage = {"promptTokens": 900, "completionTokens": 30}
    model = EditorModel(connected, LOOK, SUBMIT, model="some-model", finish="stop", usage=usage)
    answer = await ask(connected)
    assert (answer["status"], answer["answer"], answer["model"]) == ("answered", "Twenty.", "editor")
    assert (answer["modelKind"], answer["usage"]["usd"], answer["usage"]["promptTokens"]) == ("live", None, 1800)
    first, second = model.calls
    assert (first["runId"], first["role"], first["maxTokens"]) == (answer["runId"], "root", 4000)
    assert "model" not in first
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert "How many?" in first["messages"][1]["content"]
    assert second["messages"][2:4][0] == {"role": "assistant", "content": LOOK}
    assert second["token"] != first["token"]


async def test_its_words_stream_to_the_user_as_they_come(servers: Connect) -> None:
    connected = await connected_to(servers)
    EditorModel(connected, SUBMIT)
    await ask(connected, partialResultToken="p")
    text = "".join(value["text"] for value in connected.progress("p") if value["kind"] == "text")
    assert text == SUBMIT


async def test_a_family_can_be_named_and_tokens_are_counted_though_nobody_tells(servers: Connect) -> None:
    connected = await connected_to(servers)
    model = EditorModel(connected, SUBMIT)
    answer = await ask(connected, model="editor/gpt-4o")
    assert model.calls[0]["model"] == "gpt-4o"
    assert answer["usage"]["promptTokens"] > 500


async def test_sub_calls_say_their_role(servers: Connect) -> None:
    connected = await connected_to(servers)
    asks = "```python\nprint(await llm('An error?', over=lines(1, 2)))\n```"
    model = EditorModel(connected, asks, "yes", SUBMIT)
    answer = await ask(connected, levels=["dsl", "llm"])
    assert answer["status"] == "answered"
    assert [call["role"] for call in model.calls] == ["root", "sub", "root"]


@pytest.mark.parametrize("how", ["cancel", "stop"])
async def test_a_run_that_ends_takes_its_request_back(servers: Connect, how: str) -> None:
    connected = await connected_to(servers)
    connected.silent.add(SAMPLE)
    identity, answer = connected.start("rlm/ask", {"question": "How many?", "scope": document(URI)})
    asked = await connected.message(SAMPLE)
    (request,) = [message["id"] for _, message in connected.received if message["method"] == SAMPLE]
    if how == "cancel":
        connected.notify("$/cancelRequest", {"id": identity})
        with pytest.raises(RpcError):
            await asyncio.wait_for(answer, PATIENCE)
    else:
        assert (await connected.request("rlm/stop", {"runId": asked["runId"]})) == {"stopped": True}
        assert (await asyncio.wait_for(answer, PATIENCE))["status"] == "cancelled"
    await connected.until(lambda: {"id": request} in connected.all("$/cancelRequest"))
    # Late words and a late answer of a model that did not stop at once do no harm.
    connected.notify("rlm/sampleText", {"token": asked["token"], "text": "late"})
    connected.send({"jsonrpc": "2.0", "id": request, "result": {"text": "late"}})
    connected.silent.clear()
    EditorModel(connected, SUBMIT)
    assert (await ask(connected))["status"] == "answered"


@pytest.mark.parametrize(
    ("code", "error"), [(4202, 4202), (-32800, 4202), (4201, 4201), (4203, 4203), (-32601, 4203), (-32000, 4204)]
)
async def test_a_refusal_is_told_in_the_editors_words(servers: Connect, code: int, error: int) -> None:
    connected = await connected_to(servers)
    EditorModel(connected, code)
    with pytest.raises(RpcError) as caught:
        await ask(connected)
    assert caught.value.code == error
    assert "No quota is left." in caught.value.message
    assert caught.value.data["remedy"]


@pytest.mark.parametrize("result", [None, {}, {"text": 5}, {"text": "  "}, "text"])
async def test_an_answer_that_is_none_is_a_failure(servers: Connect, result: Any) -> None:
    connected = await connected_to(servers)
    connected.handlers[SAMPLE] = lambda _: result
    with pytest.raises(RpcError) as caught:
        await ask(connected)
    assert caught.value.code == 4204


async def test_a_client_that_offers_none_is_told_so(servers: Connect) -> None:
    connected = await connected_to(servers, sampling=False)
    with pytest.raises(RpcError) as caught:
        await ask(connected)
    assert caught.value.code == 4203
    assert "editor" in caught.value.message


async def test_it_can_be_announced_as_a_capability(servers: Connect) -> None:
    options = {**OPTIONS, "sampling": None}
    connected = await servers(options=options, capabilities={"experimental": {"rlm": {"sampling": True}}})
    connected.open(URI, TEXT)
    EditorModel(connected, SUBMIT)
    assert (await ask(connected))["status"] == "answered"


async def test_local_privacy_refuses_it_unless_the_user_knows_better(servers: Connect) -> None:
    connected = await connected_to(servers, privacy="local")
    with pytest.raises(RpcError) as caught:
        await ask(connected)
    assert caught.value.code == 4205
    trusting = await connected_to(servers, privacy="local", models={"root": "editor", "editorIsLocal": True})
    EditorModel(trusting, SUBMIT)
    assert (await ask(trusting))["status"] == "answered"
