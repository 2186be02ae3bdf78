"""`rlm/data`: the data and the tables of an answer, or all of it with its citations, to be copied or saved."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.DATA)
    async def request(params: wire.DataParams) -> dict[str, Any]:
        return await data(services, params)


async def data(services: Services, params: wire.DataParams) -> dict[str, Any]:
    """Raises UnknownRun."""
    engine = await services.engine_loader.engine()
    row = await engine.store.run(params.run_id)
    if params.format == "markdown" and row.answer is not None:
        from rlm_ls.engine.answer import Answer
        from rlm_ls.engine.sharing.cited import cited_markdown

        return {"text": await cited_markdown(Answer.model_validate(row.answer), row.question), "tables": 0}
    return await asyncio.to_thread(_made, row.answer or {}, params.format)


def _made(answer: dict[str, Any], form: str) -> dict[str, Any]:
    from rlm_ls.engine.trace.tables import as_csv, as_json, tables

    found = tables(str(answer.get("answer") or ""), answer.get("data"))
    text = as_csv(found) if form == "csv" else json.dumps(as_json(found), ensure_ascii=False, indent=1) + "\n"
    return {"text": text, "tables": len(found)}
