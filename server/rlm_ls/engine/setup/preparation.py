"""Everything before the first turn: the request is checked, the snapshot taken, model and route chosen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rlm_ls import __version__
from rlm_ls.context.remote.addresses import is_remote, without_password
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.limits import without_lines
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.engine.abilities import UNABLE, Learnt
from rlm_ls.engine.budget.ledger import Ledger, Limits
from rlm_ls.engine.live.reach import news, up_to
from rlm_ls.engine.loop.observation import output_room
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.choosing import Choice, Question, choose, named_model, offline_model
from rlm_ls.engine.setup.compiling import languages_of, look_for_compilers
from rlm_ls.engine.setup.earlier_run import EarlierRun, scripts_in
from rlm_ls.engine.setup.encodings import assumed, ignored, left_out
from rlm_ls.engine.setup.opening.first_look import AGAIN_SECONDS, SECONDS, Looking, first_look
from rlm_ls.engine.setup.opening.nearest import nearest_lines
from rlm_ls.engine.setup.run_setup import RunConfig, set_up
from rlm_ls.engine.submodels.roles import RoleModels
from rlm_ls.engine.trace.events import Answering, ContextTaken, DocumentTaken, RouteChosen, RunStarted
from rlm_ls.engine.trace.journal import Journal
from rlm_ls.engine.trace.lookup import first
from rlm_ls.engine.trace.resume import InterruptedRun, ResumedModel, answering, check_answering, check_unchanged, last
from rlm_ls.errors import BadRequest, EmptyQuestion, LevelUnavailable, ProgramError
from rlm_ls.executors.checking.checker import Checker, check_schema
from rlm_ls.models.base import Model
from rlm_ls.models.profiles import profile as profile_of
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.settings.sections import Settings

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

MAX_QUESTION = 100_000
DOCUMENTS_NAMED = 200
LEVELS = {"dsl", "wasm", "native", "llm"}


async def checked(request: AskRequest, checker: Checker) -> AskRequest:
    """The request, its schema as plain data. Raises EmptyQuestion, BadRequest, LevelUnavailable."""
    if not request.question.strip():
        raise EmptyQuestion("The question is empty.", "Ask something about the text, e.g. “What failed first?”")
    if len(request.question) > MAX_QUESTION:
        raise BadRequest(
            f"The question has {len(request.question):,} characters; the limit is {MAX_QUESTION:,}.",
            "Put long text into a file and ask about that file.",
        )
    if request.levels is not None and "dsl" not in request.levels:
        raise LevelUnavailable(
            f"A run needs the level dsl, and was given {', '.join(request.levels) or 'none'}.", "Include dsl."
        )
    if unknown := sorted(set(request.levels or ()) - LEVELS):
        raise BadRequest(f"There is no level {unknown[0]!r}.", f"Levels: {', '.join(sorted(LEVELS))}.")
    try:
        return replace(request, schema=await check_schema(checker, request.schema))
    except ProgramError as error:
        raise BadRequest(f"The request's {error.message}") from None


async def prepare(question: Question, journal: Journal, ledger: Ledger, created: float, stack: AsyncExitStack) -> Run:
    """Take the snapshot, choose model and route, start the sandbox. What is opened here is closed by `stack`.

    `created` is when the run was begun, in Unix time.
    """
    services, request, resumed = question.services, question.request, question.resumed
    settings = services.settings
    warnings: list[str] = []
    checker = Checker(services.checkers)
    services.checkers.warm()
    named = await named_model(question, warnings)
    earlier = await earlier_run(services, request, checker)
    if named:
        look_for_compilers(services.program_runner, question.levels)  # while the snapshot is taken
    context = await take_context(question, stack)
    if resumed is not None:
        check_unchanged(resumed, context)
    if earlier is not None and request.again:
        earlier = replace(earlier, news=await news(services, context, request.follow_up or ""))
    warnings += await asyncio.to_thread(_of_documents, context)  # they may be 100,000
    warnings += ignored(context)
    journal.emit_nowait(_taken(context))  # nothing is done before the route is written with it
    choice = await choose(question, context, named)
    model, subs = choice.model, choice.subs
    asked = answering("root", model)
    for role, sub in subs.models.items():
        asked += answering(role, sub.model)
    if resumed is not None:
        check_answering(resumed, asked if model.kind == "live" else (), settings.privacy)
        if resumed.choice:
            warnings.append(_chosen_anew(resumed, asked))
    warnings += _unpriced(model, subs)
    if resumed is not None and model.kind == "live":
        known = replace(subs, known=resumed.sub_replies)
        choice = replace(choice, model=ResumedModel(model, resumed), subs=known)
    languages: tuple[str, ...] = ()
    earlier_leg = resumed.events if resumed else model.events if isinstance(model, RecordedModel) else ()
    if choice.route == "rlm":
        told = _languages_told(earlier_leg)
        languages = await languages_of(services.program_runner, choice.levels) if told is None else told
    room = first(earlier_leg, "routeChosen").get("room") or room_for(settings, model, ledger.limits)
    small, allowed, at_once = await _manner(services, model, earlier_leg)
    look = await _look(question, choice, earlier_leg, Looking(services, checker, context, created), small)
    await journal.emit(
        RouteChosen(
            run_id="",
            route=choice.route,
            reason=choice.reason,
            model=model.name,
            model_kind=model.kind,
            sub_model=subs.name,
            languages=languages,
            answering=tuple(asked),
            privacy=settings.privacy,
            room=room,
            first_look=bool(look),
            small_prompt=small,
        )
    )
    config = RunConfig(
        services,
        choice,
        checker,
        created,
        languages,
        earlier,
        warnings,
        room,
        look,
        await up_to(context, services.pool),
        small,
        allowed,
        at_once,
    )
    return await set_up(config, request, context, journal, ledger, stack)


def _of_documents(context: Context) -> list[str]:
    return assumed(context.documents.not_plain) + left_out(context.documents.not_plain)


def _chosen_anew(run: InterruptedRun, asked: Sequence[Answering]) -> str:
    had = last(run.events, "routeChosen").get("model") or "another model"
    now = ", ".join(dict.fromkeys(f"{one.model} at {one.address}" for one in asked))
    return f"The run was begun with {had} and goes on, as it was told to, with {now}."


def _languages_told(events: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """What the prompt of a trace offered: told again, it must not depend on the machine. None where it says nothing."""
    chosen = first(events, "routeChosen")
    return tuple(chosen["languages"]) if "languages" in chosen else None


def _unpriced(model: Model, subs: RoleModels) -> list[str]:
    """Models whose price nobody knows: only their tokens can be limited."""
    asked = {model.name: model, **{sub.model.name: sub.model for sub in subs.models.values()}}
    names = [name for name, one in asked.items() if one.kind == "live" and one.price(1, 1) is None]
    return [f"The price of {', '.join(names)} is not known: tokens are limited, dollars are not."] if names else []


async def take_context(question: Question, stack: AsyncExitStack) -> Context:
    """The snapshot that the request asks about, given back by `stack`. Raises what `Context.take` raises."""
    services, scope = question.services, question.request.scope
    context = await stack.enter_async_context(
        await Context.take(
            _with_elsewhere(scope, services.settings),
            services.pool,
            options(services.settings),
            services.snapshot_cache,
        )
    )
    if scope.leave_out and len(context.documents) == 1:
        context.limit = await without_lines(
            context.documents[0], context.files[0], context.limit, scope.leave_out, services.pool
        )
    return context


async def earlier_run(services: Services, request: AskRequest, checker: Checker) -> EarlierRun | None:
    """The run that this one follows up on. Raises UnknownRun."""
    if request.follow_up is None:
        return None
    row = await services.store.run(request.follow_up)
    variables = await checker.assigned(scripts_in(await services.store.events(row.run_id)))
    known = services.answers.get(row.run_id)
    answer = known.answer if known else str((row.answer or {}).get("answer", "(none)"))
    state, programs = services.sandbox_cache.get(row.run_id)
    return EarlierRun(row.question, answer, variables, state, programs)


async def _manner(services: Services, model: Model, earlier_leg: Sequence[Mapping[str, Any]]) -> tuple[bool, bool, str]:
    """Whether the model is given the small models' prompt; whether its run may change to the guided route; and why it
    takes that at once, if it does. A trace's run is told again as it was."""
    told = first(earlier_leg, "routeChosen")
    if told:
        turned = first(earlier_leg, "routeChanged")
        at_once = str(turned.get("reason", "")) if turned.get("turn") == 1 else ""
        return bool(told.get("smallPrompt")), bool(turned) or model.kind == "live", at_once
    if model.kind != "live":
        return False, False, ""
    learnt = await asyncio.to_thread(Learnt(services.store.folder).of, model.name, model.endpoint)
    small = profile_of(model.name, services.settings).small or (learnt is not None and not learnt.explores)
    return small, True, UNABLE if learnt is not None and not learnt.block else ""


