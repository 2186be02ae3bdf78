"""`workspace/executeCommand`: the custom requests for clients that can only run commands.

The ids differ from those of the editors' palettes (`rlm.ask`…): vscode-languageclient registers a server's commands
globally.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from rlm_ls.errors import RlmError
from rlm_ls.lsp import wire
from rlm_ls.lsp.features import excerpts
from rlm_ls.lsp.jobs.show_answer import show_excerpt
from rlm_ls.lsp.requests.ask import ask_as_job
from rlm_ls.lsp.requests.clear_cache import clear_cache
from rlm_ls.lsp.requests.doctor import doctor
from rlm_ls.lsp.requests.excerpt import address_asked_for
from rlm_ls.lsp.requests.resume import resume_as_job
from rlm_ls.lsp.requests.runs import delete_runs, runs
from rlm_ls.lsp.requests.stop import stop
from rlm_ls.lsp.requests.trace import trace

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services

ASK = "rlm.server.ask"
RESUME = "rlm.server.resume"
STOP = "rlm.server.stop"
RUNS = "rlm.server.runs"
DELETE_RUNS = "rlm.server.deleteRuns"
TRACE = "rlm.server.trace"
DOCTOR = "rlm.server.doctor"
CLEAR_CACHE = "rlm.server.clearCache"
EXCERPT = excerpts.OPEN

Run = TypeVar("Run", wire.AskParams, wire.ResumeParams)


def register(server: LanguageServer, services: Services) -> None:
    @server.command(ASK)
    async def ask_command(params: types.ExecuteCommandParams) -> dict[str, Any] | None:
        argument = _argument(ASK, params)
        missing = {"question": "", "scope": {"kind": "workspace"}} if argument.get("again") else {"question": ""}
        asked = wire.structure(ASK, {**missing, **argument}, wire.AskParams)
        if not asked.question.strip() and not asked.again:
            question = await _choose_question(services)
            if question is None:
                return None
            asked = attrs.evolve(asked, question=question)
        return await ask_as_job(
            services, _for_client(services, asked, params), show_errors=not services.client.has_commands
        )

    @server.command(RESUME)
    async def resume_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        asked = wire.structure(RESUME, _argument(RESUME, params), wire.ResumeParams)
        return await resume_as_job(
            services, _for_client(services, asked, params), show_errors=not services.client.has_commands
        )

    @server.command(STOP)
    async def stop_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        return stop(services, wire.structure(STOP, _argument(STOP, params), wire.RunParams))

    @server.command(RUNS)
    async def runs_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        return await _showing_errors(
            services, runs(services, wire.structure(RUNS, _argument(RUNS, params), wire.RunsParams))
        )

    @server.command(DELETE_RUNS)
    async def delete_runs_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        asked = wire.structure(DELETE_RUNS, _argument(DELETE_RUNS, params), wire.DeleteRunsParams)
        return await _showing_errors(services, delete_runs(services, asked))

    @server.command(TRACE)
    async def trace_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        return await _showing_errors(
            services, trace(services, wire.structure(TRACE, _argument(TRACE, params), wire.TraceParams))
        )

    @server.command(DOCTOR)
    async def doctor_command(_: types.ExecuteCommandParams) -> dict[str, Any]:
        return await _showing_errors(services, doctor(services))

    @server.command(CLEAR_CACHE)
    async def clear_cache_command(_: types.ExecuteCommandParams) -> dict[str, Any]:
        return await _showing_errors(services, clear_cache(services))

    @server.command(EXCERPT)
    async def excerpt_command(params: types.ExecuteCommandParams) -> dict[str, Any]:
        asked = wire.structure(EXCERPT, _argument(EXCERPT, params), wire.ExcerptParams)
        return await _showing_errors(services, _show_excerpt(services, asked))


async def _show_excerpt(services: Services, asked: wire.ExcerptParams) -> dict[str, Any]:
    address = await address_asked_for(services, asked)
    await show_excerpt(services, address)
    return {"uri": str(address)}


def _for_client(services: Services, asked: Run, params: types.ExecuteCommandParams) -> Run:
    """The parameters for a request: the command's token where the argument has none; a client without a plugin is shown
    the answer."""
    return attrs.evolve(
        asked,
        work_done_token=params.work_done_token if asked.work_done_token is None else asked.work_done_token,
        show=not services.client.has_commands if asked.show is None else asked.show,
    )


def _argument(command: str, params: types.ExecuteCommandParams) -> dict[str, Any]:
    """The one object that a command takes; none is an empty one."""
    arguments = list(params.arguments or ())
    if not arguments:
        return {}
    if len(arguments) > 1 or not isinstance(arguments[0], dict):
        raise JsonRpcInvalidParams(f"{command}: one object is expected as the only argument.")
    return dict(arguments[0])


async def _choose_question(services: Services) -> str | None:
    message = "rlm-ls: what about it? (For a question of your own, write a line `rlm: your question?` in the text.)"
    chosen = await services.client.choose(message, list(wire.QUESTIONS))
    return wire.QUESTIONS[chosen] if chosen is not None else None


async def _showing_errors(services: Services, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """A short command: no progress, but its failure is shown to users of clients that show no errors of commands."""
    try:
        return await work
    except RlmError as error:
        if not services.client.has_commands:
            services.client.show(types.MessageType.Error, f"rlm-ls: {error}")
        raise
