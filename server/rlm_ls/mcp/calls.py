"""Tool calls over one engine. Loaded at the first of them: no client waits for the engine before it asks something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import mcp_types as types
from mcp.server.mcpserver import Context

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.inert import line
from rlm_ls.engine.trace.render import answer_markdown, trace_markdown
from rlm_ls.executors.compiled.native_consent import NativeConsent
from rlm_ls.mcp.asking import Report, model_for
from rlm_ls.mcp.asking import ask as ask_engine
from rlm_ls.mcp.checking import check_answer, check_citations
from rlm_ls.mcp.client import Client, Native, calling, sampler
from rlm_ls.mcp.exploring import Sessions
from rlm_ls.mcp.results import Cited, Given, Opened, Ran, answered, shown
from rlm_ls.settings.sections import Settings


class Calls:
    """Everything here raises RlmErrors."""

    def __init__(self, engine: Engine, folders: tuple[Path, ...]) -> None:
        self._engine, self._folders = engine, folders
        self._sessions = Sessions(engine)

    @classmethod
    async def open(cls, settings: Settings, folders: tuple[Path, ...], state_dir: Path | None) -> Calls:
        engine = await Engine.open(settings=settings, state_dir=state_dir)
        engine.sampler = sampler
        native = partial(NativeConsent, engine.store.folder)
        engine.native_consent = Native(native, [str(folder) for folder in folders])
        return cls(engine, folders)

    async def close(self) -> None:
        await self._engine.close()

    @contextmanager
    def of(self, context: Context) -> Iterator[Client]:
        """The client that a tool call comes from; what the call begins asks that one's model and user."""
        client = Client(context.session, context.request_id)
        token = calling.set(client)
        try:
            yield client
        finally:
            calling.reset(token)

    async def ask(self, client: Client, given: Given, report: Report) -> types.CallToolResult:
        bounds = await client.bounds(self._folders)
        request = AskRequest(
            question=given.question,
            scope=await bounds.scope(given.paths, given.text),
            model=model_for(self._engine, client, given.model),
            budget=Budget(**given.limits),
            follow_up=given.follow_up,
        )
        answer = await ask_engine(self._engine, request, client, report)
        return shown(answered(answer), await _markdown(answer), answer)

    async def open_session(self, client: Client, given: Given) -> types.CallToolResult:
        scope = await (await client.bounds(self._folders)).scope(given.paths, given.text)
        session, first = await self._sessions.open(given.question, scope, given.follow_up)
        told, card = first[0].content, first[-1].content
        opened = Opened(session=session.run_id, instructions=told, card=card)
        return shown(opened, f"Session {session.run_id}\n\n{told}\n\n{card}")

    async def run(self, session: str, script: str) -> types.CallToolResult:
        output, answer = await self._sessions.run(session, script)
        if answer is None:
            return shown(Ran(session=session, output=output), output)
        ran = Ran(session=session, output=answer.answer, answer=answered(answer))
        return shown(ran, await _markdown(answer), answer)

    async def check(self, client: Client, citations: Sequence[Cited], run_id: str | None) -> types.CallToolResult:
        if run_id is not None:
            checked = await check_answer(self._engine, run_id)
        else:
            checked = await check_citations(self._engine, citations, await client.bounds(self._folders))
        return shown(checked, "\n".join([checked.verdict, *checked.changes, *checked.unknown]))

    async def answer(self, run_id: str) -> str:
        """The answer of an earlier run, as Markdown."""
        row = await self._engine.store.run(run_id)
        if row.answer is None:
            return f"# {line(row.question)}\n\nThis run has no answer: it is {row.status}.\n"
        answer = self._engine.answers.get(row.run_id) or Answer.model_validate(row.answer)
        return await _markdown(answer, row.question)

    async def trace(self, run_id: str) -> str:
        """How an earlier run went, as Markdown."""
        row = await self._engine.store.run(run_id)
        return await asyncio.to_thread(trace_markdown, row, await self._engine.store.events(row.run_id))


async def _markdown(answer: Answer, question: str = "") -> str:
    return await asyncio.to_thread(answer_markdown, answer, question)
