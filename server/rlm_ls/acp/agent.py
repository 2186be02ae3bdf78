"""The methods of the Agent Client Protocol over one engine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from acp import PROTOCOL_VERSION, RequestError, update_agent_message_text, update_user_message_text
from acp.interfaces import Client
from acp.schema import (
    AgentCapabilities,
    AllowedOutcome,
    Implementation,
    InitializeResponse,
    ListSessionsResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PermissionOption,
    PromptCapabilities,
    PromptResponse,
    ResumeSessionResponse,
    SessionCapabilities,
    SessionInfo,
    SessionListCapabilities,
    SessionMode,
    SessionModeState,
    SessionResumeCapabilities,
    SetSessionModeResponse,
    ToolCallUpdate,
)

from rlm_ls import __version__
from rlm_ls.acp.conversations import Conversation, Conversations
from rlm_ls.acp.scope import prompted
from rlm_ls.acp.updates import Updates
from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine, new_run_id
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.render import answer_markdown
from rlm_ls.errors import RlmError
from rlm_ls.executors.compiled.native_consent import DENY, HERE, ONCE, NativeConsent
from rlm_ls.settings.sections import Settings
from rlm_ls.visible import visible

ASK, COORDINATOR = "ask", "coordinator"
MODES = [
    SessionMode(id=ASK, name="Ask", description="The model explores the text itself"),
    SessionMode(
        id=COORDINATOR, name="Coordinator", description="The model only delegates, to sub-models and child runs"
    ),
]
MOST_SESSIONS = 256
MOST_LISTED = 100

_asking: ContextVar[str] = ContextVar("rlm_ls_acp_session")
"""The session whose prompt is under way: questions to the user go there."""


@dataclass(slots=True)
class Session:
    conversation: Conversation
    mode: str = ASK
    scope: Scope | None = None
    run_id: str = ""
    """Of the prompt under way; "" if there is none."""
    cancelled: bool = False


class RlmAgent:
    """One client's agent. The engine is opened at the first prompt; close the agent, or processes stay."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._opening = asyncio.Lock()
        self._sessions: dict[str, Session] = {}
        self._client: Client | None = None

    def on_connect(self, conn: Client) -> None:
        self._client = conn

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.close()

    # -- the protocol's methods ----------------------------------------------------------------------------------------

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        return InitializeResponse(
            protocol_version=min(protocol_version, PROTOCOL_VERSION),
            agent_info=Implementation(name="rlm-ls", title="rlm-ls", version=__version__),
            agent_capabilities=AgentCapabilities(
                load_session=True,
                prompt_capabilities=PromptCapabilities(embedded_context=True),
                session_capabilities=SessionCapabilities(
                    list=SessionListCapabilities(), resume=SessionResumeCapabilities()
                ),
            ),
        )

    async def authenticate(self, method_id: str, **_: Any) -> None:
        """Keys stay in the environment: there is nothing to sign in to."""

    async def new_session(
        self, cwd: str, additional_directories: list[str] | None = None, **_: Any
    ) -> NewSessionResponse:
        session_id = uuid4().hex
        self._open(session_id, Session(Conversation(_folders(cwd, additional_directories))))
        return NewSessionResponse(session_id=session_id, modes=_modes(ASK))

    async def load_session(
        self, cwd: str, session_id: str, additional_directories: list[str] | None = None, **_: Any
    ) -> LoadSessionResponse:
        """The session's questions and answers are told again, then it goes on."""
        session = await self._kept(session_id, _folders(cwd, additional_directories))
        engine = await self.engine()
        for run_id in session.conversation.runs:
            with suppress(RlmError):  # deleted from the history since
                row = await engine.store.run(run_id)
                await self._update(session_id, update_user_message_text(visible(row.question)))
                if row.answer is not None:
                    answer = engine.answers.get(run_id) or Answer.model_validate(row.answer)
                    await self._update(session_id, update_agent_message_text(await _markdown(answer)))
        return LoadSessionResponse(modes=_modes(session.mode))

    async def resume_session(
        self, session_id: str, cwd: str, additional_directories: list[str] | None = None, **_: Any
    ) -> ResumeSessionResponse:
        session = await self._kept(session_id, _folders(cwd, additional_directories))
        return ResumeSessionResponse(modes=_modes(session.mode))

    async def list_sessions(self, cwd: str | None = None, cursor: str | None = None, **_: Any) -> ListSessionsResponse:
        kept = await self._read()
        listed = [
            SessionInfo(
                session_id=session_id,
                cwd=one.folders[0],
                title=one.title,
                updated_at=datetime.fromtimestamp(one.updated, UTC).isoformat(),
            )
            for session_id, one in reversed(kept.items())
            if one.folders and (cwd is None or one.folders[0] == os.path.abspath(cwd))
        ]
        return ListSessionsResponse(sessions=listed[:MOST_LISTED])

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> SetSessionModeResponse:
        session = self._session(session_id)
        if mode_id not in (ASK, COORDINATOR):
            raise RequestError.invalid_params({"modeId": mode_id[:100], "known": [ASK, COORDINATOR]})
        session.mode = mode_id
        return SetSessionModeResponse()

    async def prompt(self, session_id: str, prompt: Sequence[Any], **_: Any) -> PromptResponse:
        session = self._session(session_id)
        if session.run_id:
            raise RequestError.invalid_request({"reason": "a prompt of this session is under way"})
        session.run_id, session.cancelled = new_run_id(), False
        _asking.set(session_id)
        try:
            answer = await self._answer(session_id, session, prompt)
        except RlmError as error:
            if session.cancelled:
                return PromptResponse(stop_reason="cancelled")
            await self._update(session_id, update_agent_message_text(visible(f"**error {error.code}**: {error}")))
            return PromptResponse(stop_reason="end_turn")
        finally:
            session.run_id = ""
        await self._update(session_id, update_agent_message_text(await _markdown(answer)))
        return PromptResponse(stop_reason="cancelled" if answer.status == "cancelled" else "end_turn")

    async def cancel(self, session_id: str, **_: Any) -> None:
        session = self._sessions.get(session_id)
        if session is not None and session.run_id:
            session.cancelled = True
            if self._engine is not None:
                self._engine.stop(session.run_id)

    # -- behind them ---------------------------------------------------------------------------------------------------

    async def engine(self) -> Engine:
        async with self._opening:
            if self._engine is None:
                engine = await Engine.open(settings=self._settings)
                native = NativeConsent(engine.store.folder, self._choose)
                engine.native_consent = partial(self._native, native)
                self._engine = engine
            return self._engine

    async def _answer(self, session_id: str, session: Session, blocks: Sequence[Any]) -> Answer:
        asked = await prompted(blocks)
        engine = await self.engine()
        folders = session.conversation.folders
        session.scope = asked.scope or session.scope or Scope(kind="workspace", roots=folders)
        runs = session.conversation.runs
        request = AskRequest(
            question=asked.question,
            scope=session.scope,
            follow_up=runs[-1] if runs else None,
            run_id=session.run_id,
            coordinator=session.mode == COORDINATOR,
        )
        updates = Updates(lambda update: self._update(session_id, update))
        try:
            answer = await engine.ask(request, updates.take, consent=self._go_on)
        finally:
            await updates.close()
        session.conversation = session.conversation.with_run(answer.run_id, asked.question, time.time())
        await asyncio.to_thread(Conversations(engine.store.folder).keep, session_id, session.conversation)
        return answer

    def _session(self, session_id: str) -> Session:
        if (session := self._sessions.get(session_id)) is None:
            raise RequestError.invalid_params({"sessionId": session_id[:100], "reason": "there is no such session"})
        return session

    def _open(self, session_id: str, session: Session) -> None:
        idle = [name for name, one in self._sessions.items() if not one.run_id]
        for name in idle[: max(0, len(self._sessions) - MOST_SESSIONS + 1)]:
            del self._sessions[name]
        self._sessions[session_id] = session

    async def _read(self) -> dict[str, Conversation]:
        engine = await self.engine()
        return await asyncio.to_thread(Conversations(engine.store.folder).read)

    async def _kept(self, session_id: str, folders: tuple[str, ...]) -> Session:
        if (session := self._sessions.get(session_id)) is None:
            if (kept := (await self._read()).get(session_id)) is None:
                raise RequestError.resource_not_found(session_id[:100])
            session = Session(Conversation(folders, kept.title, kept.updated, kept.runs))
            self._open(session_id, session)
        return session

    async def _update(self, session_id: str, update: Any) -> None:
        assert self._client is not None
        await self._client.session_update(session_id=session_id, update=update)

    def _native(self, consent: NativeConsent, request: AskRequest) -> Awaitable[None]:
        session = self._session(_asking.get())
        return consent.allow(str(request.run_id), session.conversation.folders, trusted=True)

    async def _go_on(self, question: str) -> bool:
        return await self._choose(question, (ONCE, DENY)) == ONCE

    async def _choose(self, message: str, choices: Sequence[str]) -> str | None:
        """The user's choice, by the protocol's request for permission; None where it was dismissed."""
        assert self._client is not None
        kinds: dict[str, Any] = {ONCE: "allow_once", HERE: "allow_always", DENY: "reject_once"}
        try:
            response = await self._client.request_permission(
                session_id=_asking.get(),
                tool_call=ToolCallUpdate(tool_call_id=f"consent-{uuid4().hex[:8]}", title=visible(message)),
                options=[PermissionOption(option_id=choice, name=choice, kind=kinds[choice]) for choice in choices],
            )
        except RequestError:
            return None
        outcome = response.outcome
        return outcome.option_id if isinstance(outcome, AllowedOutcome) and outcome.option_id in choices else None


def _modes(current: str) -> SessionModeState:
    return SessionModeState(current_mode_id=current, available_modes=MODES)


def _folders(cwd: str, more: Sequence[str] | None) -> tuple[str, ...]:
    folders = tuple(dict.fromkeys([cwd, *(more or ())]))[:100]
    if not all(os.path.isabs(folder) and "\0" not in folder for folder in folders):
        raise RequestError.invalid_params({"cwd": cwd[:200], "reason": "folders are absolute paths"})
    return tuple(os.path.abspath(folder) for folder in folders)


async def _markdown(answer: Answer) -> str:
    return visible(await asyncio.to_thread(answer_markdown, answer))
