"""What `rlm-ls mcp` offers: tools, resources and a prompt, over one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from rlm_ls import __version__
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.inert import line
from rlm_ls.engine.trace.render import answer_markdown, trace_markdown
from rlm_ls.errors import RlmError
from rlm_ls.executors.compiled.native_consent import NativeConsent
from rlm_ls.mcp.asking import ask as ask_engine
from rlm_ls.mcp.asking import model_for
from rlm_ls.mcp.checking import check_answer, check_citations
from rlm_ls.mcp.client import Client, Native, calling, sampler
from rlm_ls.mcp.exploring import Sessions
from rlm_ls.mcp.results import Answered, Checked, Cited, Opened, Ran, answered, shown
from rlm_ls.settings import Settings

INSTRUCTIONS = """\
rlm-ls answers questions about text too large to read: logs, code bases, books, archives, up to many gigabytes. The text
never enters your context. Use `ask` for an answer with checked citations; or `open` and `run` to explore with small
scripts of search verbs yourself, without any other model. What you quote from an answer, `check` can look up again."""

ASK = """\
Answer one question about files, folders or a text that is too long to read (more than a few thousand lines, or many
files), with citations that were checked. Counts, rankings, first and last occurrences, causes in logs, where something
is defined or decided. Not for a short file: read that yourself. May take seconds to minutes and cost money of the
configured model; without one, your client's own model or plain rules answer."""

OPEN = """\
Open files, folders or a text that is too long to read for exploring with your own scripts (tool `run`). Returns a
session, the verbs, and a card of the texts. No other model is asked and nothing is sent anywhere."""

RUN = """\
Run a short Python script of verbs (find, count, top, stats, lines, …; see `open`) over a session's texts, and get what
it prints. Variables persist. `submit(answer, cite=[…])` ends the session with checked citations."""

CHECK = """\
Whether citations (`uri`, `line`, `quote`), or an earlier answer by its `run_id`, are still true of today's text."""

Paths = Annotated[list[str], Field(description="Files or folders, absolute or below the workspace")]
Text = Annotated[str | None, Field(description="A text in place of paths")]


@dataclass(slots=True)
class Door:
    """One engine, opened at the first call, for all clients of this process. `folders` bound what may be read."""

    settings: Settings
    folders: tuple[Path, ...]
    state_dir: Path | None = None
    _engine: Engine | None = None
    _sessions: Sessions | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def engine(self) -> Engine:
        async with self._opening:
            if self._engine is None:
                engine = await Engine.open(settings=self.settings, state_dir=self.state_dir)
                engine.sampler = sampler
                native = partial(NativeConsent, engine.store.folder)
                engine.native_consent = Native(native, [str(folder) for folder in self.folders])
                self._engine, self._sessions = engine, Sessions(engine)
            return self._engine

    async def sessions(self) -> Sessions:
        await self.engine()
        assert self._sessions is not None
        return self._sessions

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.close()

    @asynccontextmanager
    async def serving(self, context: Context) -> AsyncIterator[Client]:
        """The client of a tool call; what goes wrong is told to it as a sentence with a code and a remedy."""
        client = Client(context.session, context.request_id)
        token = calling.set(client)
        try:
            yield client
        except RlmError as error:
            raise ToolError(f"error {error.code}: {error}") from None
        finally:
            calling.reset(token)


