"""`rlm/citations`: where the texts that an answer cites stand now. They move as the documents are edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire
from rlm_ls.lsp.wire_answers import wire_citations

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.engine.answer import Citation
    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.CITATIONS)
    async def request(params: wire.RunParams) -> list[dict[str, Any]]:
        _, now = await citations_now(services, params.run_id)
        return await wire_citations(services, params.run_id, now)


async def citations_now(services: Services, run_id: str) -> tuple[Sequence[Citation], Sequence[Citation]]:
    """The citations of a stored answer, and the same as they stand in the open texts and the files of this moment.

    Raises UnknownRun and SearchTimeout.
    """
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.trace.standing import standing_now

    row = await engine.store.run(run_id)
    citations = Answer.model_validate(row.answer).citations if row.answer is not None else ()
    buffers = await services.buffers.snapshot(tuple(dict.fromkeys(citation.uri for citation in citations)))
    async with services.jobs.few:
        return citations, await standing_now(engine, citations, buffers)
