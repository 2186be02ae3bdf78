"""`rlm/ask`: one question, one run, one Answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.jobs.consent import ask_to_go_on
from rlm_ls.lsp.jobs.jobs import Job
from rlm_ls.lsp.jobs.show_answer import show_answer
from rlm_ls.lsp.jobs.streaming import RunStream
from rlm_ls.lsp.wire_answers import wire_answer
from rlm_ls.lsp.workspace.buffers import key_of
from rlm_ls.lsp.workspace.scopes import take_scope
from rlm_ls.lsp.workspace.surroundings import CapturedSurroundings

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.context.scope import Buffer, Scope
    from rlm_ls.context.surroundings import Surroundings
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.engine import Engine
    from rlm_ls.engine.request import AskRequest, Budget
    from rlm_ls.engine.trace.journal import Listener
    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.ASK)
    async def ask(params: wire.AskParams) -> dict[str, Any]:
        return await ask_as_job(services, params)


async def ask_as_job(services: Services, params: wire.AskParams, *, show_errors: bool = False) -> dict[str, Any]:
    """Run the question and return the wire's Answer. `show_errors`: errors are shown to the user as well.

    Raises RlmError for what is wrong before the first turn; afterwards a failure is an Answer that says so.
    """
    title = f"rlm: {_short(params.question or f'looking again at {params.again}')}"

    async def body(job: Job) -> dict[str, Any]:
        return await _ask(services, job, params)

    answer: dict[str, Any] = await services.jobs.run(
        services.client, title, body, token=params.work_done_token, show_errors=show_errors
    )
    if params.show and answer["runId"]:
        await show_answer(services, answer["runId"])
    return answer


async def _ask(services: Services, job: Job, params: wire.AskParams) -> dict[str, Any]:
    # First of all, and before anything is awaited: the texts are those of the moment the question was asked.
    seen = CapturedSurroundings(services, params.editor)
    opened = await services.buffers.snapshot(services.buffers.uris()) if params.again else ()
    scope = None if params.again else await take_scope(services, params.scope)
    surroundings = await seen.surroundings()
    if not await job.unless_stopped(services.engine_loader.engine()):
        return _stopped_early(job)
    engine = await services.engine_loader.engine()
    if scope is None:
        request = await _again(services, engine, params, opened, surroundings)
    else:
        request = request_of(params, scope, surroundings)

    async def start(listen: Listener) -> Answer:
        return await engine.ask(request, listen, consent=partial(ask_to_go_on, services))

    return await conduct(services, job, engine, str(request.run_id), request.budget, params.partial_result_token, start)


async def conduct(
    services: Services,
    job: Job,
    engine: Engine,
    run_id: str,
    budget: Budget,
    partial_token: int | str | None,
    start: Callable[[Listener], Awaitable[Answer]],
) -> dict[str, Any]:
    """One run from its start to the wire's Answer: what the client hears of it, and how it is stopped."""
    job.run_id = run_id
    job.on_stop = lambda: engine.stop(run_id)
    turns = engine.settings.budget.turns if budget.turns is None else budget.turns
    stream = RunStream(services.client, job, partial_token, turns)
    sent: dict[str, Any] | None = None
    try:
        answer = await start(stream.take)
        sent = await wire_answer(services, answer)
    finally:
        job.on_stop = None
        stream.close(sent)
    job.outcome = answer.status if answer.status == "answered" else f"{answer.status}: {answer.reason}"
    return sent


async def _again(
    services: Services, engine: Engine, params: wire.AskParams, opened: Sequence[Buffer], surroundings: Surroundings
) -> AskRequest:
    """A run's question about its texts as they are now; of those that are open as they were when it was asked."""
    from rlm_ls.engine.engine import new_run_id
    from rlm_ls.engine.live.again import again, texts_open_then

    run_id = str(params.again)
    budget = budget_of(params.budget) if params.budget is not None else None
    request = await again(engine, run_id, budget, params.model)
    known = {key_of(uri) for uri in (*request.scope.files, *await texts_open_then(engine, run_id))}
    wanted = [
        one for one in opened if key_of(one.uri) in known or (request.scope.roots and services.folders.holds(one.uri))
    ]
    scope = replace(request.scope, buffers=tuple(wanted))
    return replace(request, scope=scope, run_id=new_run_id(), surroundings=surroundings)


def request_of(params: wire.AskParams, scope: Scope, surroundings: Surroundings) -> AskRequest:
    """The engine's request, with a run id of its own."""
    from rlm_ls.engine.engine import new_run_id
    from rlm_ls.engine.request import AskRequest

    return AskRequest(
        question=params.question,
        scope=scope,
        model=params.model,
        levels=None if params.levels is None else tuple(params.levels),
        budget=budget_of(params.budget),
        schema=params.schema,
        follow_up=params.follow_up,
        run_id=new_run_id(),
        surroundings=surroundings,
        coordinator=bool(params.coordinator),
    )


def budget_of(params: wire.BudgetParams | None) -> Budget:
    from rlm_ls.engine.request import Budget

    given = params or wire.BudgetParams()
    return Budget(given.turns, given.seconds, given.usd, given.tokens, given.sub_calls, given.depth)


def _stopped_early(job: Job) -> dict[str, Any]:
    """The Answer of a run that was stopped before there was one: it is not in the store, and has no id."""
    reason = "Stopped before the run began."
    job.outcome = f"cancelled: {reason}"
    calls = ("turns", "modelCalls", "subCalls", "cachedCalls")
    usage = (*calls, "promptTokens", "completionTokens", "cachedTokens", "estimatedTokens", "seconds")
    return {
        "runId": "",
        "status": "cancelled",
        "reason": reason,
        "route": "rlm",
        "answer": "",
        "data": None,
        "citations": [],
        "coverage": {"documents": 0, "searched": 0, "read": 0, "charactersRead": 0, "skipped": []},
        "usage": {**dict.fromkeys(usage, 0), "usd": None},
        "traceUri": "",
        "model": "",
        "modelKind": "live",
        "warnings": [],
    }


def _short(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= 60 else line[:59] + "…"
