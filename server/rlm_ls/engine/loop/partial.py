"""The answer of a run that ends without an accepted answer: what was found, always marked as partial."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlm_ls.engine.answer import Citation
from rlm_ls.executors.scripts.output import cap

EXCERPT = 1500


@dataclass(slots=True)
class Findings:
    """What a run has come to so far: its newest plan, its newest output, a draft that was not accepted."""

    plan: str = ""
    output: str = ""
    draft: str = ""
    draft_problem: str = ""
    citations: tuple[Citation, ...] = field(default=())


def partial_answer(findings: Findings, reason: str) -> str:
    """Markdown for the user: why there is no final answer, and what was found."""
    parts = [f"**No final answer: {reason.rstrip('.')}.**"]
    if findings.draft:
        parts.append(f"A draft that did not pass its checks ({findings.draft_problem}):\n\n{findings.draft}")
    if findings.plan:
        parts.append(f"The model was at: {findings.plan}")
    if findings.output:
        parts.append(f"Its newest findings:\n\n```text\n{cap(findings.output, EXCERPT).replace('```', '’’’')}\n```")
    if len(parts) == 1:
        parts.append("Nothing had been found yet.")
    return "\n\n".join(parts)
