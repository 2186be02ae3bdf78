"""The door for agents, through the protocol's own client and the real process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import psutil
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from tests.fakes.model_server import ModelServer, Scripted
from tests.patience import PATIENCE
from tests.processes import alive, descendants, works

LOG = "".join(
    f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} user=u{n % 7} took={n} ms\n" for n in range(400)
)

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.log").write_text(LOG, encoding="utf-8")
    (tmp_path / "private.txt").write_text("nobody's business\n")
    (folder / "innocent.txt").symlink_to(tmp_path / "private.txt")
    return folder


@pytest.fixture
def connect(folder: Path) -> Connect:
    """`connect(env=…, **options)` is a client of a server of its own. Its stderr is the test's."""

    @asynccontextmanager
    async def connected(env: dict[str, str] | None = None, **options: Any) -> AsyncIterator[Client]:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-P", "-m", "rlm_ls", "mcp", "--root", str(folder)],
            env={**os.environ, **(env or {})},
            cwd="/",
        )
        async with Client(stdio_client(server), **options) as client:
            yield client

    return connected


async def call(client: Client, tool: str, **arguments: Any) -> types.CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, types.CallToolResult)
    return result


def text_of(result: types.CallToolResult) -> str:
    assert isinstance(result.content[0], types.TextContent)
    return result.content[0].text


def data_of(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content


# -- what is offered -----------------------------------------------------------------------------------------------


async def test_each_tool_says_when_it_is_worth_it_and_what_it_gives_back(connect: Connect) -> None:
    async with connect() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"ask", "open", "run", "check"}
        for tool in tools.values():
            assert tool.output_schema is not None
            assert tool.description
        assert "too long to read" in str(tools["ask"].description)
        assert {template.uri_template for template in (await client.list_resource_templates()).resource_templates} == {
            "rlm://answer/{run_id}",
            "rlm://trace/{run_id}",
        }
        prompt = await client.get_prompt("ask_about_a_long_text", {"question": "What broke?", "path": "app.log"})
        assert "What broke?" in prompt.messages[0].content.text  # type: ignore[union-attr]


