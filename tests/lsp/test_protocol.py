"""JSON-RPC and the life cycle: what is wrong with one message stays with that message."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document

from rlm_ls.lsp import wire
from rlm_ls.lsp.server import RlmServer

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602


async def refused(editor: Editor, method: str, params: Any = None) -> RpcError:
    with pytest.raises(RpcError) as caught:
        await editor.request(method, params)
    return caught.value


async def test_unknown_methods_are_answered(editor: Connect) -> None:
    connected = await editor()
    assert (await refused(connected, "rlm/nonsense", {"class": 1})).code == METHOD_NOT_FOUND
    assert (await refused(connected, "workspace/executeCommand", {"command": "no.such"})).code == METHOD_NOT_FOUND
    connected.notify("rlm/nonsense", {"class": 1})
    connected.notify("$/nonsense")
    assert await connected.shutdown() == 0


async def test_a_second_initialize_is_refused(editor: Connect) -> None:
    connected = await editor()
    assert (await refused(connected, "initialize", {"capabilities": {}})).code == INVALID_REQUEST
    assert await connected.shutdown() == 0


async def test_requests_before_initialize_are_refused() -> None:
    async with Editor() as editor:
        assert (await refused(editor, "rlm/runs")).code == -32002
        editor.notify("textDocument/didOpen", {"textDocument": {}})
        await editor.initialize()
        assert await editor.shutdown() == 0


async def test_requests_after_shutdown_are_refused(editor: Connect) -> None:
    connected = await editor()
    assert await connected.request("shutdown") is None
    assert (await refused(connected, "rlm/runs")).code == INVALID_REQUEST
    connected.notify("exit")
    assert await connected.process.wait() == 0


async def test_malformed_messages_do_not_end_the_server(editor: Connect) -> None:
    connected = await editor()
    for body in (b"{nope", b"\xff\xfe", b"[" * 100_000, b"[]", b"5", b'{"jsonrpc":"2.0"}', b'{"id":7,"method":"x"}'):
        connected.send_raw(body)
    connected.process.stdin.write(b"Nonsense: 1\r\n\r\ncontent-length: 36 \r\nX: y\r\n\r\n")
    connected.process.stdin.write(b'{"jsonrpc":"2.0","method":"$/other"}')
    for message in (
        {"jsonrpc": "2.0", "id": "never-asked", "result": {"a": 1}},
        {"jsonrpc": "2.0", "id": "never-asked", "error": "what"},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest"},
        {"jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": {"token": "never"}},
        {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 5}},
        {"jsonrpc": "2.0", "method": 5},
    ):
        connected.send(message)
    assert await connected.request("rlm/stop", {"runId": "none"}) == {"stopped": False}
    codes = [message["error"]["code"] for _, message in connected.received if message["method"] == "(answer)"]
    assert codes == [PARSE_ERROR] * 3 + [INVALID_REQUEST] * 5
    assert all(message["id"] in {None, 7} for _, message in connected.received if message["method"] == "(answer)")
    assert await connected.shutdown() == 0


async def test_bad_parameters_are_named_in_a_sentence(editor: Connect) -> None:
    connected = await editor()
    scope = document("file:///a")
    for params, sentence in (
        ({}, "params.question: this field is missing"),
        ({"question": None, "scope": scope}, "params.question: a string is expected"),
        ({"question": "x"}, "params.scope: this field is missing"),
        ({"question": "x", "scope": {"kind": "planet"}}, "one of document, selection, files, workspace"),
        ({"question": "x", "scope": []}, "params.scope: an object is expected"),
        ({"question": "x", "scope": scope, "budget": {"turns": "3"}}, "an integer is expected"),
        ({"question": "x", "scope": scope, "levels": "dsl"}, "a list of strings is expected"),
        ({"question": "x", "scope": scope, "workDoneToken": 1.5}, "a string or an integer is expected"),
        ([1], "params: an object is expected"),
    ):
        error = await refused(connected, "rlm/ask", params)
        assert error.code == INVALID_PARAMS
        assert error.message.startswith("rlm/ask: ")
        assert sentence in error.message


def test_unknown_fields_are_tolerated() -> None:
    params = {"question": "x", "scope": {**document("file:///a"), "later": 1}, "alsoLater": {"a": []}}
    assert wire.structure("rlm/ask", params, wire.AskParams).question == "x"


class Sent:
    """Takes the place of the pipe to the client."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.data.append(data)


