"""A run on a Context, ready to explore: its desk, sandbox, conversation and sub-models. Child runs are set up the same
way, on a narrower Context and an account below their parent's.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.context.document import Selection
from rlm_ls.context.scope import Scope
from rlm_ls.context.search import Search
from rlm_ls.context.snapshot import Context
from rlm_ls.engine.answer import Answer, Route
from rlm_ls.engine.compiling import programs_of, telling
from rlm_ls.engine.earlier import Earlier
from rlm_ls.engine.events import ChildFinished, ChildStarted
from rlm_ls.engine.journal import Journal
from rlm_ls.engine.ledger import Ledger
from rlm_ls.engine.minds import RunMinds
from rlm_ls.engine.opening import open_conversation
from rlm_ls.engine.prompt import Voice
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.resume import ResumedModel
from rlm_ls.engine.run import Run, broken_off, explore, finish
from rlm_ls.engine.submodels import SubModels
from rlm_ls.errors import BadRequest, RlmError
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.dsl import Sandbox
from rlm_ls.executors.judging.judge import Judge
from rlm_ls.executors.minds import ChildAnswer
from rlm_ls.executors.registry import COORDINATING
from rlm_ls.models.base import Model
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.settings import Settings

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

CHILD_TURNS = 8
"""Turns of a child run: it was given one piece and one question."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided before the first turn, and holds for child runs too."""

    engine: Engine
    settings: Settings
    model: Model
    subs: SubModels
    judge: Judge
    created: float
    """Unix time: the sandbox's clock stands at it."""
    levels: tuple[str, ...]
    languages: tuple[str, ...] = ()
    """That programs can be compiled from here."""
    route: Route = "rlm"
    reason: str = ""
    earlier: Earlier | None = None
    warnings: list[str] = field(default_factory=list)


async def set_up(
    plan: Plan, request: AskRequest, context: Context, journal: Journal, ledger: Ledger, stack: AsyncExitStack
) -> Run:
    """What is opened here is closed by `stack`. Raises RlmError for what the request and the plan rule out."""
    engine, settings = plan.engine, plan.settings
    search = Search(context, engine.pool, settings.verb_seconds)
    desk = Desk(context, search, ledger.remaining, request.surroundings)
    minds = _minds(plan, journal, ledger, desk) if plan.route == "rlm" and "llm" in plan.levels else None
    desk.minds = minds
    if not request.coordinator:
        desk.programs = programs_of(engine, request, plan.levels, plan.earlier.programs if plan.earlier else {})
    desk.tell = telling(journal, ledger)
    if request.coordinator:
        if minds is None:
            raise BadRequest(
                "A coordinator only delegates, and there is nobody to delegate to.",
                "Configure a model (models.root or models.sub), and include the level llm.",
            )
        desk.allowed = COORDINATING
    profile = None
    if minds is not None and plan.subs.sub is not None:
        profile = replace(plan.subs.sub.profile, characters=minds.characters())
    voice = Voice(settings.output_characters, profile, request.coordinator, plan.languages)
    conversation, shown = await open_conversation(request, plan.route, context, search, voice, plan.earlier)
    sandbox = Sandbox(
        engine.sandboxes,
        plan.judge,
        clock=datetime.fromtimestamp(int(plan.created), UTC),
        script_seconds=settings.script_seconds,
        print_limit=settings.output_characters,
        single=len(context.documents) == 1,
    )
    stack.push_async_callback(sandbox.close)
    await sandbox.start(plan.earlier.state if plan.earlier else None)
    if plan.route == "direct":
        desk.read.update(part.doc for part in context.limit)
    return Run(
        request=request,
        model=plan.model,
        route=plan.route,
        route_reason=plan.reason,
        ledger=ledger,
        journal=journal,
        desk=desk,
        judge=plan.judge,
        sandbox=sandbox,
        conversation=conversation,
        output_limit=settings.output_characters,
        trace_uri=f"rlm:/trace/{journal.run_id}.md",
        warnings=plan.warnings,
        characters_shown=shown,
    )


def _minds(plan: Plan, journal: Journal, ledger: Ledger, desk: Desk) -> RunMinds | None:
    if not plan.subs.models:
        return None

    return RunMinds(
        models=plan.subs.models,
        dispatcher=plan.engine.dispatcher,
        journal=journal,
        ledger=ledger,
        judge=plan.judge,
        known=plan.subs.known,
        retold=plan.subs.retold,
        start_child=partial(_child, plan, journal, ledger, desk),
    )


async def _child(
    plan: Plan,
    parent: Journal,
    account: Ledger,
    desk: Desk,
    question: str,
    within: Selection,
    only: tuple[str, ...] | None,
    schema: dict[str, Any] | None,
) -> ChildAnswer:
    """One child run, from its announcement to its answer. What it has read counts for its parent."""
    journal, ledger = parent.of_child(), account.child(min(CHILD_TURNS, account.limits.turns))
    levels = tuple(level for level in plan.levels if only is None or level in (*only, "dsl"))
    context, numbers = desk.context.narrowed(within)
    size = sum(part.end - part.start for part in context.limit)
    started = time.monotonic()
    await journal.emit(
        ChildStarted(run_id="", question=question, documents=len(context.documents), size=size, levels=levels)
    )
    request = AskRequest(question=question, scope=Scope(kind="document"), schema=schema)
    below = replace(
        plan,
        model=_for_child(plan.model, journal.child),
        levels=levels,
        languages=plan.languages if "wasm" in levels else (),
        route="rlm",
        earlier=None,
        warnings=[],
    )
    async with AsyncExitStack() as stack:
        run = await set_up(below, request, context, journal, ledger, stack)
        try:
            answer = await explore(run)
        except RlmError as error:
            answer = finish(run, "failed", str(error))
        except Exception as fault:
            answer = broken_off(run, fault)
    desk.searched.update(numbers[n] for n in run.desk.searched)
    desk.read.update(numbers[n] for n in run.desk.read)
    if isinstance(desk.minds, RunMinds):
        desk.minds.characters_sent += answer.coverage.characters_read
    await journal.emit(_finished(answer, time.monotonic() - started))
    return ChildAnswer(
        answer.answer, answer.data, answer.status, answer.reason, tuple(c.label for c in answer.citations)
    )


def _for_child(model: Model, child: str) -> Model:
    """A trace holds each child's replies apart."""
    return model.of_child(child) if isinstance(model, (RecordedModel, ResumedModel)) else model


def _finished(answer: Answer, seconds: float) -> ChildFinished:
    return ChildFinished(
        run_id="",
        status=answer.status,
        answer=answer.answer,
        data=answer.data,
        turns=answer.usage.turns,
        seconds=round(seconds, 3),
    )
