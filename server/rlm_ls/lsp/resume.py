"""`rlm/resume`: go on with a run that broke off, from where its trace ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.ask import budget_of, conduct
from rlm_ls.lsp.consent import ask_to_go_on
from rlm_ls.lsp.jobs import Job
from rlm_ls.lsp.showing import show_answer

if TYPE_CHECKING:
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.journal import Listener
    from rlm_ls.lsp.server import RlmServer


def register(server: RlmServer) -> None:
    @server.feature(wire.RESUME)
    async def request(params: wire.ResumeParams) -> dict[str, Any]:
        return await resume_as_job(server, params)


async def resume_as_job(server: RlmServer, params: wire.ResumeParams, *, tell: bool = False) -> dict[str, Any]:
    """The wire's Answer. Raises UnknownRun, BadRequest, DocumentChanged and what `rlm/ask` raises."""

    async def body(job: Job) -> dict[str, Any]:
        return await _resume(server, job, params)

    answer: dict[str, Any] = await server.jobs.run(
        server.client, f"rlm: going on with {params.run_id}", body, token=params.work_done_token, tell=tell
    )
    if params.show:
        await show_answer(server, answer["runId"])
    return answer


async def _resume(server: RlmServer, job: Job, params: wire.ResumeParams) -> dict[str, Any]:
    # Before all else that is awaited: the texts of the moment.
    buffers = await server.buffers.snapshot(server.buffers.uris())
    engine = await server.door.engine()
    budget = budget_of(params.budget)
    run_id = (await engine.store.run(params.run_id)).run_id

    async def start(listen: Listener) -> Answer:
        ask = partial(ask_to_go_on, server)
        return await engine.resume(run_id, listen, budget=budget, buffers=buffers, consent=ask, choice=params.model)

    return await conduct(server, job, engine, run_id, budget, params.partial_result_token, start)
