"""Whether what a small model submitted holds: such a model takes the example's question for its own, and counts where
it was asked for a name. Where it does not hold, its run goes on by the guided route."""

from __future__ import annotations

import re

from rlm_ls.engine.guided.guide import Guide
from rlm_ls.engine.guided.proof import GuidedReply, proved
from rlm_ls.engine.guided.rules import rules_answer
from rlm_ls.engine.guided.standstill import MOST_REPLIES
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.loop.submission import CheckedSubmission

UNPROVED = "what you cite does not hold what you answer."
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")

_COUNTED = re.compile(
    r"\bhow (?:many|much|often|long|large|old)\b|\b(?:number|count|average|mean|median|sum|total|percent\w*|share)\b",
    re.I,
)
"""What asks for a number that stands in no line."""


async def unproved(run: Run, guide: Guide, submitted: CheckedSubmission) -> str:
    """Why the submission does not count, "" if it does. It has to say the numbers of what a rule understood; a name or
    a reason has to stand in the lines that are cited. A number that no rule can work out is believed."""
    attempts = await (await guide.rules()).attempts()
    question = run.request.question
    if attempts.ruled and (rules := await rules_answer(run, guide)).ruled:
        said = rules.checked.answer.split("\n\n")[0]
        holds = _numbers(said) - _numbers(question) <= _numbers(submitted.answer)
    elif attempts.number and _COUNTED.search(question):
        holds = True
    else:
        quotes = dict(enumerate(citation.quote for citation in submitted.citations))
        holds = bool(quotes) and proved(GuidedReply(submitted.answer, tuple(quotes)), question, quotes)
    if holds:
        return ""
    run.standstill.nowhere = MOST_REPLIES
    return UNPROVED


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}
