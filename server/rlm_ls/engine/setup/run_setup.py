"""A run on a Context, ready to explore: its VerbHost, sandbox, conversation and sub-model calls. Child runs are set up
the same way, on a narrower Context and an account below their parent's."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.context.document import Selection
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Answer, UpTo
from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.guided.guide import Guide
from rlm_ls.engine.loop.ending import broken_off, finish
from rlm_ls.engine.loop.observation import LEAST_ROOM
from rlm_ls.engine.loop.run import explore
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.choosing import Choice, Question, offline_model
from rlm_ls.engine.setup.compiling import program_events, programs_of
from rlm_ls.engine.setup.earlier_run import EarlierRun
from rlm_ls.engine.setup.opening.first_look import Looking
from rlm_ls.engine.setup.prompt import PromptOptions
from rlm_ls.engine.setup.route import open_conversation
from rlm_ls.engine.submodels.calls import RunSubModelCalls
from rlm_ls.engine.trace.events import ChildFinished, ChildStarted
from rlm_ls.engine.trace.journal import Journal
from rlm_ls.engine.trace.resume import ResumedModel
from rlm_ls.errors import BadRequest, RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.scripts.sandbox import Sandbox
from rlm_ls.executors.submodels.calls import ChildAnswer
from rlm_ls.executors.verbs.registry import COORDINATOR_VERBS
from rlm_ls.models.base import Model
from rlm_ls.models.profiles import profile as profile_of
from rlm_ls.models.recorded import RecordedModel

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

PRINTED = 100_000
"""Characters of one print that are kept for more()."""
CHILD_TURNS = 8
"""Turns of a child run: it was given one piece and one question."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What was decided before the first turn, and holds for child runs too."""

    services: Services
    choice: Choice
    checker: Checker
    created: float
    """Unix time: the sandbox's clock stands at it."""
    languages: tuple[str, ...] = ()
    """That programs can be compiled from here."""
    earlier: EarlierRun | None = None
    warnings: list[str] = field(default_factory=list)
    room: int = LEAST_ROOM
    """Characters of output in an observation."""
    first_look: str = ""
    """What the offline rules found, for the opening."""
    up_to: tuple[UpTo, ...] = ()
    """Where the texts end."""
    small: bool = False
    """The prompt is the one for small models."""
    guided: bool = False
    """A run that gets nowhere goes on by the guided route."""
    at_once: str = ""
    """Why it takes that route from its first turn on, if it does."""


async def set_up(
    config: RunConfig, request: AskRequest, context: Context, journal: Journal, ledger: Ledger, stack: AsyncExitStack
) -> Run:
    """What is opened here is closed by `stack`. Raises RlmError for what the request and the plan rule out."""
    services, choice = config.services, config.choice
    settings = services.settings
    search = Search(context, services.pool, settings.verb_seconds)
    host = VerbHost(context, search, ledger.remaining, request.surroundings)
    sub_models = (
        _sub_models(config, journal, ledger, host) if choice.route == "rlm" and "llm" in choice.levels else None
    )
    host.sub_models = sub_models
    if not request.coordinator:
        host.programs = programs_of(services, request, choice.levels, config.earlier.programs if config.earlier else {})
    host.emit = program_events(journal, ledger)
    if request.coordinator:
        if sub_models is None:
            raise BadRequest(
                "A coordinator only delegates, and there is nobody to delegate to.",
                "Configure a model (models.root or models.sub), and include the level llm.",
            )
        host.allowed = COORDINATOR_VERBS
    profile = None
    if sub_models is not None and choice.subs.sub is not None:
        profile = replace(choice.subs.sub.profile, characters=sub_models.characters())
    room = config.room
    host.page = room
    direct = choice.route == "direct"
    prompt_options = PromptOptions(room, profile, request.coordinator, config.languages, config.small, direct)
    conversation, shown = await open_conversation(
        request, choice.route, context, search, prompt_options, config.earlier, config.first_look
    )
    sandbox = Sandbox(
        services.sandboxes,
        config.checker,
        clock=datetime.fromtimestamp(int(config.created), UTC),
        script_seconds=settings.script_seconds,
        print_limit=max(PRINTED, room),
        single=len(context.documents) == 1,
    )
    stack.push_async_callback(sandbox.close)
    await sandbox.start(config.earlier.state if config.earlier else None)
    if direct:
        host.read.update(part.doc for part in context.limit)
    return Run(
        request=request,
        model=choice.model,
        profile=profile_of(choice.model.name, settings),
        window=choice.model.window,
        route=choice.route,
        route_reason=choice.reason,
        ledger=ledger,
        journal=journal,
        host=host,
        checker=config.checker,
        sandbox=sandbox,
        conversation=conversation,
        output_limit=room,
        trace_uri=f"rlm:/trace/{journal.run_id}.md",
        guide=_guide(config, request, context),
        small=config.small,
        warnings=config.warnings,
        up_to=config.up_to,
        characters_shown=shown,
    )


def _guide(config: RunConfig, request: AskRequest, context: Context) -> Guide | None:
    """None where the route is another one, or what is asked for is more than an answer in words."""
    if not (config.guided and request.guided) or config.choice.route != "rlm":
        return None
    if request.coordinator or request.schema is not None:
        return None
    looking = Looking(config.services, config.checker, context, config.created)
    rules = partial(offline_model, Question(config.services, request), context)
    return Guide(looking, rules, config.at_once)


def _sub_models(config: RunConfig, journal: Journal, ledger: Ledger, host: VerbHost) -> RunSubModelCalls | None:
    subs = config.choice.subs
    if not subs.models:
        return None
    return RunSubModelCalls(
        models=subs.models,
        dispatcher=config.services.dispatcher,
        journal=journal,
        ledger=ledger,
        checker=config.checker,
        known=subs.known,
        booked=subs.booked,
        start_child=partial(_child, config, journal, ledger, host),
    )


async def _child(
    config: RunConfig,
    parent: Journal,
    account: Ledger,
    host: VerbHost,
    question: str,
    within: Selection,
    only: tuple[str, ...] | None,
    schema: dict[str, Any] | None,
) -> ChildAnswer:
    """One child run, from its announcement to its answer. What it has read counts for its parent."""
    journal, ledger = parent.of_child(), account.child(min(CHILD_TURNS, account.limits.turns))
    levels = tuple(level for level in config.choice.levels if only is None or level in (*only, "dsl"))
    context, numbers = host.context.narrowed(within)
    size = context.size_of(context.limit)
    started = time.monotonic()
    await journal.emit(
        ChildStarted(run_id="", question=question, documents=len(context.documents), size=size, levels=levels)
    )
    request = AskRequest(question=question, scope=Scope(kind="document"), schema=schema)
    below = replace(
        config,
        choice=replace(config.choice, model=_for_child(config.choice.model, journal.child), levels=levels, route="rlm"),
        languages=config.languages if "wasm" in levels else (),
        earlier=None,
        first_look="",
        warnings=[],
        up_to=(),
    )
    async with AsyncExitStack() as stack:
        run = await set_up(below, request, context, journal, ledger, stack)
        try:
            answer = await explore(run)
        except RlmError as error:
            if error.ends_run:
                raise
            answer = finish(run, "failed", str(error))
        except Exception as fault:
            answer = broken_off(run, fault)
    host.searched.update(numbers[n] for n in run.host.searched)
    host.read.update(numbers[n] for n in run.host.read)
    if isinstance(host.sub_models, RunSubModelCalls):
        host.sub_models.characters_sent += answer.coverage.characters_read
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
