"""The one door for answers. A script that states a number, a name, a table, yes or no is run only if each word of the
question that carries meaning was used by it, and if what it gives is the kind of thing that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.models.offline.grounding.little import HARMLESS, SEEN_VERBS, TURNING
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION
from rlm_ls.models.offline.question import Question
from rlm_ls.models.offline.rules.script import NOTE, Gives, Script

COUNTED: frozenset[Gives] = frozenset(["count", "number", "groups", "values", "passage", "code", "ranking"])
FOCUS: tuple[tuple[str, frozenset[Gives]], ...] = (
    (r"(?:what |which )?(?:percentage|percent|share|fraction|proportion|%)", frozenset(["share", "passage"])),
    (r"how (?:often|frequently)|how many times", frozenset(["count", "groups", "ranking", "passage"])),
    (
        r"how many|(?:the )?(?:number|count) of",
        COUNTED,
    ),
    (
        r"how (?:much|long|big|large|old|far|tall|high|heavy|deep|wide|fast|slow|warm)",
        frozenset(["number", "ranking", "time", "line", "passage", "count", "groups"]),
    ),
    (
        r"(?:since |until |till )?when|(?:at |on |in |since |until |during )?(?:what|which) "
        r"(?:time|date|day|hour|minute|month|week|year)s?",
        frozenset(["time", "ranking", "passage", "values", "lines"]),
    ),
    (r"why", frozenset(["passage"])),
    (r"(?:the )?(?:total|sum) of", frozenset(["number", "groups", "ranking"])),
    (
        r"(?:is|are|was|were|did|does|do|has|have|had|can) ",
        frozenset(["yes", "count", "passage", "ranking"]),
    ),
)
"""How a question begins, and which kinds of answers it can have; others may have any."""


GROUPING = frozenset(["per", "each", "every"])
"""What stands behind these keeps the answer apart."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """A script that may answer. Only `vouched` makes one."""

    script: Script


@dataclass(frozen=True, slots=True)
class Passage:
    """A script that answers nothing: it says that the question was not understood, and shows the closest lines."""

    script: Script


def vouched(question: Question, script: Script) -> Vouched | None:
    """None where the script left a word that carries meaning, or says nothing of what it left."""
    if script.left is None or script.gives is None:
        return None
    if not all(harmless(word) for word in script.left):
        return None
    return Vouched(script) if _fits(question, script.gives) else None


def harmless(word: str) -> bool:
    """Whether a word that nothing used changes nothing: it holds the sentence together, or says that something is
    there."""
    lower = word.lower()
    if lower in GROUPING or lower in TURNING - FUNCTION:
        return False
    return lower in FUNCTION or lower in HARMLESS or lower in SEEN_VERBS


def _fits(question: Question, gives: Gives) -> bool:
    asked = next(
        (kinds for start, kinds in FOCUS if re.match(rf"\W*(?:please )?(?:{start})\b", question.body, re.IGNORECASE)),
        None,
    )
    return asked is None or gives in asked


def unused(question: Question, *used: str) -> Sequence[str]:
    """The words of a question but for those of the pieces that were used."""
    text = question.unnamed
    for piece in sorted(used, key=len, reverse=True):
        text = text.replace(piece, " ", 1) if piece else text
    return re.findall(r"[\w@#$%-]+", text)


def render(may: Vouched | Passage, question: Question) -> str:
    """A whole reply: the plan, and the code with its ending in one fenced block."""
    written = may.script
    ending = f"'\\n\\n*{NOTE}*'"
    if question.wants_answer_line:
        ending += " + f'\\nANSWER: {short}'"
    lines = [
        written.code,
        "if answer:",
        *([f"    {line}" for line in written.chart.split("\n")] if written.chart else []),
        f"    submit(answer + {ending}, cite=cite)",
        "else:",
        "    print('Nothing found.')",
    ]
    return f"{written.plan}\n\n```python\n" + "\n".join(lines) + "\n```"