def test_a_client_that_lists_the_tools_waits_for_nothing_of_the_engine(folder: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ]
    with (
        (folder.parent / "imported").open("w+") as imported,
        subprocess.Popen(
            (sys.executable, "-X", "importtime", "-P", "-m", "rlm_ls", "mcp", "--root", str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=imported,
            text=True,
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages))
        server.stdin.flush()
        # Where its input ends, the SDK drops what it has not answered: the client stays until it has both replies.
        assert [json.loads(server.stdout.readline())["id"] for _ in range(2)] == [1, 2]
        server.stdin.close()
        assert server.wait(PATIENCE) == 0
        imported.seek(0)
        loaded = {line.rpartition("|")[2].strip() for line in imported}
    assert "rlm_ls.mcp.server" in loaded
    heavy = ("rlm_ls.engine", "rlm_ls.context", "rlm_ls.models", "rlm_ls.store", "litellm", "rich.markdown")
    assert [name for name in loaded if name.startswith(heavy)] == []


async def test_a_question_is_answered_with_citations_as_links_and_as_data(connect: Connect, folder: Path) -> None:
    async with connect() as client:
        result = await call(client, "ask", question="How many lines contain ERROR?", paths=["app.log"])
        data = data_of(result)
        assert (data["status"], data["model"]) == ("answered", "offline")
        assert "40" in data["answer"]
        link = next(block for block in result.content if isinstance(block, types.ResourceLink))
        assert link.uri == (folder / "app.log").as_uri()
        for kind in ("answer", "trace"):
            (page,) = (await client.read_resource(f"rlm://{kind}/{data['run_id']}")).contents
            assert "ERROR" in page.text  # type: ignore[union-attr]


async def test_a_text_may_be_handed_over_in_place_of_a_file(connect: Connect) -> None:
    async with connect() as client:
        data = data_of(await call(client, "ask", question="How many lines contain ERROR?", text=LOG))
        assert "40" in data["answer"]


# -- the agent explores --------------------------------------------------------------------------------------------


async def test_the_agent_explores_with_scripts_whose_variables_persist_and_submits(connect: Connect) -> None:
    async with connect() as client:
        opened = data_of(await call(client, "open", paths=["app.log"], question="errors?"))
        assert "find(" in opened["instructions"]
        assert "app.log: 400 lines" in opened["card"]
        session = opened["session"]
        ran = data_of(await call(client, "run", session=session, script='n = count("ERROR", by="line")\nprint(n)'))
        assert ran["output"].split()[0] == "40"
        assert ran["answer"] is None
        fenced = "print('''\n```python\nprint(7)\n```\n''')"
        assert "print(7)" in data_of(await call(client, "run", session=session, script=fenced))["output"]
        failed = data_of(await call(client, "run", session=session, script="lines("))
        assert "SyntaxError" in failed["output"]
        script = 'submit(f"{n} errors", cite=find("ERROR", limit=1))'
        answer = data_of(await call(client, "run", session=session, script=script))["answer"]
        assert (answer["status"], answer["answer"], answer["citations"][0]["line"]) == ("answered", "40 errors", 4)
        over = await call(client, "run", session=session, script="print(1)")
        assert over.is_error
        assert "4002" in text_of(over)


async def test_an_agent_that_prints_the_same_again_goes_on_exploring(connect: Connect) -> None:
    async with connect() as client:
        session = data_of(await call(client, "open", paths=["app.log"]))["session"]
        for number in range(6):
            script = f'print(count("ERROR", by="line"))  # look {number}'
            ran = data_of(await call(client, "run", session=session, script=script))
            assert (ran["output"].split()[0], ran["answer"]) == ("40", None)
        for number in range(3):
            ran = data_of(await call(client, "run", session=session, script=f"nothing = {number}"))
            assert (ran["output"].count("offline"), ran["answer"]) == (0, None)
        script = 'submit("40 errors", cite=find("ERROR", limit=1))'
        answer = data_of(await call(client, "run", session=session, script=script))["answer"]
        assert (answer["status"], answer["answer"]) == ("answered", "40 errors")


async def test_an_agent_gets_charts_as_data_and_as_a_table(connect: Connect) -> None:
    async with connect() as client:
        session = data_of(await call(client, "open", paths=["app.log"]))["session"]
        script = 'chart("bars", r"ERROR user=(\\w+)", "By user")\nsubmit("See.", cite=["app.log:4"])'
        ran = await call(client, "run", session=session, script=script)
        answer = data_of(ran)["answer"]
        (drawn,) = answer["charts"]
        assert (drawn["kind"], drawn["title"], drawn["columns"]) == ("bars", "By user", ["value", "count"])
        assert sum(count for _, count in drawn["rows"]) == 40
        for (user, _), place in zip(drawn["rows"], drawn["cited"], strict=True):
            assert f"ERROR user={user} " in answer["citations"][place]["quote"]
        assert "### By user" in text_of(ran)
        assert "█" in text_of(ran)


async def test_a_small_text_is_explored_too(connect: Connect) -> None:
    async with connect() as client:
        opened = data_of(await call(client, "open", text="one line\n"))
        assert data_of(await call(client, "run", session=opened["session"], script="print(lines(1))"))["output"]


async def test_exploring_asks_no_model_whatever_is_configured(connect: Connect) -> None:
    async with ModelServer(["never"]) as models:
        env = {"RLM_MODELS_ROOT": "openai/x", "RLM_MODELS_API_BASE": models.base_url, "OPENAI_API_KEY": "sk-x"}
        async with connect(env) as client:
            opened = data_of(await call(client, "open", paths=["app.log"]))
            ran = data_of(await call(client, "run", session=opened["session"], script='print(llm("hello"))'))
            assert "llm" in ran["output"]
        assert models.requests == []


async def test_two_scripts_of_one_session_do_not_run_at_once(connect: Connect) -> None:
    async with connect() as client:
        session = data_of(await call(client, "open", paths=["app.log"]))["session"]
        slow = asyncio.ensure_future(call(client, "run", session=session, script="while True: pass"))
        await _until(lambda: bool(_sandboxes()))
        second = await call(client, "run", session=session, script="print(1)")
        assert second.is_error
        assert "under way" in text_of(second)
        slow.cancel()
        with suppress(asyncio.CancelledError):
            await slow


# -- citations -----------------------------------------------------------------------------------------------------


async def test_citations_are_looked_up_again_in_the_text_as_it_is(connect: Connect, folder: Path) -> None:
    async with connect() as client:
        answer = data_of(await call(client, "ask", question="How many lines contain ERROR?", paths=["app.log"]))
        quote = {"uri": str(folder / "app.log"), "line": 4, "end_line": 4, "quote": "ERROR user=u3 took=3 ms"}
        checked = data_of(await call(client, "check", citations=[quote]))
        assert (checked["verdict"], checked["citations"][0]["state"]) == ("still true", "verified")
        assert data_of(await call(client, "check", run_id=answer["run_id"]))["verdict"] == "still true"
        (folder / "app.log").write_text("a new line\n" + LOG)
        checked = data_of(await call(client, "check", citations=[quote]))
        assert (checked["verdict"], checked["citations"][0]["line"]) == ("changed", 5)
        (folder / "app.log").write_text("nothing\n")
        assert data_of(await call(client, "check", citations=[quote]))["citations"][0]["state"] == "unmatched"
        assert data_of(await call(client, "check", run_id=answer["run_id"]))["verdict"] == "changed"


# -- bounds --------------------------------------------------------------------------------------------------------


OUTSIDE = ("/etc/passwd", "../private.txt", "innocent.txt", "file:///etc/passwd", "https://x/")


@pytest.mark.parametrize("tool", ["ask", "open", "check"])
async def test_nothing_outside_the_folders_is_read(connect: Connect, tool: str) -> None:
    async with connect() as client:
        for path in OUTSIDE:
            given: dict[str, Any] = {"question": "what?", "paths": [path]}
            if tool == "check":
                given = {"citations": [{"uri": path, "line": 1, "end_line": 1, "quote": "nobody"}]}
            result = await call(client, tool, **given)
            assert result.is_error
            assert "error 4108" in text_of(result) or "error 4002" in text_of(result)
            assert "nobody's business" not in text_of(result)


async def test_the_deny_list_holds(connect: Connect, folder: Path) -> None:
    (folder / ".env").write_text("TOKEN=1\n")
    async with connect() as client:
        result = await call(client, "ask", question="what?", paths=[".env"])
        assert result.is_error
        assert "4108" in text_of(result)


async def test_the_clients_roots_narrow_what_may_be_read(connect: Connect, folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "a.log").write_text(LOG)

    async def roots(_: Any) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=inner.as_uri())])

    async with connect(mode="legacy", list_roots_callback=roots) as client:
        assert (
            "40"
            in data_of(await call(client, "ask", question="How many lines contain ERROR?", paths=["a.log"]))["answer"]
        )
        assert (await call(client, "ask", question="what?", paths=[str(folder / "app.log")])).is_error


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize(
    ("named", "readable"),
    [([], True), (["vscode-vfs://github/x"], False), (["vscode-vfs:x", "{}"], True)],
)
async def test_a_client_without_roots_leaves_the_servers_own_and_one_with_roots_elsewhere_none(
    connect: Connect, folder: Path, named: list[str], readable: bool
) -> None:
    async def roots(_: Any) -> types.ListRootsResult:
        # What the SDK's own client would refuse to say, others do.
        uris = [uri.replace("{}", folder.as_uri()) for uri in named]
        return types.ListRootsResult.model_construct(roots=[types.Root.model_construct(uri=uri) for uri in uris])

    async with connect(mode="legacy", list_roots_callback=roots) as client:
        assert (await call(client, "open", paths=["app.log"])).is_error != readable


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"question": " ", "text": "x"}, "4001"),
    ({"question": "what?"}, "4002"),
    ({"question": "what?", "paths": ["a"], "text": "x"}, "4002"),
    ({"question": "what?", "paths": ["a\0b"]}, "4002"),
    ({"question": "what?", "paths": ["missing.log"]}, "4101"),
    ({"question": "what?", "paths": ["app.log"], "turns": -1}, "turns"),
    ({"question": "what?", "paths": ["app.log"], "model": "nobody/knows"}, "42"),
    ({"question": "what?", "paths": ["app.log"], "follow_up": "nothing"}, "4401"),
]