async def _look(
    question: Question, choice: Choice, earlier_leg: Sequence[Mapping[str, Any]], looking: Looking, small: bool
) -> str:
    """What a model is shown of the text before its first call, beside its first lines: the lines nearest the question,
    a small model what the rules found. Of a trace's run, where it was shown any."""
    request, told = question.request, first(earlier_leg, "routeChosen")
    wanted = told.get("firstLook", False) if told else (small or question.services.settings.first_look)
    if not wanted or choice.route != "rlm" or request.coordinator or (choice.model.kind != "live" and not told):
        return ""
    seconds = AGAIN_SECONDS if told else SECONDS
    if small:
        return await first_look(looking, offline_model(question, looking.context), seconds)
    search = Search(looking.context, question.services.pool, AGAIN_SECONDS)
    return await nearest_lines(search, request.question, looking.context.limit, seconds)


def room_for(settings: Settings, model: Model, most: Limits) -> int:
    """Characters of output that an observation has room for."""
    return output_room(settings.output_characters, model.window, most.tokens)


def _with_elsewhere(scope: Scope, settings: Settings) -> Scope:
    return replace(scope, elsewhere=settings.context.remote) if scope.kind == "workspace" else scope


def options(settings: Settings) -> ContextOptions:
    """How the settings want a Context taken."""
    return ContextOptions(
        max_file_bytes=settings.context.max_file_bytes,
        exclude=settings.context.exclude,
        deny=settings.context.deny,
        encoding=settings.context.encoding,
        unpack_bytes=settings.context.unpack_mb << 20,
        remote_bytes=settings.context.remote_mb << 20,
        remote_files=settings.context.remote_files,
    )


