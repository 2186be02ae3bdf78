"""Whether what a program submitted is accepted as the run's answer, and what the model is told where it is not."""

from __future__ import annotations

from dataclasses import replace

from rlm_ls.engine.loop.observation import shortened
from rlm_ls.engine.loop.quotations import unmatched
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.loop.submission import CheckedSubmission, check
from rlm_ls.engine.setup.prompt import NOTHING_LOOKED_UP
from rlm_ls.executors.scripts.host import Submission

QUOTED = 200
"""Characters of a quotation that a model is told it invented."""


async def judge(run: Run, submission: Submission, failed: int) -> tuple[CheckedSubmission, str]:
    """The submission, checked, and why it is refused; "" where it is accepted.

    `failed` is the number of a block of the same reply that raised an error, 0 if none did. A refused submission is
    kept as the run's draft.
    """
    checked = await check(submission, run.host, run.request.schema, run.checker)
    problems = (f"block {failed} raised an error.", *checked.problems) if failed else checked.problems
    if run.small and not run.verbs and not checked.citations:
        problems = (*problems, NOTHING_LOOKED_UP)
    if not problems:
        checked, problems = await _check_quotations(run, checked)
    if not problems:
        return checked, ""
    run.findings.draft = checked.answer
    run.findings.citations = tuple(one for one in checked.citations if not one.charted)
    run.findings.draft_problem = shortened(" ".join(problems))
    return checked, f"submit was not accepted: {run.findings.draft_problem}"


async def accept_text(run: Run, text: str) -> CheckedSubmission:
    """A reply without programs, taken as the answer: no further turn can mend its quotations, so they are marked."""
    run.quotations_returned = True
    checked, _ = await _check_quotations(run, CheckedSubmission(text.strip(), None, (), ()))
    return checked


async def _check_quotations(run: Run, checked: CheckedSubmission) -> tuple[CheckedSubmission, tuple[str, ...]]:
    """Quotations that stand nowhere go back to the model once; if they come again they are marked in the answer."""
    missing = await unmatched(checked.answer, checked.citations, run.host, run.checker)
    if missing and not run.quotations_returned:
        run.quotations_returned = True
        return checked, tuple(
            f"the text holds no {quote[:QUOTED]!r}: quote it exactly, or say it in other words." for quote in missing
        )
    return replace(checked, answer=await run.checker.marked(checked.answer, missing)) if missing else checked, ()
