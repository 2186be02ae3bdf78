"""The agent in an editor, through the protocol's own client and the real process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from acp import PROTOCOL_VERSION, RequestError, resource_block, resource_link_block, spawn_agent_process, text_block
from acp.helpers import embedded_text_resource
from acp.schema import AllowedOutcome, DeniedOutcome, RequestPermissionResponse
from tests.fakes.model_server import ModelServer
from tests.patience import PATIENCE
from tests.processes import alive, descendants

LOG = "".join(
    f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} user=u{n % 7} took={n} ms\n" for n in range(400)
)
QUESTION = "How many lines contain ERROR?"


class Editor:
    """What the agent told its client, and the client's answers to requests for permission."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, Any]] = []
        self.permissions: list[Any] = []
        self.choice: str | None = None

    def on_connect(self, conn: Any) -> None: ...

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append((session_id, update))

    async def request_permission(
        self, session_id: str, tool_call: Any, options: list[Any], **_: Any
    ) -> RequestPermissionResponse:
        self.permissions.append((session_id, tool_call, options))
        if self.choice is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=self.choice))

    def kinds(self) -> list[str]:
        return [update.session_update for _, update in self.updates]

    def said(self, kind: str = "agent_message_chunk") -> str:
        return "".join(update.content.text for _, update in self.updates if update.session_update == kind)


Connected = Callable[..., AbstractAsyncContextManager[tuple[Any, Editor]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.log").write_text(LOG, encoding="utf-8")
    (folder / "other.log").write_text("ERROR once\n")
    return folder


@asynccontextmanager
async def agent(env: dict[str, str] | None = None) -> AsyncIterator[tuple[Any, Editor]]:
    editor = Editor()
    command = (sys.executable, "-P", "-m", "rlm_ls", "acp")
    async with spawn_agent_process(
        editor,  # type: ignore[arg-type] # what this client does not offer is left out
        *command,
        env={**os.environ, **(env or {})},
        cwd="/",
    ) as (connection, _process):
        await connection.initialize(protocol_version=PROTOCOL_VERSION)
        yield connection, editor


async def test_a_mentioned_file_is_asked_about_and_the_programs_are_tool_calls(folder: Path) -> None:
    async with agent() as (connection, editor):
        session = await connection.new_session(cwd=str(folder), mcp_servers=[])
        link = resource_link_block("app.log", (folder / "app.log").as_uri())
        done = await connection.prompt(session_id=session.session_id, prompt=[text_block(QUESTION), link])
        assert done.stop_reason == "end_turn"
        assert "40" in editor.said()
        assert "app.log:4" in editor.said()
        kinds = editor.kinds()
        assert kinds.index("plan") < kinds.index("tool_call") < kinds.index("tool_call_update")
        assert kinds[-1] == "agent_message_chunk"
        last_plan = [update for _, update in editor.updates if update.session_update == "plan"][-1]
        assert {entry.status for entry in last_plan.entries} == {"completed"}


async def test_a_prompt_that_mentions_nothing_is_about_the_folder_or_what_was_asked_before(folder: Path) -> None:
    async with agent() as (connection, editor):
        session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION)])
        assert "41" in editor.said()
        link = resource_link_block("app.log", (folder / "app.log").as_uri())
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION), link])
        editor.updates.clear()
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION)])
        assert "40" in editor.said()


async def test_a_selection_is_a_text_of_its_own(folder: Path) -> None:
    async with agent() as (connection, editor):
        session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
        part = "".join(LOG.splitlines(keepends=True)[:20])
        block = resource_block(embedded_text_resource(f"{(folder / 'app.log').as_uri()}#L1:20", part))
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION), block])
        assert "2 lines" in editor.said()


async def test_a_session_outlives_the_process_and_its_talk_is_told_again(folder: Path) -> None:
    async with agent() as (connection, editor):
        session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
        link = resource_link_block("app.log", (folder / "app.log").as_uri())
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION), link])
    async with agent() as (connection, editor):
        listed = (await connection.list_sessions(cwd=str(folder))).sessions
        assert [(one.session_id, one.title.startswith(QUESTION)) for one in listed] == [(session, True)]
        await connection.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        assert QUESTION in editor.said("user_message_chunk")
        assert "40" in editor.said()
        done = await connection.prompt(session_id=session, prompt=[text_block("Which user is most common?"), link])
        assert done.stop_reason == "end_turn"
        with pytest.raises(RequestError):
            await connection.load_session(cwd=str(folder), session_id="nobody", mcp_servers=[])


