"""Looking again: a question of the history about its texts as they are now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.lookup import asked, first, scope_of
from rlm_ls.errors import BadRequest

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine


async def again(engine: Engine, run_id: str, budget: Budget | None = None, model: str | None = None) -> AskRequest:
    """The question of a run, to be asked about the same texts once more: its model is told the answer of then and what
    has come since. The limits are those of then, and the model what was named then, unless others are given.

    Its scope has no open texts: who has some adds them. Raises UnknownRun, BadRequest where the run has no beginning.
    """
    row = await engine.store.run(run_id)
    started = first(await engine.store.events(row.run_id), "runStarted")
    if not started:
        raise BadRequest(f"Run {row.run_id} broke off before it began.", "Ask anew.")
    folder = str(started.get("folder") or "")
    root = Path(folder) if folder and folder != os.getcwd() else None
    request = asked(started, scope_of(started, root))
    return replace(
        request,
        model=model or str(row.meta.get("model") or "") or None,
        budget=budget or request.budget,
        follow_up=row.run_id,
        again=True,
    )


async def texts_open_then(engine: Engine, run_id: str) -> frozenset[str]:
    """The URIs of the open texts that a run was about."""
    row = await engine.store.run(run_id)
    started: Mapping[str, object] = first(await engine.store.events(row.run_id), "runStarted")
    scope = started.get("scope")
    return frozenset(scope.get("buffers", ()) if isinstance(scope, Mapping) else ())
