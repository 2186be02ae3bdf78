"""Watching: one question about texts that go on, asked again whenever they have, within one budget for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Answer, RunUsage
from rlm_ls.engine.budget.consent import Ask
from rlm_ls.engine.live.reach import since
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.setup.choosing import ModelFactory
from rlm_ls.engine.setup.preparation import limits, options
from rlm_ls.engine.trace.events import AnyEvent, ContextTaken, RunFinished
from rlm_ls.engine.trace.journal import Listener

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

MOST_LINES = 40
"""Lines of a difference."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. Without an `answer` the texts were as before, and nobody was asked.

    `news` is what had become of the texts, `difference` the lines of the answers that differ (`- ` then, `+ ` now);
    `changed`: it is another answer, or the first one. `spent` says that the budget is, so that nobody was asked.
    """

    answer: Answer | None = None
    changed: bool = False
    news: tuple[str, ...] = ()
    difference: tuple[str, ...] = ()
    spent: str = ""


@dataclass(slots=True)
class Watch:
    """`request.budget` limits each look in turns and seconds, and all of them together in tokens, dollars and
    sub-calls. Its looks are runs of the history. One look at a time."""

    engine: Engine
    request: AskRequest
    on_event: Listener
    consent: Ask | None = None
    model: ModelFactory | None = None
    last: Answer | None = None
    spent: list[RunUsage] = field(default_factory=list)
    _digest: str = ""
    _taken: str = ""

    async def look(self) -> Look:
        """Asks if the texts are not as they were. Raises what `ask` raises: the texts may be gone for a moment, and the
        next look is as good as any."""
        news: tuple[str, ...] = ()
        if self.last is not None:
            digest, news = await self._state(self.last)
            if digest == self._digest:
                return Look()
        if spent := self._spent():
            return Look(spent=spent)
        request = replace(self.request, budget=self._left())
        if self.last is not None:
            request = replace(request, follow_up=self.last.run_id, again=True)
        answer = await self.engine.ask(request, self._heard, consent=self.consent, model=self.model)
        self._digest = self._taken  # not before: what nobody could be asked about is news to the next look
        if answer.status != "answered":
            none = answer.status == "partial" and not answer.usage.model_calls
            return Look(answer, False, news, spent=f"The watch has spent its budget: {answer.reason}." if none else "")
        then, self.last = self.last, answer
        changed = then is None or (_words(then.answer), then.data) != (_words(answer.answer), answer.data)
        return Look(answer, changed, news, difference(then.answer, answer.answer) if then and changed else ())

    async def _state(self, then: Answer) -> tuple[str, tuple[str, ...]]:
        """The digest of the texts as they are now. Of a file that was not touched nothing is read."""
        engine = self.engine
        scope = self.request.scope
        taken = await Context.take(scope, engine.pool, options(engine.settings), engine.snapshot_cache)
        async with taken as context:
            if context.digest == self._digest:
                return context.digest, ()
            return context.digest, await since(context, engine.pool, then.coverage.up_to)

    def _heard(self, event: AnyEvent) -> None:
        if isinstance(event, ContextTaken):
            self._taken = event.digest
        elif isinstance(event, RunFinished) and not event.child:
            self.spent.append(event.answer.usage)
        self.on_event(event)

    def _left(self) -> Budget:
        """Of the budget, for one look more."""
        most = limits(self.request, self.engine.settings)
        return replace(
            self.request.budget,
            tokens=max(0, most.tokens - self.tokens),
            usd=max(0.0, most.usd - self.usd),
            sub_calls=max(0, most.sub_calls - sum(one.sub_calls for one in self.spent)),
        )

    def _spent(self) -> str:
        """Which limit leaves nothing for a look more, as a sentence; empty if none does."""
        most = limits(self.request, self.engine.settings)
        if self.tokens >= most.tokens:
            return f"The watch has spent its budget: {self.tokens:,} of {most.tokens:,} tokens (--tokens sets it)."
        if self.usd and self.usd >= most.usd:
            return f"The watch has spent its budget: ${self.usd:.4f} of ${most.usd:g} (--usd sets it)."
        return ""

    @property
    def tokens(self) -> int:
        return sum(one.prompt_tokens + one.completion_tokens for one in self.spent)

    @property
    def usd(self) -> float:
        return sum(one.usd or 0.0 for one in self.spent)


def _words(text: str) -> str:
    return " ".join(text.split())


def difference(then: str, now: str) -> tuple[str, ...]:
    """Lines that differ, those of then before those of now at each place."""
    old, new = [[line for line in text.splitlines() if line.strip()] for text in (then, now)]
    found: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [f"- {line}" for line in old[a:b]] + [f"+ {line}" for line in new[c:d]]
    return _cut(found)


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    more = len(lines) - MOST_LINES
    return tuple(lines) if more <= 0 else (*lines[:MOST_LINES], f"… and {more:,} lines more")
