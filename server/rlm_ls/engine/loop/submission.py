"""The check of what `submit` was given: the answer's form, the caller's schema, every citation against the snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rlm_ls.engine.answer import Chart, Citation
from rlm_ls.engine.citing.charted import charted
from rlm_ls.engine.citing.citing import cited
from rlm_ls.errors import ProgramError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.checking.plain import DATA, Bounds, plain, well_formed
from rlm_ls.executors.scripts.drawn import DrawnChart
from rlm_ls.executors.scripts.host import Submission, VerbHost

MAX_ANSWER = 200_000
"""Characters: some fifty pages."""
ANSWER = Bounds(values=5_000, characters=MAX_ANSWER, depth=64)
"""Of an answer that is no text."""


@dataclass(frozen=True, slots=True)
class CheckedSubmission:
    """A submission that may become the Answer, or the problems that go back to the model."""

    answer: str
    data: Any
    citations: tuple[Citation, ...]
    problems: tuple[str, ...]
    charts: tuple[Chart, ...] = ()


async def check(
    submission: Submission,
    host: VerbHost,
    schema: dict[str, Any] | None,
    checker: Checker,
    drawn: Iterable[DrawnChart] | None = None,
) -> CheckedSubmission:
    """Check a submission, and the charts that go with it: what the host's scripts have drawn, unless others are given.

    Whatever is wrong with it is a problem in words; nothing that a model wrote makes this raise."""
    problems: list[str] = []
    answer, data = "", None
    try:
        answer = _as_text(submission.answer)
        if not answer.strip():
            problems.append("the answer is empty.")
    except ProgramError as error:
        problems.append(str(error))
    if schema is None and (misplaced := _misplaced(submission)):
        problems.append(misplaced)
    try:
        data = plain(submission.data, DATA, "data")
        if schema is not None:
            problems += await checker.data_problems(data, schema)
    except ProgramError as error:
        problems.append(str(error))
    citations, wrong = await cited(submission.cite, host)
    charts, citations, wrong_points = await charted(
        tuple(host.charts.values() if drawn is None else drawn), citations, host
    )
    return CheckedSubmission(answer, data, citations, (*problems, *wrong, *wrong_points), charts)


def _misplaced(submission: Submission) -> str:
    """What else was meant by what nobody asked data for: Spans that stand behind one in its place, or all of it in one
    dict."""
    data = submission.data
    first = data[0] if isinstance(data, (list, tuple)) and data else data
    alone = submission.cite is not None and not isinstance(submission.cite, (list, tuple))
    if alone and "doc" in (getattr(first, "attributes", None) or ()):
        return "cite takes all Spans in one list: submit(answer, cite=[…]); data is for a caller's schema."
    if isinstance(submission.answer, dict) and "answer" in submission.answer:
        return "the answer is a text, and what it cites stands beside it: submit(text, cite=[…])."
    return ""


def _as_text(answer: Any) -> str:
    if isinstance(answer, str):
        if len(answer) > MAX_ANSWER:
            raise ProgramError(
                f"the answer has {len(answer):,} characters; {MAX_ANSWER:,} are allowed.", "Say it in short."
            )
        return well_formed(answer)
    if answer is None:
        return ""
    value = plain(answer, ANSWER, "the answer")
    if isinstance(value, (str, int, float)):
        return str(value)
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=1)}\n```"
