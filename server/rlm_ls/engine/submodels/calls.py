"""A run's sub-models and child runs (L4): a call is announced, paid for, recorded, and only then seen by a script."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rlm_ls.context.document import Selection
from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.budget.payment import LimitReached, Paid, pay
from rlm_ls.engine.loop.observation import shortened
from rlm_ls.engine.submodels.dispatcher import Dispatcher, SubCallOutcome, key_of
from rlm_ls.engine.trace.events import SubCallFinished, SubCallsStarted
from rlm_ls.engine.trace.journal import Journal
from rlm_ls.errors import LevelUnavailable, ProgramError, RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.submodels.calls import ChildAnswer, FailedSubCall, SubCall, SubCallReply, SubRole
from rlm_ls.models.base import Message, Model, Reply, spent
from rlm_ls.models.profiles import Profile, room_within

log = logging.getLogger(__name__)

PLACES_NAMED = 20
"""Parts of the text that the announcement of a batch names."""

INSTRUCTIONS = 500
"""Tokens of a sub-call's window for its system message and prompt."""

AHEAD = 2
"""Calls in preparation (their text read, the cache asked) for each that may be under way."""


@dataclass(frozen=True, slots=True)
class SubModel:
    model: Model
    profile: Profile


ChildRun = Callable[[str, Selection, tuple[str, ...] | None, dict[str, Any] | None], Awaitable[ChildAnswer]]
"""Starts a child run and waits for it."""


