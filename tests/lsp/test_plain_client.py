"""An editor without a plugin of ours: command or code action, progress, and the answer opens."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document

SHOWS = {"window": {"showDocument": {"support": True}, "workDoneProgress": True}}
READS = {**SHOWS, "workspace": {"textDocumentContent": {}}}
QUESTION = "How many lines contain ERROR?"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\n" * 10)
    return path.as_uri()


async def command(editor: Editor, name: str, *arguments: Any, **more: Any) -> Any:
    params = {"command": f"rlm.server.{name}", "arguments": list(arguments), **more}
    return await editor.request("workspace/executeCommand", params)


async def test_the_answer_opens_as_a_document_of_the_server(servers: Connect, log: str) -> None:
    connected = await servers(capabilities=READS)
    answer = await command(connected, "ask", {"question": QUESTION, "scope": document(log)})
    (shown,) = connected.all("window/showDocument")
    assert shown["uri"] == f"rlm:/answer/{answer['runId']}.md"
    content = await connected.request("workspace/textDocumentContent", {"uri": shown["uri"]})
    assert answer["answer"].splitlines()[0] in content["text"]
    (token,) = {params["token"] for params in connected.all("window/workDoneProgress/create")}
    assert connected.progress(token)[-1]["kind"] == "end"


@pytest.mark.asyncio(loop_scope="function")
async def test_the_answer_opens_as_a_file_where_the_client_reads_no_such_documents(
    editor: Connect, log: str, state_dir: Path
) -> None:
    connected = await editor(capabilities=SHOWS)
    answer = await command(connected, "ask", {"question": QUESTION, "scope": document(log)})
    (shown,) = connected.all("window/showDocument")
    path = Path(unquote(urlsplit(shown["uri"]).path))
    assert path == state_dir / "answers" / f"{answer['runId']}.md"
    assert "10" in path.read_text("utf-8")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("how", ["cannot", "fails", "refuses"])
async def test_the_file_is_named_where_the_client_cannot_show_it(servers: Connect, log: str, how: str) -> None:
    connected = await servers(capabilities={} if how == "cannot" else SHOWS)
    if how == "fails":
        connected.handlers["window/showDocument"] = lambda _: {"success": False}
    if how == "refuses":
        del connected.handlers["window/showDocument"]
    answer = await command(connected, "ask", {"question": QUESTION, "scope": document(log)})
    message = await connected.message("window/showMessage")
    assert f"{answer['runId']}.md" in message["message"]


async def test_a_question_can_be_chosen_where_none_was_typed(log: str) -> None:
    async with Editor() as connected:
        asked: list[Any] = []

        def choose(params: Any) -> Any:
            asked.append(params)
            return params["actions"][1]

        connected.handlers["window/showMessageRequest"] = choose
        await connected.initialize()
        answer = await command(connected, "ask", {"scope": document(log), "show": False})
        assert [action["title"] for action in asked[0]["actions"]] == ["Summarize", "Errors", "Outline"]
        assert answer["runId"]
        (run,) = (await command(connected, "runs"))["runs"]
        assert run["question"].startswith("Which errors")
        connected.handlers["window/showMessageRequest"] = lambda _: None
        assert await command(connected, "ask", {"scope": document(log)}) is None


async def test_errors_are_shown_to_the_user(servers: Connect, log: str) -> None:
    connected = await servers()
    missing = document(log + ".gone")
    with pytest.raises(RpcError) as caught:
        await command(connected, "ask", {"question": "x", "scope": missing})
    assert caught.value.code == 4101
    message = await connected.message("window/showMessage")
    assert message["type"] == 1
    assert caught.value.message in message["message"]
    with pytest.raises(RpcError):
        await command(connected, "trace", {"runId": "none"})
    assert len(connected.all("window/showMessage")) == 2


async def test_clients_with_commands_of_their_own_show_answers_and_errors_themselves(
    servers: Connect, log: str
) -> None:
    connected = await servers(capabilities=READS, options={"clientCommands": True})
    await command(connected, "ask", {"question": QUESTION, "scope": document(log)})
    with pytest.raises(RpcError):
        await command(connected, "ask", {"question": "x", "scope": document(log + ".gone")})
    assert connected.all("window/showDocument") == []
    assert connected.all("window/showMessage") == []


@pytest.mark.asyncio(loop_scope="function")
async def test_trap_a_command_takes_one_object_and_says_so(editor: Connect, log: str) -> None:
    connected = await editor()
    for arguments in ([1], [{}, {}], ["text"], [None]):
        with pytest.raises(RpcError) as caught:
            await command(connected, "ask", *arguments)
        assert caught.value.code == -32602
        assert "one object" in caught.value.message
    # Missing fields take their defaults, unknown ones are left alone.
    assert await command(connected, "runs") == {"runs": []}
    assert await command(connected, "runs", {"later": True}) == {"runs": []}
    assert (await command(connected, "doctor"))["store"]
    assert await command(connected, "stop", {"runId": "none"}) == {"stopped": False}


async def test_a_command_uses_the_token_that_came_with_it(servers: Connect, log: str) -> None:
    connected = await servers(capabilities=SHOWS)
    argument = {"question": QUESTION, "scope": document(log), "show": False}
    await command(connected, "ask", argument, workDoneToken="theirs")
    assert connected.progress("theirs")[-1]["kind"] == "end"
    assert connected.all("window/workDoneProgress/create") == []


async def test_the_code_actions_command_runs_as_offered(servers: Connect, tmp_path: Path) -> None:
    uri = (tmp_path / "notes.txt").as_uri()
    connected = await servers(capabilities=READS)
    connected.open(uri, "apple\n# rlm: How many lines contain apple?\n")
    line = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}
    params = {"textDocument": {"uri": uri}, "range": line, "context": {"diagnostics": []}}
    offered = (await connected.request("textDocument/codeAction", params))[0]
    answer = await connected.request(
        "workspace/executeCommand", {"command": offered["command"], "arguments": offered["arguments"]}
    )
    assert answer["status"] == "answered"
    assert connected.all("window/showDocument")


@pytest.mark.asyncio(loop_scope="function")
async def test_history_and_traces_can_be_read(editor: Connect, log: str) -> None:
    connected = await editor()
    answer = await connected.request("rlm/ask", {"question": QUESTION, "scope": document(log)})
    run_id = answer["runId"]
    (run,) = (await connected.request("rlm/runs", {"limit": 5}))["runs"]
    assert (run["runId"], run["question"], run["status"]) == (run_id, QUESTION, "answered")
    trace = await connected.request("rlm/trace", {"runId": run_id})
    assert trace["run"] == run
    assert [event["seq"] for event in trace["events"]] == list(range(1, len(trace["events"]) + 1))
    content = await connected.request("workspace/textDocumentContent", {"uri": answer["traceUri"]})
    assert QUESTION in content["text"]
    page = await connected.request("rlm/trace", {"runId": run_id, "format": "html"})
    assert page["run"] == run
    assert run_id in page["html"]


async def test_documents_that_do_not_exist_have_codes(servers: Connect) -> None:
    connected = await servers()
    for uri, code in (
        ("rlm:/answer/none.md", 4401),
        ("rlm:/other/x.md", 4002),
        ("file:///etc/passwd", 4002),
        ("rlm:/answer/../x", 4002),
    ):
        with pytest.raises(RpcError) as caught:
            await connected.request("workspace/textDocumentContent", {"uri": uri})
        assert caught.value.code == code