async def in_process(options: Any = None) -> tuple[RlmServer, Sent]:
    server, sent = RlmServer(), Sent()
    server.protocol.set_writer(sent)  # type: ignore[arg-type]
    params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
    server.protocol.receive({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    await asyncio.sleep(0)
    return server, sent


async def test_trap_custom_params_keep_keys_that_are_words_of_python() -> None:
    server, _ = await in_process()
    schema = {"type": "object", "properties": {"class": {"from": 1, "jsonrpc": "2.0", "id": 1, "method": "exit"}}}
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "rlm/ask",
        "params": {"question": "q", "scope": document("file:///a"), "schema": schema},
    }
    structured = server.protocol.structure_message(message)
    assert isinstance(structured.params, wire.AskParams)
    assert structured.params.schema == schema
    await server.close()


async def test_an_inner_object_that_looks_like_a_message_is_none(editor: Connect) -> None:
    connected = await editor()
    inner = {"jsonrpc": "2.0", "method": "exit"}
    assert (await refused(connected, "rlm/ask", {"question": 5, "extra": inner})).code == INVALID_PARAMS
    assert await connected.shutdown() == 0


async def test_values_that_json_lacks_are_sent_as_null() -> None:
    server, sent = await in_process()
    sent.data.clear()
    server.client.notify("rlm/event", {"value": float("nan"), "other": [float("inf"), 1.5]})
    assert sent.data[0].endswith(b'"params":{"value":null,"other":[null,1.5]}}') or b'"value":null' in sent.data[0]
    assert b"NaN" not in sent.data[0]
    assert b"Infinity" not in sent.data[0]
    await server.close()


async def test_trap_an_unexpected_error_sends_no_traceback() -> None:
    server, sent = await in_process()

    @server.feature("test/defect")
    async def defect(_: Any) -> None:
        raise RuntimeError("secret of the program")

    server.protocol.receive({"jsonrpc": "2.0", "id": 9, "method": "test/defect"})
    for _ in range(5):
        await asyncio.sleep(0)
    answer = sent.data[-1]
    assert b'"id":9' in answer
    assert b"-32603" in answer
    assert b"secret" not in answer
    assert b"raceback" not in answer
    await server.close()


async def test_trap_text_document_content_is_advertised(editor: Connect) -> None:
    connected = await editor()
    assert connected.initialized["capabilities"]["workspace"]["textDocumentContent"] == {"schemes": ["rlm"]}


async def test_trap_server_command_ids_differ_from_palette_ids(editor: Connect) -> None:
    connected = await editor()
    commands = connected.initialized["capabilities"]["executeCommandProvider"]["commands"]
    assert set(commands) == {
        f"rlm.server.{name}"
        for name in ("ask", "stop", "runs", "trace", "doctor", "clearCache", "deleteRuns", "resume", "excerpt")
    }


async def test_trap_messages_and_options_are_not_logged() -> None:
    async with Editor() as editor:
        await editor.initialize(options={"models": {"apiKeyEnv": "sk-very-secret"}, "typo": "sk-other-secret"})
        editor.open("file:///s.txt", "secret text of the user")
        editor.change("file:///s.txt", 2, {"text": "more secret text"})
        await refused(editor, "rlm/ask", {"question": 5, "scope": "secret scope"})
        await refused(editor, "rlm/ask", {"question": " ", "scope": document("file:///s.txt")})
        shown = [params["message"] for params in editor.all("window/showMessage") + editor.all("window/logMessage")]
        assert await editor.shutdown() == 0
    assert "secret" not in await editor.stderr()
    assert shown
    assert not any("secret" in message for message in shown)