@dataclass(slots=True)
class RunSubModelCalls:
    """Implements `SubModelCalls` for one run. `known` are replies of a trace: they are used, and booked, as they were
    then."""

    models: Mapping[SubRole, SubModel]
    dispatcher: Dispatcher
    journal: Journal
    ledger: Ledger
    checker: Checker
    known: Mapping[str, SubCallOutcome] = field(default_factory=dict)
    booked: set[str] = field(default_factory=set)
    """Keys of `known` that have been used: of a call that was made twice only the first was paid for."""
    start_child: ChildRun | None = None
    characters_sent: int = 0
    batches: int = 0

    def characters(self, role: SubRole = "sub") -> int:
        sub = self._of(role)
        room = sub.model.window - sub.profile.reply_tokens - INSTRUCTIONS
        return max(1000, min(sub.profile.characters, int(room * self.ledger.characters_per_token)))

    async def ask(self, calls: Sequence[SubCall]) -> list[SubCallReply | FailedSubCall]:
        if not calls:
            return []
        sub = self._of(calls[0].role)
        self.batches += 1
        batch = self.batches
        await self.journal.emit(_announcement(self.ledger.turns, batch, calls, sub.model))
        results: list[SubCallReply | FailedSubCall] = [FailedSubCall("not asked")] * len(calls)
        waiting = iter(enumerate(calls))
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(len(calls), AHEAD * self.dispatcher.concurrency.width(sub.model))):
                workers.create_task(self._work(sub, batch, waiting, results))
        await self.journal.flush()
        return results

    async def child(
        self, question: str, within: Selection, *, levels: tuple[str, ...] | None, schema: dict[str, Any] | None
    ) -> ChildAnswer:
        if self.start_child is None or self.ledger.limits.depth < 1:
            raise LevelUnavailable(
                "rlm() is not available here: this run may have no child runs (budget.depth).",
                "Use llm_map over chunks, or the other verbs.",
            )
        if not question.strip():
            raise ProgramError("rlm() was given an empty question.")
        return await self.start_child(question, within, levels, schema)

    def _of(self, role: SubRole) -> SubModel:
        if (sub := self.models.get(role)) is None:
            raise LevelUnavailable(f"No model is configured for the role {role}.", "Judge what you print yourself.")
        return sub

    async def _work(
        self,
        sub: SubModel,
        batch: int,
        waiting: Iterator[tuple[int, SubCall]],
        results: list[SubCallReply | FailedSubCall],
    ) -> None:
        for index, call in waiting:
            key, reply = await self._one(sub, call)
            if not reply.error:
                self.characters_sent += call.characters
            self.journal.emit_nowait(_finished(self.ledger.turns, batch, index, key, reply))
            await self.dispatcher.remember(key, sub.model, reply)
            results[index] = FailedSubCall(reply.error) if reply.error else SubCallReply(reply.text, reply.cached)

    async def _one(self, sub: SubModel, call: SubCall) -> tuple[str, SubCallOutcome]:
        """The call's key and what came of it; whatever goes wrong is in the reply."""
        key = ""
        try:
            prompt = call.prompt if call.text is None else f"{call.prompt}\n\n{await call.text()}"
            messages = (Message("system", call.system), Message("user", prompt))
            allowed = sub.profile.reply_tokens
            key = key_of(sub.model.name, messages, allowed, call.schema)
            if (known := self.known.get(key)) is not None:
                return key, self._as_then(key, known)

            async def paid() -> SubCallOutcome:
                return await self._pay(sub, messages, call.schema)

            reply = await self.dispatcher.reply(key, sub.model, paid)
        except LimitReached as reached:
            return key, SubCallOutcome("", f"not asked: {reached}.")
        except RlmError as error:
            return key, SubCallOutcome("", shortened(str(error)), usage=spent(error))
        except Exception as fault:  # a defect of ours, or a reply nobody foresaw; it harms none of the others
            log.exception("a sub-call failed")
            return key, SubCallOutcome("", f"the call failed inside the server ({type(fault).__name__})")
        if reply.cached:
            self.ledger.found_in_cache()
        return key, reply

    async def _pay(self, sub: SubModel, messages: Sequence[Message], schema: dict[str, Any] | None) -> SubCallOutcome:
        async def ask(room: int) -> Paid:
            def complete() -> Awaitable[Reply]:
                return model.complete(
                    messages,
                    max_tokens=room,
                    schema=schema,
                    temperature=sub.profile.temperature,
                    reasoning=sub.profile.reasoning,
                )

            return await pay(self.ledger, model, messages, room, complete, sub=True)

        model, allowed = sub.model, sub.profile.reply_tokens
        paid = await ask(allowed)
        reply, seconds = paid.reply, paid.seconds
        if not reply.text.strip():  # it only thought: once more, with more room
            first, allowed = reply, max(allowed, room_within(2 * allowed, model.window))
            paid = await ask(allowed)
            reply, seconds = paid.reply, seconds + paid.seconds
            reply = replace(reply, usage=first.usage + reply.usage, tries=first.tries + reply.tries)
        cut = f"the reply was cut off at {allowed:,} tokens: ask for a shorter one" if reply.finish == "length" else ""
        if not cut and not reply.text.strip():
            cut = "the model thought, and came to no reply"
        return SubCallOutcome(reply.text, cut, False, reply.usage, round(seconds, 4), reply.tries)

    def _as_then(self, key: str, known: SubCallOutcome) -> SubCallOutcome:
        """A reply of the trace: it was paid for then, and is booked again without being asked for."""
        if key in self.booked and not known.error:
            known = SubCallOutcome(known.text, cached=True)
        self.booked.add(key)
        if known.cached:
            self.ledger.found_in_cache()
        elif known.usage.prompt_tokens or not known.error:
            self.ledger.book(known.usage, sub=True)
        return known


def _announcement(turn: int, batch: int, calls: Sequence[SubCall], model: Model) -> SubCallsStarted:
    places = [place for call in calls[:PLACES_NAMED] for place in call.places][:PLACES_NAMED]
    return SubCallsStarted(
        run_id="",
        turn=turn,
        batch=batch,
        verb=calls[0].verb,
        count=len(calls),
        model=model.name,
        endpoint=model.endpoint,
        characters=sum(call.characters for call in calls),
        places=tuple(places),
    )


def _finished(turn: int, batch: int, index: int, key: str, reply: SubCallOutcome) -> SubCallFinished:
    used = reply.usage
    return SubCallFinished(
        run_id="",
        turn=turn,
        batch=batch,
        index=index,
        key=key,
        text=reply.text,
        error=reply.error,
        cached=reply.cached,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cached_tokens=used.cached_tokens,
        usd=used.usd,
        seconds=reply.seconds,
        tries=reply.tries,
        estimated_tokens=used.estimated_tokens,
    )