async def test_cancelling_a_prompt_ends_it_as_cancelled_and_the_session_goes_on(folder: Path) -> None:
    async with ModelServer(["```python\nwhile True: pass\n```", '```python\nsubmit("after", cite=[])\n```']) as models:
        env = {"RLM_MODELS_ROOT": "openai/x", "RLM_MODELS_API_BASE": models.base_url, "OPENAI_API_KEY": "sk-x"}
        async with agent(env) as (connection, editor):
            session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
            prompt = [text_block("what?")]
            work = asyncio.ensure_future(connection.prompt(session_id=session, prompt=prompt))
            async with asyncio.timeout(PATIENCE):
                while "tool_call" not in editor.kinds():  # noqa: ASYNC110 - another process's state
                    await asyncio.sleep(0.05)
            with pytest.raises(RequestError):
                await connection.prompt(session_id=session, prompt=prompt)
            await connection.cancel(session_id=session)
            assert (await asyncio.wait_for(work, PATIENCE)).stop_reason == "cancelled"
            assert (await connection.prompt(session_id=session, prompt=prompt)).stop_reason == "end_turn"
            assert "after" in editor.said()


@pytest.mark.parametrize(("choice", "calls"), [("Allow once", 1), ("Deny", 0), (None, 0)])
async def test_the_user_is_asked_before_much_is_spent(folder: Path, choice: str | None, calls: int) -> None:
    async with ModelServer(['```python\nsubmit("forty", cite=[])\n```']) as models:
        env = {
            "RLM_MODELS_ROOT": "openai/gpt-4o",
            "RLM_MODELS_API_BASE": models.base_url,
            "OPENAI_API_KEY": "sk-x",
            "RLM_BUDGET_ASK_ABOVE_USD": "0.000001",
        }
        async with agent(env) as (connection, editor):
            editor.choice = choice
            session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
            await connection.prompt(session_id=session, prompt=[text_block("How many?")])
            assert len(editor.permissions) == 1
            assert "$" in editor.permissions[0][1].title
        assert len(models.requests) == calls


async def test_the_coordinators_mode_needs_somebody_to_delegate_to_and_says_so(folder: Path) -> None:
    async with agent() as (connection, editor):
        made = await connection.new_session(cwd=str(folder), mcp_servers=[])
        assert [mode.id for mode in made.modes.available_modes] == ["ask", "coordinator"]
        await connection.set_session_mode(session_id=made.session_id, mode_id="coordinator")
        await connection.prompt(session_id=made.session_id, prompt=[text_block("what?")])
        assert "delegate" in editor.said()
        with pytest.raises(RequestError):
            await connection.set_session_mode(session_id=made.session_id, mode_id="write")


async def test_what_cannot_be_asked_about_is_said_and_nothing_is_lost(folder: Path) -> None:
    (folder / ".env").write_text("TOKEN=1\n")
    async with agent() as (connection, editor):
        session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
        for uri, code in (
            ("file:///nowhere/x.log", "4101"),
            ("https://example.com/x", "4002"),
            ((folder / ".env").as_uri(), "4108"),
        ):
            editor.updates.clear()
            await connection.prompt(session_id=session, prompt=[text_block("what?"), resource_link_block("x", uri)])
            assert f"error {code}" in editor.said()
        editor.updates.clear()
        await connection.prompt(session_id=session, prompt=[text_block(" ")])
        assert "error 4001" in editor.said()
        with pytest.raises(RequestError):
            await connection.prompt(session_id="nobody", prompt=[text_block("x")])
        with pytest.raises(RequestError):
            await connection.new_session(cwd="relative", mcp_servers=[])


async def test_the_agent_ends_with_its_client_and_leaves_no_process(folder: Path) -> None:
    earlier = descendants()
    async with agent() as (connection, _):
        session = (await connection.new_session(cwd=str(folder), mcp_servers=[])).session_id
        await connection.prompt(session_id=session, prompt=[text_block(QUESTION)])
        ours = descendants() - earlier
        assert ours
    async with asyncio.timeout(PATIENCE):
        while any(alive(process) for process in ours):  # noqa: ASYNC110 - other processes' state
            await asyncio.sleep(0.05)
