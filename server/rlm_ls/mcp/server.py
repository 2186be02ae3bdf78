"""What `rlm-ls mcp` offers: tools, resources and a prompt, over one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from rlm_ls import __version__
from rlm_ls.errors import RlmError
from rlm_ls.mcp.results import Answered, Checked, Cited, Given, Opened, Ran
from rlm_ls.settings.sections import Settings

if TYPE_CHECKING:
    from rlm_ls.mcp.calls import Calls
    from rlm_ls.mcp.client import Client

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
    """What is served to all clients of this process. `folders` bound what may be read.

    The engine is loaded and opened at the first call: clients wait for `initialize` and the list of tools.
    """

    settings: Settings
    folders: tuple[Path, ...]
    state_dir: Path | None = None
    _calls: Calls | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def calls(self) -> Calls:
        async with self._opening:
            if self._calls is None:
                module = await asyncio.to_thread(import_module, "rlm_ls.mcp.calls")
                self._calls = await module.Calls.open(self.settings, self.folders, self.state_dir)
            return self._calls

    async def close(self) -> None:
        if self._calls is not None:
            await self._calls.close()

    @asynccontextmanager
    async def serving(self, context: Context) -> AsyncIterator[tuple[Calls, Client]]:
        """What answers a tool call, and whose it is; what goes wrong is told as a sentence with a code and a remedy."""
        try:
            calls = await self.calls()
            with calls.of(context) as client:
                yield calls, client
        except RlmError as error:
            raise ToolError(f"error {error.code}: {error}") from None


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
        async with door.serving(context) as (calls, client):
            limits = {"turns": turns, "seconds": seconds, "usd": usd, "tokens": tokens}
            given = Given(question, paths, text, model, limits, follow_up)
            return await calls.ask(client, given, context.report_progress)

    @server.tool(name="open", description=OPEN, annotations=reads)
    async def open_texts(
        context: Context,
        paths: Paths = [],  # noqa: B006
        text: Text = None,
        question: Annotated[str, Field(description="What is to be found out; kept in the history")] = "",
        follow_up: Annotated[str | None, Field(description="An earlier session or run: its variables persist")] = None,
    ) -> Annotated[types.CallToolResult, Opened]:
        async with door.serving(context) as (calls, client):
            return await calls.open_session(client, Given(question, paths, text, follow_up=follow_up))

    @server.tool(description=RUN, annotations=reads)
    async def run(session: str, script: str, context: Context) -> Annotated[types.CallToolResult, Ran]:
        async with door.serving(context) as (calls, _):
            return await calls.run(session, script)

    @server.tool(description=CHECK, annotations=reads)
    async def check(
        context: Context,
        citations: list[Cited] = [],  # noqa: B006
        run_id: str | None = None,
    ) -> Annotated[types.CallToolResult, Checked]:
        async with door.serving(context) as (calls, client):
            return await calls.check(client, citations, run_id)


def _resources(server: MCPServer[Any], door: Door) -> None:
    @server.resource("rlm://answer/{run_id}", name="answer", mime_type="text/markdown")
    async def answer(run_id: str) -> str:
        """An answer with its citations, as Markdown."""
        return await (await door.calls()).answer(run_id)

    @server.resource("rlm://trace/{run_id}", name="trace", mime_type="text/markdown")
    async def trace(run_id: str) -> str:
        """How an answer came about: every turn, program and observation."""
        return await (await door.calls()).trace(run_id)


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
