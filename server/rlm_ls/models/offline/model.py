"""The offline model as a Model: the first rule that fits, then the best passages, then an honest "nothing found"."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Literal, Unpack

from rlm_ls.models.base import CallOptions, Message, Reply, Usage
from rlm_ls.models.offline import counting, definitions, passages, places, ranking
from rlm_ls.models.offline.question import OfflineDocument, Question
from rlm_ls.models.offline.script import Script, render

RULES: tuple[Callable[[Question], Script | None], ...] = (
    definitions.defined,
    definitions.inherits,
    definitions.definitions,
    counting.ratio,
    ranking.ranking,
    counting.grouped,
    counting.distinct,
    counting.sizes,
    counting.lines_or_times,
    ranking.statistics,
    places.first_or_last,
    places.which_lines,
)
"""In order: the first that knows the question writes the first script."""


class OfflineModel:
    """Answers one question, without any network. Each call after the first tries something broader."""

    name = "offline"
    kind: Literal["offline"] = "offline"
    local = True
    endpoint = ""
    window = sys.maxsize

    def __init__(self, question: str, documents: Sequence[OfflineDocument] = ()) -> None:
        self._question = Question(question, tuple(documents))

    async def prepare(self) -> None:
        """Nothing to find out."""

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return 0.0

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        attempt = sum(message.role == "assistant" for message in messages)
        scripts = self._scripts()
        text = render(scripts[min(attempt, len(scripts) - 1)], self._question)
        if (on_text := options.get("on_text")) is not None:
            on_text(text)
        return Reply(text, Usage(usd=0.0), self.name)

    def _scripts(self) -> list[Script]:
        ruled = next((script for rule in RULES if (script := rule(self._question)) is not None), None)
        rest = [passages.best_passages(self._question), passages.broad_passages(self._question)]
        return [*([ruled] if ruled else []), *rest, passages.nothing(self._question)]
