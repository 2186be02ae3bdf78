"""Clients that speak the protocol wrongly, slowly, endlessly or too much: each gets a coded answer or a clean end."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from lsprotocol import types
from tests.lsp.editor import Connect, Editor, RpcError, document, eventually
from tests.lsp.test_network import KINDS, TOKEN, Listen, listen
from tests.lsp.test_protocol import INVALID_REQUEST, PARSE_ERROR, in_process
from tests.patience import PATIENCE
from websockets.asyncio.client import connect

from rlm_ls.lsp.jobs.jobs import Jobs
from rlm_ls.lsp.transport import framing, listen_tcp, listener
from rlm_ls.lsp.transport.framing import Malformed, Reader, Writer, decode

assert listen

LENGTHS = {
    "5,000 digits": b"Content-Length: " + b"9" * 5000,
    "a terabyte": b"Content-Length: 1000000000000",
    "negative": b"Content-Length: -5",
    "words": b"Content-Length: five",
    "empty": b"Content-Length:",
    "other digits": "Content-Length: ٣".encode(),
    "two": b"Content-Length: 5\r\nContent-Length: 50",
}


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_length_that_cannot_be_used_is_answered_and_ends_the_server(editor: Connect, length: str) -> None:
    client = await editor()
    client.process.stdin.write(LENGTHS[length] + b"\r\n\r\n{}")
    answer = await client.until(lambda: [m for _, m in client.received if m["method"] == "(answer)"])
    assert [answer[0]["id"], answer[0]["error"]["code"]] == [None, PARSE_ERROR]
    assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 1


async def test_the_reader_ends_whatever_happens() -> None:
    for fault in (MemoryError, ValueError, OSError, KeyError):

        def read(_: int, fault: type[Exception] = fault) -> bytes:
            raise fault

        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        reader = Reader(read, lambda _: None, lambda: loop.call_soon_threadsafe(ended.set))  # noqa: B023
        reader.start()
        await asyncio.wait_for(ended.wait(), PATIENCE)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    assert isinstance(decode(body), Malformed)


async def test_a_client_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "UNREAD_LIMIT", 10_000)
    one, other = socket.socketpair()
    broken = asyncio.Event()
    loop = asyncio.get_running_loop()
    writer = Writer(one.send, lambda: loop.call_soon_threadsafe(broken.set))
    writer.start()
    for _ in range(10_000):
        writer.write(b"x" * 1000)
    await asyncio.wait_for(broken.wait(), PATIENCE)
    other.close()
    await asyncio.to_thread(writer.close)
    one.close()


async def _raw(url: str, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(data)
    return reader, writer


@KINDS
async def test_connections_that_prove_nothing_keep_no_one_out(listen: Listen, kind: str) -> None:
    listening = await listen(kind, "0", "--token-env", "MY_TOKEN")
    held = []
    for data in (
        b"",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
        b"Content-Length: 9\r\n\r\n{",
    ):
        held += [await _raw(listening.url, data) for _ in range(40)]
    headers: dict[str, Any] = {"additional_headers": {"Authorization": f"Bearer {TOKEN}"}} if kind == "--ws" else {}
    async with listening.editor(**headers) as editor:
        await asyncio.wait_for(editor.initialize(options={"token": TOKEN}), PATIENCE)
        assert await editor.request("rlm/runs") == {"runs": []}
    for _, writer in held:
        writer.close()


async def test_whoever_does_not_initialize_in_time_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "AUTHENTICATION_SECONDS", 0.2)
    socket_ = socket.create_server(("127.0.0.1", 0))
    clients = listener.ClientListener(socket_, None)
    serving = asyncio.ensure_future(listen_tcp.serve(clients))
    url = f"tcp://127.0.0.1:{socket_.getsockname()[1]}"
    held = [await _raw(url, data) for data in (b"", b"Content-Le", b"Content-Length: 1000\r\n\r\n{")]
    for reader, writer in held:
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
    serving.cancel()
    await asyncio.wait([serving])
    await clients.close()
    socket_.close()


async def test_over_ws_a_flood_of_pings_and_fragments_leaves_the_others_served(listen: Listen) -> None:
    listening = await listen("--ws", "0")
    async with connect(listening.url) as hostile, listening.editor() as editor:
        await editor.initialize()

        async def flood() -> None:
            for _ in range(2000):
                await hostile.ping()
            await hostile.send("x" for _ in range(5000))

        flooding = asyncio.ensure_future(flood())
        for _ in range(20):
            await asyncio.wait_for(editor.request("rlm/stop", {"runId": "none"}), PATIENCE)
        with suppress(Exception):
            await asyncio.wait_for(flooding, PATIENCE)


IDS: tuple[Any, ...] = (None, True, 1.5, [], [1], {}, {"a": 1}, 10**30, "x" * 100_000)


async def test_odd_ids_of_answers_are_dropped_and_leave_no_traceback(editor: Connect) -> None:
    client = await editor()
    for identity in (*IDS, 5, "never"):
        for rest in (
            {"result": 1},
            {"error": {}},
            {"error": 5},
            {"result": 1, "error": {"code": "x"}},
            {"error": None},
        ):
            client.send({"jsonrpc": "2.0", "id": identity, **rest})
    client.send({"jsonrpc": "2.0", "result": 1})
    assert await client.request("rlm/stop", {"runId": "none"}) == {"stopped": False}
    assert not [m for _, m in client.received if m["method"] == "(answer)"]
    assert await client.shutdown() == 0
    assert (await client.process.stderr.read()).decode() == ""


async def test_odd_ids_of_requests_are_refused(editor: Connect) -> None:
    client = await editor()
    for identity in IDS:
        client.send({"jsonrpc": "2.0", "id": identity, "method": "rlm/runs"})
    answers = await client.until(
        lambda: len(found := [m for _, m in client.received if m["method"] == "(answer)"]) == len(IDS) and found
    )
    assert {(answer["id"], answer["error"]["code"]) for answer in answers} == {(None, INVALID_REQUEST)}
    assert await client.shutdown() == 0
    assert (await client.process.stderr.read()).decode() == ""


async def test_an_answer_or_a_cancellation_with_the_wrong_id_touches_nothing_that_is_under_way() -> None:
    server, sent = await in_process()
    asked = asyncio.ensure_future(server.protocol.call("workspace/configuration", types.ConfigurationParams([])))
    await asyncio.sleep(0)
    ours = json.loads(sent.data[-1].partition(b"\r\n\r\n")[2])["id"]
    gate = asyncio.Event()

    async def slow(_: Any) -> str:
        await gate.wait()
        return "done"

    server.protocol.fm.features["rlm/runs"] = slow
    request = {"jsonrpc": "2.0", "id": 7, "method": "rlm/runs"}
    server.protocol.receive(request)
    await asyncio.sleep(0)
    server.protocol.receive({"jsonrpc": "2.0", "id": 7, "result": "not yours"})
    server.protocol.receive({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": ours}})
    server.protocol.receive(request)
    server.protocol.receive({"jsonrpc": "2.0", "id": ours, "result": [5]})
    server.protocol.receive({"jsonrpc": "2.0", "id": ours, "result": [6]})
    gate.set()
    assert await asyncio.wait_for(asked, PATIENCE) == (5,)
    await eventually(lambda: any(b'"done"' in data for data in sent.data))
    await asyncio.sleep(0.05)
    answers = [json.loads(data.partition(b"\r\n\r\n")[2]) for data in sent.data]
    assert [a["result"] for a in answers if a.get("id") == 7] == ["done"]
    assert [a["error"]["code"] for a in answers if "error" in a and a["id"] is None] == [INVALID_REQUEST]
    await server.close()


async def test_half_characters_anywhere_are_answered(editor: Connect) -> None:
    client = await editor()
    half = "\ud800"
    for method, params in (
        ("rlm/ask", {"question": half, "scope": document(f"file:///{half}")}),
        ("rlm/ask", {"question": half, "scope": {"kind": "files", "uris": [half]}}),
        ("rlm/trace", {"runId": half}),
        ("rlm/resume", {"runId": half}),
        ("rlm/citations", {"runId": half}),
        ("workspace/textDocumentContent", {"uri": half}),
        (half, {}),
    ):
        with pytest.raises(RpcError) as refused:
            await client.request(method, params)
        assert refused.value.code != -32603, method
    client.open("file:///a.log", half * 10)
    assert await client.shutdown() == 0
    assert "Traceback" not in (await client.process.stderr.read()).decode()


async def test_more_requests_at_once_than_the_server_takes_are_refused_as_busy() -> None:
    server, sent = await in_process()
    gate = asyncio.Event()

    async def slow(_: Any) -> None:
        await gate.wait()

    server.protocol.fm.features["rlm/runs"] = slow
    for number in range(1, 3001):
        server.protocol.receive({"jsonrpc": "2.0", "id": number, "method": "rlm/runs"})
    refused = [json.loads(data.partition(b"\r\n\r\n")[2]) for data in sent.data[1:]]
    assert {answer["error"]["code"] for answer in refused} == {4008}
    assert len(refused) == 2000
    gate.set()
    await asyncio.sleep(0.05)
    await server.close()


async def test_more_questions_at_once_than_the_server_takes_are_refused_as_busy(editor: Connect) -> None:
    client: Editor = await editor()
    client.open("file:///app.log", "ERROR one\n" * 20)
    params = {"question": "How many lines contain ERROR?", "scope": document("file:///app.log")}
    outcomes = await asyncio.gather(*(client.request("rlm/ask", params) for _ in range(400)), return_exceptions=True)
    busy = [outcome for outcome in outcomes if isinstance(outcome, RpcError)]
    assert {error.code for error in busy} <= {4008}
    assert len([outcome for outcome in outcomes if isinstance(outcome, dict)]) >= 256
    assert await client.shutdown() == 0


async def test_what_many_ask_for_at_once_is_done_twice_and_is_never_older_than_the_request() -> None:
    jobs, began, gate = Jobs(), 0, asyncio.Event()

    async def work() -> int:
        nonlocal began
        began += 1
        mine = began
        await gate.wait()
        return mine

    first = asyncio.ensure_future(jobs.shared("x", work))
    await eventually(lambda: began == 1)
    later = [asyncio.ensure_future(jobs.shared("x", work)) for _ in range(300)]
    await asyncio.sleep(0.01)
    later[0].cancel()
    gate.set()
    assert await first == 1
    assert set(await asyncio.gather(*later[1:])) == {2}
    assert began == 2
    # Whoever is last to give up ends it; a failure is everyone's.
    gate.clear()
    alone = asyncio.ensure_future(jobs.shared("x", work))
    await asyncio.sleep(0.01)
    alone.cancel()
    await asyncio.wait([alone])

    async def fails() -> None:
        raise RpcError({"code": 1, "message": "x"})

    both = await asyncio.gather(jobs.shared("y", fails), jobs.shared("y", fails), return_exceptions=True)
    assert [type(outcome) for outcome in both] == [RpcError, RpcError]


async def test_300_doctors_at_once_leave_the_server_answering(editor: Connect) -> None:
    client = await editor()
    asked = [asyncio.ensure_future(client.request("rlm/doctor")) for _ in range(300)]
    await client.request("rlm/stop", {"runId": "none"})
    answers = await asyncio.wait_for(asyncio.gather(*asked), PATIENCE)
    assert len(answers) == 300
    assert all(answer == answers[0] for answer in answers)
