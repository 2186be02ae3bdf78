"""`rlm/ask` against a real model server: answers, streams, errors, and many runs at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import Scripted
from tests.lsp.editor import RpcError, document

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOG = "INFO start\nERROR disk full\nINFO retry\nERROR disk full\n"
FINDS = "I look for errors.\n```python\nhits = find('ERROR')\nprint(hits)\n```\n"
ENDS = "```python\nsubmit('Done.', cite=[])\n```\n"
WIRE_FIELDS = {
    "runId", "status", "reason", "route", "answer", "data", "citations", "charts", "coverage", "usage", "traceUri",
    "model", "modelKind", "warnings",
}  # fmt: skip


@pytest.fixture
def log(session: Any) -> dict[str, Any]:
    path = session.folder / "app.log"
    path.write_text(LOG)
    return document(path.as_uri())


async def refused(session: Any, scope: Any, question: str = "What?", **more: Any) -> RpcError:
    with pytest.raises(RpcError) as caught:
        await session.ask(scope, question, **more)
    return caught.value


async def test_an_answer_has_the_fields_of_the_wire(session: Any, log: dict[str, Any]) -> None:
    session.begin([FINDS, ENDS])
    answer = await session.ask(log, "Which errors?")
    assert set(answer) == WIRE_FIELDS
    assert (answer["status"], answer["answer"], answer["route"]) == ("answered", "Done.", "rlm")
    assert answer["modelKind"] == "live"
    assert answer["usage"]["turns"] == answer["usage"]["modelCalls"] == 2
    assert answer["coverage"]["documents"] == 1
    assert answer["traceUri"] == f"rlm:/trace/{answer['runId']}.md"
    assert "disk full" in session.server.requests[-1].messages[-1]["content"]


async def test_the_open_text_wins_over_the_file(session: Any, log: dict[str, Any]) -> None:
    session.begin(["```python\nsubmit(str(count('unsaved')), cite=[])\n```"])
    uri = log["textDocument"]["uri"]
    session.editor.open(uri, LOG, version=3)
    end = {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 0}}
    session.editor.change(uri, 4, {"range": end, "text": "unsaved unsaved\n"})
    asked = asyncio.ensure_future(session.ask(log))
    await asyncio.sleep(0)
    # A change right behind the question is not part of it.
    session.editor.change(uri, 5, {"text": ""})
    assert (await asked)["answer"] == "2"
    session.editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


async def test_each_bad_document_has_its_code_and_a_sentence(session: Any) -> None:
    for name, data, code, error_name in (
        ("none.txt", None, 4101, "DocumentMissing"),
        ("b.bin", b"\x00\x01\x02" * 100, 4102, "DocumentBinary"),
        ("empty.txt", b"", 4103, "DocumentEmpty"),
    ):
        path = session.folder / name
        if data is not None:
            path.write_bytes(data)
        error = await refused(session, document(path.as_uri()))
        assert (error.code, error.data["name"]) == (code, error_name)
        assert error.message
        assert set(error.data) == {"name", "remedy"}
        assert "Traceback" not in error.message


async def test_bad_requests_have_codes(session: Any, log: dict[str, Any]) -> None:
    for scope, question, more, code in (
        (log, "  ", {}, 4001),
        ({"kind": "document"}, "x", {}, 4002),
        ({**log, "kind": "selection"}, "x", {}, 4002),
        (document(""), "x", {}, 4002),
        (document("file://"), "x", {}, 4002),
        ({"kind": "files", "uris": [""]}, "x", {}, 4002),
        (document("file:///a%00b"), "x", {}, 4101),
        (document("file:///" + "x" * 5000), "x", {}, 4101),
        (document("http://[x"), "x", {}, 4101),
        ({"kind": "files"}, "x", {}, 4002),
        (log, "x", {"budget": {"turns": -1}}, 4002),
        (log, "x", {"budget": {"seconds": -0.5}}, 4002),
        (log, "x", {"budget": {"tokens": 10**30}}, 4002),
        (document("untitled:Untitled-1"), "x", {}, 4101),
        (log, "x", {"levels": []}, 4003),
        (log, "x", {"followUp": "no-such-run"}, 4401),
    ):
        error = await refused(session, scope, question, **more)
        assert error.code == code, (scope, question, more)
        assert error.message


async def test_model_errors_have_codes_and_remedies(session: Any, log: dict[str, Any]) -> None:
    for fault, code in (("401", 4202), ("404", 4201)):
        session.begin(lambda _, fault=fault: Scripted(fault=fault))
        error = await refused(session, log)
        assert error.code == code
        assert error.data["remedy"]


async def test_files_and_workspace_look_into_the_folders(session: Any) -> None:
    for name, text in (("a.txt", "apple\n"), ("b.txt", "pear\n"), ("c.md", "apple\n"), ("d.md", "closed\n")):
        (session.folder / name).write_text(text)
    session.begin(lambda _: "```python\nsubmit(' '.join(sorted(d.path for d in docs())), cite=[])\n```")

    async def paths(scope: dict[str, Any]) -> list[str]:
        return [Path(path).name for path in (await session.ask(scope))["answer"].split()]

    assert await paths({"kind": "workspace"}) == ["a.txt", "b.txt", "c.md", "d.md"]
    assert await paths({"kind": "files", "include": ["*.txt"]}) == ["a.txt", "b.txt"]
    assert await paths({"kind": "workspace", "exclude": ["*.md"]}) == ["a.txt", "b.txt"]
    assert await paths({"kind": "files", "uris": [(session.folder / "d.md").as_uri()]}) == ["d.md"]


async def test_an_open_text_is_part_of_the_workspace(session: Any) -> None:
    path = session.folder / "a.txt"
    path.write_text("apple\n")
    session.begin(["```python\nsubmit(str(count('apple')), cite=[])\n```"])
    session.editor.open(path.as_uri(), "apple\napple\napple\n")
    assert (await session.ask({"kind": "workspace"}))["answer"] == "3"
    session.editor.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})


async def test_progress_begins_reports_and_ends_on_the_clients_token(session: Any, log: dict[str, Any]) -> None:
    for _ in range(2):  # a token may be used again
        session.editor.received.clear()
        session.begin([Scripted(FINDS, hold="middle"), ENDS])
        asked = asyncio.ensure_future(session.ask(log, "Which errors?", workDoneToken="mine"))
        await session.editor.until(
            lambda: any("turn 1 · " in value.get("message", "") for value in session.editor.progress("mine"))
        )
        session.server.release()
        await asked
        values = session.editor.progress("mine")
        assert values[0] == {"kind": "begin", "title": "rlm: Which errors?", "cancellable": True, "percentage": 0}
        assert {value["kind"] for value in values[1:-1]} == {"report"}
        assert values[-1] == {"kind": "end", "message": "answered"}
        percentages = [value["percentage"] for value in values[1:-1]]
        assert percentages == sorted(percentages)
        assert any(value["message"].startswith("turn 1 · ") for value in values[1:-1])


async def test_a_failed_question_ends_its_progress(session: Any, log: dict[str, Any]) -> None:
    await refused(session, log, " ", workDoneToken="failing")
    end = session.editor.progress("failing")[-1]
    assert end["kind"] == "end"
    assert end["message"].startswith("failed: ")


async def test_partial_results_add_up_to_the_replies(session: Any, log: dict[str, Any]) -> None:
    replies = [FINDS, ENDS]
    session.begin([Scripted(reply, piece=3, delay=0.005) for reply in replies])
    answer = await session.ask(log, partialResultToken="part")
    first, *values = session.editor.progress("part")
    assert first == {"kind": "run", "runId": answer["runId"]}
    assert {value["kind"] for value in values} == {"text"}
    for turn, reply in enumerate(replies, 1):
        assert "".join(value["text"] for value in values if value["turn"] == turn) == reply
    assert len(values) < sum(len(reply) for reply in replies) / 3


async def test_streams_are_coalesced_to_twenty_messages_a_second(session: Any, log: dict[str, Any]) -> None:
    long = " ".join(f"word{n}" for n in range(300)) + "\n" + ENDS
    session.begin([Scripted(long, piece=5, delay=0.002)])
    await session.ask(log, partialResultToken="part", workDoneToken="work")
    streamed = [
        at
        for at, message in session.editor.received
        if (message["method"] == "$/progress" and message["params"]["value"]["kind"] in {"text", "report"})
        or (message["method"] == "rlm/event" and message["params"]["type"] == "textStreamed")
    ]
    seconds = streamed[-1] - streamed[0]
    # Three streams start at once and end at once.
    assert len(streamed) <= 20 * seconds + 6
    assert len(streamed) < len(long) / 5 / 3
    texts = [value["text"] for value in session.editor.progress("part") if value["kind"] == "text"]
    assert "".join(texts) == long


async def test_events_come_in_order_and_end_with_the_answer(session: Any, log: dict[str, Any]) -> None:
    session.begin([FINDS, ENDS])
    answer = await session.ask(log)
    events = session.editor.all("rlm/event")
    assert {event["runId"] for event in events} == {answer["runId"]}
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["runStarted", "contextTaken", "routeChosen"]
    assert kinds[-1] == "runFinished"
    assert kinds.count("modelReplied") == 2
    assert kinds.index("textStreamed") < kinds.index("modelReplied")
    stored = [event["seq"] for event in events if event["type"] != "textStreamed"]
    assert stored == sorted(stored)
    assert events[-1]["answer"] == answer
    assert "".join(event["text"] for event in events if event["type"] == "textStreamed") == FINDS + ENDS


async def test_many_runs_at_once_do_not_mix(session: Any) -> None:
    def script(body: Mapping[str, Any]) -> Scripted:
        number = json.dumps(body["messages"]).split("number-")[1][:2]
        return Scripted(f"```python\nsubmit('answer-{number} ' + str(count('x')), cite=[])\n```", delay=0.02)

    session.begin(script)
    asked = []
    for number in range(10, 30):
        path = session.folder / f"{number}.txt"
        path.write_text("x\n" * number)
        asked.append(session.ask(document(path.as_uri()), f"number-{number}", workDoneToken=number))
    answers = await asyncio.gather(*asked)
    assert [answer["answer"] for answer in answers] == [f"answer-{n} {n}" for n in range(10, 30)]
    for number in range(10, 30):
        assert session.editor.progress(number)[-1]["kind"] == "end"


async def test_a_schema_and_a_budget_reach_the_engine(session: Any, log: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"class": {"type": "integer"}}, "required": ["class"]}
    session.begin(["```python\nsubmit('x', cite=[], data={'class': 2})\n```"])
    assert (await session.ask(log, schema=schema))["data"] == {"class": 2}
    session.begin([FINDS] * 5)
    answer = await session.ask(log, budget={"turns": 1})
    assert answer["status"] == "partial"
    assert answer["usage"]["turns"] == 1