def limits(request: AskRequest, settings: Settings) -> Limits:
    """The request's Budget with the settings' defaults."""
    asked, default = request.budget, settings.budget
    return Limits(
        turns=default.turns if asked.turns is None else asked.turns,
        seconds=default.seconds if asked.seconds is None else asked.seconds,
        usd=default.usd if asked.usd is None else asked.usd,
        tokens=default.tokens if asked.tokens is None else asked.tokens,
        sub_calls=default.sub_calls if asked.sub_calls is None else asked.sub_calls,
        depth=default.depth if asked.depth is None else asked.depth,
    )


def started(request: AskRequest, created: float, levels: tuple[str, ...]) -> RunStarted:
    """What a replay needs to ask the same again; of open buffers only their URIs."""
    own = {"buffers", "streams"}  # texts of that moment, which nobody can read again
    scope: dict[str, Any] = {
        name: value for name, value in asdict(request.scope).items() if name not in own and value not in ((), None)
    }
    for name in ("files", "roots"):
        if name in scope:  # what a signed address proves is nobody else's business
            scope[name] = tuple(without_password(one) if is_remote(one) else one for one in scope[name])
    scope["buffers"] = [buffer.uri for buffer in request.scope.buffers] + [one.uri for one in request.scope.streams]
    return RunStarted(
        run_id="",
        question=request.question,
        scope=scope,
        budget={name: value for name, value in asdict(request.budget).items() if value is not None},
        version=__version__,
        created=created,
        answer_schema=request.schema,
        follow_up=request.follow_up,
        levels=levels,
        coordinator=request.coordinator,
        folder=os.getcwd(),
        again=request.again,
    )


def _taken(context: Context) -> ContextTaken:
    return ContextTaken(
        run_id="",
        documents=tuple(
            DocumentTaken(uri=d.uri, path=d.path, size=d.size, lines=d.lines, version=d.version)
            for d in context.documents[:DOCUMENTS_NAMED]
        ),
        count=len(context.documents),
        size=context.size,
        skipped=len(context.skipped),
        digest=context.digest,
    )
