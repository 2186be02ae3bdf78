"""What the offline rules alone would have answered: kept where the model's answer is not proved."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_ls.engine.guided.guide import Guide
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.loop.submission import CheckedSubmission, check
from rlm_ls.engine.setup.opening.first_look import UNREAD, tried
from rlm_ls.errors import RlmError


@dataclass(frozen=True, slots=True)
class RulesAnswer:
    """`ruled`: a rule understood the question; else these are but the closest passages, or that there are none."""

    checked: CheckedSubmission
    ruled: bool
    words: tuple[str, ...]
    number: bool
    """The question asks for one, which no few passages prove."""


async def rules_answer(run: Run, guide: Guide) -> RulesAnswer:
    """The first answer of the rules that holds, their searches counted as the run's; empty where they have none."""
    attempts = await (await guide.rules()).attempts()
    for number, reply in enumerate(attempts.replies):
        host = await tried(guide.looking, reply, run.host.search.deadline_seconds)
        if host is None or host.submission is None:
            continue
        try:
            checked = await check(host.submission, run.host, None, run.checker, host.charts.values())
        except RlmError as error:
            if error.ends_run:
                raise
            continue
        if checked.problems:
            continue
        run.host.searched.update(host.searched)
        run.host.read |= host.read
        ruled = attempts.ruled and number == 0 and not checked.answer.startswith(UNREAD)
        return RulesAnswer(checked, ruled, attempts.words, attempts.number)
    return RulesAnswer(CheckedSubmission("", None, (), ()), False, attempts.words, attempts.number)