async def test_what_is_wrong_is_said_with_a_code(connect: Connect) -> None:
    async with connect() as client:
        for given, says in WRONG:
            result = await call(client, "ask", **given)
            assert result.is_error
            assert says in text_of(result)
            assert "Traceback" not in text_of(result)


# -- whose model, whose money --------------------------------------------------------------------------------------


async def test_without_a_model_the_clients_own_is_asked(connect: Connect) -> None:
    asked: list[types.CreateMessageRequestParams] = []

    async def sample(_: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        asked.append(params)
        said = '```python\nsubmit("forty", cite=["app.log:4"])\n```'
        return types.CreateMessageResult(
            role="assistant", content=types.TextContent(type="text", text=said), model="theirs", stop_reason="endTurn"
        )

    async with connect(mode="legacy", sampling_callback=sample) as client:
        data = data_of(await call(client, "ask", question="How many errors?", paths=["app.log"]))
        assert (data["answer"], data["status"]) == ("forty", "answered")
        assert data["tokens"] > 0  # estimated, where a client tells none
    assert len(asked) == 1
    assert "submit" in str(asked[0].system_prompt) or "submit" in str(asked[0].messages)
    async with connect({"RLM_PRIVACY": "local"}, mode="legacy", sampling_callback=sample) as client:
        assert data_of(await call(client, "ask", question="How many ERROR lines?", paths=["app.log"]))["model"] == (
            "offline"
        )
    assert len(asked) == 1


@pytest.mark.parametrize(("choice", "calls"), [("Go on", 1), ("Stop here", 0), (None, 0)])
async def test_the_user_is_asked_before_much_is_spent(connect: Connect, choice: str | None, calls: int) -> None:
    questions: list[str] = []

    async def elicit(_: Any, params: Any) -> types.ElicitResult:
        questions.append(params.message)
        if choice is None:
            return types.ElicitResult(action="cancel")
        return types.ElicitResult(action="accept", content={"choice": choice})

    async with ModelServer(['```python\nsubmit("forty", cite=[])\n```']) as models:
        env = {
            "RLM_MODELS_ROOT": "openai/gpt-4o",
            "RLM_MODELS_API_BASE": models.base_url,
            "OPENAI_API_KEY": "sk-x",
            "RLM_BUDGET_ASK_ABOVE_USD": "0.000001",
        }
        async with connect(env, mode="legacy", elicitation_callback=elicit) as client:
            await call(client, "ask", question="How many?", paths=["app.log"])
        assert len(questions) == 1
        assert "$" in questions[0]
        assert len(models.requests) == calls


# -- many, cancelled, killed ---------------------------------------------------------------------------------------


async def test_fifty_calls_at_once_are_all_answered(connect: Connect) -> None:
    # On a busy machine the last of them waits longer than a script may take.
    async with connect({"RLM_SCRIPT_SECONDS": "600", "RLM_VERB_SECONDS": "600"}) as client:
        asked = [call(client, "ask", question="How many lines contain ERROR?", paths=["app.log"]) for _ in range(50)]
        assert all("40" in data_of(result)["answer"] for result in await asyncio.gather(*asked))


@pytest.mark.parametrize("what", ["ask", "run"])
async def test_a_cancelled_call_stops_what_it_began(connect: Connect, what: str) -> None:
    async with ModelServer(["```python\nwhile True: pass\n```"] * 3) as models:
        env = {"RLM_MODELS_ROOT": "openai/x", "RLM_MODELS_API_BASE": models.base_url, "OPENAI_API_KEY": "sk-x"}
        async with connect(env) as client:
            if what == "ask":
                work = asyncio.ensure_future(call(client, "ask", question="what?", paths=["app.log"]))
            else:
                session = data_of(await call(client, "open", paths=["app.log"]))["session"]
                work = asyncio.ensure_future(call(client, "run", session=session, script="while True: pass"))
            await _until(lambda: bool(_sandboxes()))
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            if what == "run":  # from that moment on, however long the run takes to end
                assert (await call(client, "run", session=session, script="print(1)")).is_error
            await _until(lambda: not _sandboxes())
            assert len((await client.list_tools()).tools) == 4  # the server goes on


@pytest.mark.parametrize("waits", ["for the model", "for the client's model", "for the user"])
async def test_a_call_is_cancelled_whatever_it_waits_for(connect: Connect, waits: str) -> None:
    """And the server goes on: the next question is answered."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def never(*_: Any) -> Any:
        asked.set()
        await answered.wait()

    async with ModelServer([Scripted(fault="hang")] * 9) as models:
        env = {"RLM_MODELS_ROOT": "openai/gpt-4o", "RLM_MODELS_API_BASE": models.base_url, "OPENAI_API_KEY": "sk-x"}
        offers: dict[str, Any] = {"mode": "legacy"}
        if waits == "for the client's model":
            env, offers["sampling_callback"] = {}, never
        if waits == "for the user":
            env["RLM_BUDGET_ASK_ABOVE_USD"] = "0.000001"
            offers["elicitation_callback"] = never
        async with connect(env, **offers) as client:
            work = asyncio.ensure_future(call(client, "ask", question="What broke?", paths=["app.log"]))
            await _until(lambda: asked.is_set() or bool(models.requests))
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await _until(lambda: models.open_connections == 0)
            again = {"question": "How many lines contain ERROR?", "paths": ["app.log"], "model": "offline"}
            assert "40" in data_of(await call(client, "ask", **again))["answer"]
            answered.set()
        assert (len(models.requests) > 0) == (waits == "for the model")


async def test_a_session_is_given_up_while_it_is_being_opened(connect: Connect, folder: Path) -> None:
    (folder / "large.log").write_bytes(LOG.encode() * 3000)
    async with connect() as client:
        work = asyncio.ensure_future(call(client, "open", paths=["large.log"]))
        await asyncio.sleep(0.05)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        # No session is left over: all of them can be opened.
        opened = [call(client, "open", paths=["app.log"]) for _ in range(32)]
        assert not any(result.is_error for result in await asyncio.gather(*opened))
        assert (await call(client, "open", paths=["app.log"])).is_error


async def test_the_server_ends_with_its_client_and_leaves_no_process(connect: Connect) -> None:
    earlier = descendants()
    async with connect() as client:
        await call(client, "open", paths=["app.log"])
        ours = descendants() - earlier
        assert ours
    await _until(lambda: not any(alive(process) for process in ours))


async def test_a_killed_server_is_an_error_and_no_hang(connect: Connect) -> None:
    earlier = descendants()
    with suppress(MCPError, BaseExceptionGroup):
        async with connect() as client:
            session = data_of(await call(client, "open", paths=["app.log"]))["session"]
            [server] = (process for process in descendants() - earlier if process.ppid() == os.getpid())
            work = asyncio.ensure_future(call(client, "run", session=session, script="while True: pass"))
            await _until(lambda: bool(_sandboxes()))
            children = server.children(recursive=True)
            server.send_signal(signal.SIGKILL)
            with pytest.raises(MCPError):
                await asyncio.wait_for(work, PATIENCE)
    await _until(lambda: not any(alive(child) for child in children))


def _sandboxes() -> list[psutil.Process]:
    """Sandboxes of ours that are at work: an endless loop takes processor time."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "monty" in " ".join(child.cmdline()):
                found.append(child)
    return [child for child in found if works(child)]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)


