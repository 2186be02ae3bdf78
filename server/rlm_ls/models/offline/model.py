"""The offline model as a Model: the rule that the question's parse asks for, else the best passages, else an honest
"nothing found"."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Unpack

from rlm_ls.models.base import CallOptions, Message, Reply, Usage
from rlm_ls.models.offline.code import definitions, parts
from rlm_ls.models.offline.parsing.reading import LONGEST
from rlm_ls.models.offline.question import OfflineDocument, Question
from rlm_ls.models.offline.rules import counting, moments, numbers, passages, ranking, told, values
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, render

Rule = Callable[[Asked], Script | None]

CODE: tuple[Rule, ...] = (
    parts.default_of,
    parts.who_raises,
    parts.what_extends,
    parts.exported,
    parts.marked,
    parts.uses,
    parts.created,
    parts.part_of,
    definitions.defined,
    definitions.inherits,
    definitions.definitions,
)
"""Rules that read the question by themselves: they know the words for what code is made of."""

PARSED: tuple[Rule, ...] = (
    counting.sizes,
    counting.ratio,
    counting.share,
    counting.exists,
    counting.grouped,
    numbers.distinct_by,
    counting.distinct,
    counting.counted,
    numbers.extreme,
    numbers.statistics,
    ranking.ranking,
    moments.span,
    moments.ends,
    moments.first_or_last,
    moments.which_lines,
    values.set_to,
)
"""Rules for what the parse says is asked; each knows its own kind."""


def first_script(question: str, documents: Sequence[OfflineDocument]) -> str:
    """The reply, a plan and a script in a fenced block, that the rules would try first. Pure: the same for the same
    question and documents, whose `sample` is all of the text that it sees."""
    return _attempts(Question(question, documents)).replies[0]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Replies that the rules would try, one after another. `ruled`: the first is a rule's that understood the question;
    the others only look for passages. `words` are what those look for; `number`: the question asks for one."""

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
    rest = [passages.best_passages(asked), passages.broad_passages(asked), passages.nothing(asked)]
    replies = tuple(render(script, question) for script in [*([ruled] if ruled else []), *rest])
    return Attempts(replies, ruled is not None, tuple(passages.words_of(question)), passages.asks_for_number(asked))


def _ruled(asked: Asked) -> Script | None:
    if len(asked.question.body) > LONGEST:
        return None
    if (found := _by_block(asked)) is not None:
        return found
    if told.is_prose(asked) and (found := told.told(asked)) is not None:
        return found
    for rule in CODE:
        if (script := rule(asked)) is not None:
            return script
    if asked.reading.ask in {"ratio", "ends", "span"}:
        return _by_parse(asked)
    if (other := asked.grounded) is not None and (found := _by_parse(other)) is not None:
        return found
    return _by_parse(asked)


ROWS = frozenset(["count", "groups", "top", "numbers", "extreme", "distinct", "exists", "share"])
"""What can be asked of a table that stands in a text."""


def _by_block(asked: Asked) -> Script | None:
    """By the one table in the text that explains all of the question; two of them might mean two things."""
    found = [
        script
        for one in asked.blocks
        if (read := one.grounded) is not None
        and read.reading.ask in ROWS
        and (read.measure or read.thing or read.group or read.where.columns)
        and (script := _by_parse(read)) is not None
    ]
    return found[0] if len(found) == 1 else None


def _by_parse(asked: Asked) -> Script | None:
    if asked.where.unclear:
        return None
    rules = (numbers.compared,) if asked.reading.comparison else PARSED
    return next((script for rule in rules if (script := rule(asked)) is not None), None)