def build(door: Door) -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer(
        "rlm-ls", title="rlm-ls", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    _tools(server, door)
    _resources(server, door)
    _prompts(server)
    return server


def _tools(server: MCPServer[Any], door: Door) -> None:
    reads = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(description=ASK, annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=True))
    async def ask(
        question: str,
        context: Context,
        paths: Paths = [],  # noqa: B006 - never changed; the schema shows it
        text: Text = None,
        model: Annotated[str | None, Field(description="A model by name, or offline; else the configured one")] = None,
        seconds: Annotated[float | None, Field(gt=0)] = None,
        usd: Annotated[float | None, Field(ge=0)] = None,
        turns: Annotated[int | None, Field(ge=1)] = None,
        tokens: Annotated[int | None, Field(ge=1)] = None,
        follow_up: Annotated[str | None, Field(description="The run_id of an earlier answer")] = None,
    ) -> Annotated[types.CallToolResult, Answered]:
        async with door.serving(context) as client:
            engine = await door.engine()
            bounds = await client.bounds(door.folders)
            request = AskRequest(
                question=question,
                scope=await bounds.scope(paths, text),
                model=model_for(engine, client, model),
                budget=Budget(turns=turns, seconds=seconds, usd=usd, tokens=tokens),
                follow_up=follow_up,
            )
            answer = await ask_engine(engine, request, client, context.report_progress)
            return await _result(answer)

    @server.tool(name="open", description=OPEN, annotations=reads)
    async def open_texts(
        context: Context,
        paths: Paths = [],  # noqa: B006
        text: Text = None,
        question: Annotated[str, Field(description="What is to be found out; kept in the history")] = "",
        follow_up: Annotated[str | None, Field(description="An earlier session or run: its variables persist")] = None,
    ) -> Annotated[types.CallToolResult, Opened]:
        async with door.serving(context) as client:
            sessions = await door.sessions()
            scope = await (await client.bounds(door.folders)).scope(paths, text)
            session, first = await sessions.open(question, scope, follow_up)
            told, card = first[0].content, first[-1].content
            opened = Opened(session=session.run_id, instructions=told, card=card)
            return shown(opened, f"Session {session.run_id}\n\n{told}\n\n{card}")

    @server.tool(description=RUN, annotations=reads)
    async def run(session: str, script: str, context: Context) -> Annotated[types.CallToolResult, Ran]:
        async with door.serving(context):
            output, answer = await (await door.sessions()).run(session, script)
            if answer is None:
                return shown(Ran(session=session, output=output), output)
            return shown(
                Ran(session=session, output=answer.answer, answer=answered(answer)), await _markdown(answer), answer
            )

    @server.tool(description=CHECK, annotations=reads)
    async def check(
        context: Context,
        citations: list[Cited] = [],  # noqa: B006
        run_id: str | None = None,
    ) -> Annotated[types.CallToolResult, Checked]:
        async with door.serving(context) as client:
            engine = await door.engine()
            if run_id is not None:
                checked = await check_answer(engine, run_id)
            else:
                checked = await check_citations(engine, citations, await client.bounds(door.folders))
            return shown(checked, "\n".join([checked.verdict, *checked.changes, *checked.unknown]))


async def _result(answer: Answer) -> types.CallToolResult:
    return shown(answered(answer), await _markdown(answer), answer)


async def _markdown(answer: Answer, question: str = "") -> str:
    return await asyncio.to_thread(answer_markdown, answer, question)


def _resources(server: MCPServer[Any], door: Door) -> None:
    @server.resource("rlm://answer/{run_id}", name="answer", mime_type="text/markdown")
    async def answer(run_id: str) -> str:
        """An answer with its citations, as Markdown."""
        engine = await door.engine()
        row = await engine.store.run(run_id)
        if row.answer is None:
            return f"# {line(row.question)}\n\nThis run has no answer: it is {row.status}.\n"
        return await _markdown(engine.answers.get(row.run_id) or Answer.model_validate(row.answer), row.question)

    @server.resource("rlm://trace/{run_id}", name="trace", mime_type="text/markdown")
    async def trace(run_id: str) -> str:
        """How an answer came about: every turn, program and observation."""
        engine = await door.engine()
        row = await engine.store.run(run_id)
        return await asyncio.to_thread(trace_markdown, row, await engine.store.events(row.run_id))


def _prompts(server: MCPServer[Any]) -> None:
    @server.prompt(name="ask_about_a_long_text", title="Ask about a long text")
    def ask_about(question: str, path: str) -> str:
        """A question about a file or folder that is too long to read."""
        return (
            f"Use the rlm-ls tool `ask` on {path!r} to answer, and cite the lines that prove it: {question}\n"
            "If the answer is not complete, `open` the path and `run` scripts of your own."
        )


def names(folders: Sequence[str]) -> tuple[Path, ...]:
    """The folders of the command line, links followed; the current one if none is named."""
    return tuple(Path(folder).expanduser().resolve() for folder in folders or ["."])
