"""`rlm/resume`: go on with a run that broke off, from where its trace ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.jobs.consent import ask_to_go_on
from rlm_ls.lsp.jobs.jobs import Job
from rlm_ls.lsp.jobs.show_answer import show_answer
from rlm_ls.lsp.requests.ask import budget_of, conduct

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.trace.journal import Listener
    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.RESUME)
    async def request(params: wire.ResumeParams) -> dict[str, Any]:
        return await resume_as_job(services, params)


async def resume_as_job(services: Services, params: wire.ResumeParams, *, show_errors: bool = False) -> dict[str, Any]:
    """The wire's Answer. Raises UnknownRun, BadRequest, DocumentChanged and what `rlm/ask` raises."""

    async def body(job: Job) -> dict[str, Any]:
        return await _resume(services, job, params)

    answer: dict[str, Any] = await services.jobs.run(
        services.client,
        f"rlm: going on with {params.run_id}",
        body,
        token=params.work_done_token,
        show_errors=show_errors,
    )
    if params.show:
        await show_answer(services, answer["runId"])
    return answer


async def _resume(services: Services, job: Job, params: wire.ResumeParams) -> dict[str, Any]:
    # Before all else that is awaited: the texts of the moment.
    buffers = await services.buffers.snapshot(services.buffers.uris())
    engine = await services.engine_loader.engine()
    budget = budget_of(params.budget)
    run_id = (await engine.store.run(params.run_id)).run_id

    async def start(listen: Listener) -> Answer:
        ask = partial(ask_to_go_on, services)
        return await engine.resume(run_id, listen, budget=budget, buffers=buffers, consent=ask, choice=params.model)

    return await conduct(services, job, engine, run_id, budget, params.partial_result_token, start)
