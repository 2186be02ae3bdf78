"""The offline model as a Model: the rule that the question's parse asks for, else the best passages, else an honest
"nothing found"."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Unpack

from rlm_ls.models.base import CallOptions, Message, Reply, Usage
from rlm_ls.models.offline.code import definitions, outside, parts
from rlm_ls.models.offline.grounding.mentions import is_row
from rlm_ls.models.offline.parsing.reading import LONGEST
from rlm_ls.models.offline.parsing.sentence import Ask
from rlm_ls.models.offline.question import OfflineDocument, Question
from rlm_ls.models.offline.rules import comparing, counting, moments, numbers, passages, ranking, values
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.prose import labels, lasting, told
from rlm_ls.models.offline.rules.script import Gives, Script
from rlm_ls.models.offline.rules.vouching import Passage, Vouched, render, vouched
from rlm_ls.models.offline.suites import outcomes

Rule = Callable[[Asked], Script | None]

WHOLE: tuple[Rule, ...] = (
    outcomes.tests,
    parts.default_of,
    parts.who_raises,
    parts.what_extends,
    parts.exported,
    parts.marked,
    parts.uses,
    parts.created,
    parts.part_of,
    outside.imported_from,
    outside.imports,
    outside.unit_tests,
    outside.variable,
    definitions.defined,
    definitions.inherits,
    definitions.definitions,
)
"""Rules that read the question by themselves, from its first word to its last."""

PARSED: tuple[Rule, ...] = (
    counting.ratio,
    counting.share,
    counting.exists,
    ranking.grouped,
    numbers.distinct_by,
    ranking.distinct,
    counting.counted,
    numbers.extreme,
    numbers.statistics,
    ranking.ranking,
    moments.span,
    moments.gap,
    moments.ends,
    moments.first_or_last,
    moments.which_lines,
)
"""Rules for what the parse says is asked; each knows its own kind."""


def first_script(question: str, documents: Sequence[OfflineDocument]) -> str:
    """The reply, a plan and a script in a fenced block, that the rules would try first. Pure: the same for the same
    question and documents, whose `sample` is all of the text that it sees."""
    return _attempts(Question(question, documents)).replies[0]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Replies that the rules would try, one after another. `ruled`: the first is a rule's that understood the question,
    and perhaps the next, where that finds nothing; the last three only look for passages. `words` are what those look
    for; `number`: the question asks for one."""

    replies: tuple[str, ...]
    ruled: bool
    words: tuple[str, ...]
    number: bool


class OfflineModel:
    """Answers one question, without any network. Each call after the first tries something broader."""

    name = "offline"
    kind: Literal["offline"] = "offline"
    local = True
    endpoint = ""
    window = sys.maxsize

    def __init__(self, question: str, documents: Sequence[OfflineDocument] = ()) -> None:
        self._question = Question(question, documents)

    async def prepare(self) -> None:
        """Nothing to find out."""

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return 0.0

    async def attempts(self) -> Attempts:
        """What it would reply, call by call."""
        return await asyncio.to_thread(_attempts, self._question)  # it may look at the names of 100,000 documents

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        attempt = sum(message.role == "assistant" for message in messages)
        replies = (await self.attempts()).replies
        text = replies[min(attempt, len(replies) - 1)]
        if (on_text := options.get("on_text")) is not None:
            on_text(text)
        return Reply(text, Usage(usd=0.0), self.name)


def _attempts(question: Question) -> Attempts:
    asked = Asked(question)
    ruled = _ruled(asked)
    rest: list[Passage] = [passages.best_passages(asked), passages.broad_passages(asked), passages.nothing(asked)]
    may: list[Vouched | Passage] = [*ruled, *rest]
    replies = tuple(render(one, question) for one in may)
    return Attempts(replies, bool(ruled), tuple(passages.words_of(question)), passages.asks_for_number(asked))


def _ruled(asked: Asked) -> list[Vouched]:
    """The rules' answers that are vouched for; the next where one finds nothing."""
    if len(asked.question.body) > LONGEST:
        return []
    readings: tuple[Callable[[], Script | None], ...] = (
        lambda: _by_block(asked),
        lambda: labels.labelled(asked),
        lambda: lasting.lasted(asked),
        lambda: told.told(asked),
        *(partial(rule, asked) for rule in WHOLE),
        lambda: counting.sizes(asked),
        lambda: None if asked.grounded is None else _by_parse(asked.grounded),
        lambda: values.set_to(asked),
        lambda: None if told.asks_for_name(asked) else passages.only_line(asked),
    )
    scripts = (read() for read in readings)
    return [
        found for script in scripts if script is not None and (found := vouched(asked.question, script)) is not None
    ]


ROWS = frozenset(["count", "groups", "top", "numbers", "extreme", "distinct", "exists", "share"])
"""What can be asked of a table that stands in a text."""


def _by_block(asked: Asked) -> Script | None:
    """By the one table in the text that explains all of the question; two of them might mean two things."""
    found = [
        script
        for one in asked.blocks
        if (read := one.grounded) is not None
        and read.reading.ask in ROWS
        and _of_table(read)
        and (script := _by_parse(read)) is not None
        and vouched(asked.question, script) is not None
    ]
    return found[0] if len(found) == 1 else None


def _of_table(read: Asked) -> bool:
    """Whether a question names something of the table: a column, a value, or what its rows are."""
    named = read.measure or read.thing or read.group or read.where.columns or read.reading.comparison
    return bool(named) or any(is_row(read.shape, word) for word in re.findall(r"\w+", read.question.lower))


GIVES: dict[Ask, Gives] = {
    "count": "count",
    "groups": "groups",
    "top": "ranking",
    "numbers": "number",
    "extreme": "ranking",
    "distinct": "values",
    "exists": "yes",
    "share": "share",
    "ratio": "number",
    "first": "time",
    "span": "time",
    "gap": "time",
    "ends": "lines",
    "lines": "lines",
}


def _by_parse(asked: Asked) -> Script | None:
    """By the one rule for what is asked, with the words that the reader left."""
    if asked.where.unclear or asked.front is None:
        return None
    rules = (comparing.compared,) if asked.reading.comparison else PARSED
    script = next((script for rule in rules if (script := rule(asked)) is not None), None)
    gives = GIVES[asked.reading.ask]
    if gives == "values" and asked.reading.many:
        gives = "count"
    if gives == "number" and any(column.kind == "time" for column in asked.front.wanted):
        gives = "time"
    return None if script is None else script.reading(asked.front.left, gives)
