"""`rlm/data`: the data, the charts and the tables of an answer, or all of it with its citations, to be copied or saved;
and `rlm/charts`: its charts as pictures."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.engine.answer import Answer
    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.DATA)
    async def request(params: wire.DataParams) -> dict[str, Any]:
        return await data(services, params)

    @server.feature(wire.CHARTS)
    async def pictures(params: wire.ChartsParams) -> dict[str, Any]:
        return await services.jobs.shared(params, lambda: charts(services, params))


async def data(services: Services, params: wire.DataParams) -> dict[str, Any]:
    """Raises UnknownRun."""
    engine = await services.engine_loader.engine()
    row = await engine.store.run(params.run_id)
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.sharing.cited import cited_markdown

    answer = None if row.answer is None else Answer.model_validate(row.answer)
    if params.format == "markdown" and answer is not None:
        return {"text": await cited_markdown(answer, row.question), "tables": 0}
    return await asyncio.to_thread(_made, answer, params.format)


async def charts(services: Services, params: wire.ChartsParams) -> dict[str, Any]:
    """For clients that can show pictures. Raises UnknownRun."""
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.answer import Answer
    from rlm_ls.engine.trace.charts.pictures import pictures

    row = await engine.store.run(params.run_id)
    if row.answer is None:
        return {"charts": []}
    return {"charts": await asyncio.to_thread(pictures, Answer.model_validate(row.answer).charts)}


def _made(answer: Answer | None, form: str) -> dict[str, Any]:
    from rlm_ls.engine.trace.tables import as_csv, as_json, tables

    found = [] if answer is None else tables(answer)
    text = as_csv(found) if form == "csv" else json.dumps(as_json(found), ensure_ascii=False, indent=1) + "\n"
    return {"text": text, "tables": len(found)}