# -- over HTTP -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def over_http(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """The address and the token of a server of its own."""
    command = [sys.executable, "-P", "-m", "rlm_ls", "mcp", "--root", str(folder), "--http", "0"]
    server = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, cwd="/")
    assert server.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            lines = [(await server.stderr.readline()).decode().split() for _ in range(2)]
        yield lines[0][-1], lines[1][-1]
    finally:
        server.terminate()
        async with asyncio.timeout(PATIENCE):
            await server.wait()


async def test_over_http_a_token_is_asked_of_everybody_and_no_other_page_gets_in(folder: Path) -> None:
    async with over_http(folder) as (address, token), httpx2.AsyncClient(timeout=PATIENCE) as nobody:
        assert address.startswith("http://127.0.0.1:")
        wrong: list[dict[str, str | bytes]] = [{}, *({"Authorization": one} for one in ("Bearer x", token, b"\xff"))]
        for headers in wrong:
            assert (await nobody.post(address, json={}, headers=headers)).status_code == 401
        hello = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        rebound = await nobody.post(address, json={}, headers={**hello, "Host": "evil.example"})
        assert rebound.status_code in (403, 421)
        elsewhere = await nobody.post(address, json={}, headers={**hello, "Origin": "http://evil.example"})
        assert elsewhere.status_code == 403
        async with (
            httpx2.AsyncClient(timeout=PATIENCE, headers={"Authorization": f"Bearer {token}"}) as ours,
            Client(streamable_http_client(address, http_client=ours)) as client,
        ):
            asked = [call(client, "ask", question="How many lines contain ERROR?", paths=["app.log"]) for _ in range(5)]
            assert all("40" in data_of(result)["answer"] for result in await asyncio.gather(*asked))
