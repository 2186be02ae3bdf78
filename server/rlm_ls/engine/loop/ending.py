"""The end of a run: its Answer, whether it found one, met a limit or broke off."""

from __future__ import annotations

import logging

from rlm_ls.engine.answer import Answer, Coverage, SkippedDocument
from rlm_ls.engine.loop.partial import partial_answer
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.loop.submission import CheckedSubmission
from rlm_ls.engine.submodels.calls import RunSubModelCalls
from rlm_ls.errors import RlmError, Unforeseen

log = logging.getLogger(__name__)


def finish(run: Run, status: str, reason: str, *, answer: CheckedSubmission | None = None) -> Answer:
    """The run's Answer, accepted or partial."""
    text = answer.answer if answer else partial_answer(run.findings, reason)
    return Answer.model_validate(
        {
            "run_id": run.journal.run_id,
            "status": status,
            "reason": reason or run.route_reason,
            "route": run.route,
            "answer": text,
            "data": answer.data if answer else None,
            "citations": answer.citations if answer else run.findings.citations,
            "charts": answer.charts if answer else (),
            "coverage": _coverage(run),
            "usage": run.ledger.usage(),
            "trace_uri": run.trace_uri,
            "model": run.model.name,
            "model_kind": run.model.kind,
            "warnings": tuple(dict.fromkeys([*run.warnings, *run.host.search.gone])),
        }
    )


def broken_off(run: Run, fault: BaseException) -> Answer:
    """What was found until something failed that nobody could help: the run is paid for, and ends in an Answer."""
    if isinstance(fault, RlmError) and fault.ends_run:
        return finish(run, "partial", str(fault))
    log.error("run %s broke off", run.journal.run_id, exc_info=fault)
    return finish(run, "partial", str(Unforeseen.of(fault)))


def _coverage(run: Run) -> Coverage:
    context, sub_models = run.host.context, run.host.sub_models
    sent = sub_models.characters_sent if isinstance(sub_models, RunSubModelCalls) else 0
    return Coverage(
        documents=context.count_of(context.limit),
        searched=len(run.host.searched),
        read=len(run.host.read),
        characters_read=run.characters_shown + sent,
        skipped=tuple(SkippedDocument(uri=item.uri, reason=item.reason) for item in context.skipped),
        up_to=run.up_to,
        cluster=run.host.search.pool.cluster,
    )
