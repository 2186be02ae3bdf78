"""The engine: opens what runs need, conducts them side by side, stops and closes them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic_monty import AsyncMonty

from rlm_ls import __version__
from rlm_ls.context.pool import SearchPool
from rlm_ls.context.region import leave_out
from rlm_ls.context.search import Search
from rlm_ls.context.snapshot import Context, ContextOptions
from rlm_ls.context.walk import SECRETS
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.earlier import Earlier, KeptSandboxes, assigned
from rlm_ls.engine.events import AnyEvent, ContextTaken, DocumentTaken, RouteChosen, RunFinished, RunStarted, Warned
from rlm_ls.engine.journal import Journal, Listener
from rlm_ls.engine.ledger import Ledger, Limits
from rlm_ls.engine.opening import choose_route, open_conversation
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.run import Run, explore, finish
from rlm_ls.engine.submission import check_schema
from rlm_ls.errors import BadRequest, EmptyQuestion, LevelUnavailable, RlmError
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.dsl import Sandbox
from rlm_ls.models import library
from rlm_ls.models.base import Model
from rlm_ls.models.choose import choose
from rlm_ls.models.offline import OfflineDocument, OfflineModel
from rlm_ls.models.recorded import RecordedModel, calls_from_events
from rlm_ls.settings import Settings
from rlm_ls.store.database import Store
from rlm_ls.store.recording import read_recording
from rlm_ls.store.redact import for_trace

MAX_QUESTION = 100_000
SANDBOXES = 64
"""Most runs at once; a further one waits for a sandbox."""
DOCUMENTS_NAMED = 200
AVAILABLE_LEVELS = ("dsl",)
RECORDED = "recorded:"

ModelFactory = Callable[[AskRequest, Context], Model]
"""Makes a run's model in place of the settings: recordings, tests."""


def new_run_id() -> str:
    """Sorts by time, and is short enough to type a prefix of."""
    return f"{datetime.now(UTC):%y%m%d-%H%M%S}-{uuid4().hex[:6]}"


@dataclass(slots=True)
class Active:
    """A run under way. `run` is set once it has begun to explore."""

    task: asyncio.Task[Answer]
    stopping: bool = False
    run: Run | None = None


@dataclass(slots=True)
class Engine:
    """Use `Engine.open`; close it, or processes stay. `settings` may be replaced: new runs take the new ones."""

    settings: Settings
    store: Store
    pool: SearchPool
    sandboxes: AsyncMonty
    _stack: AsyncExitStack
    _active: dict[str, Active] = field(default_factory=dict)
    _kept: KeptSandboxes = field(default_factory=KeptSandboxes)

    @classmethod
    async def open(cls, *, settings: Settings, state_dir: Path | None = None) -> Engine:
        """Raises StoreFailed. Starts no process until the first run needs one."""
        async with AsyncExitStack() as stack:
            store = await Store.open(state_dir)
            stack.push_async_callback(store.close)
            pool = SearchPool()
            stack.push_async_callback(pool.close)
            # pydantic-monty aborts now and then when its pool closes as the process ends (FACTS.md): let it settle.
            stack.push_async_callback(asyncio.sleep, 0.05)
            sandboxes = await stack.enter_async_context(AsyncMonty(min_processes=0, max_processes=SANDBOXES))
            return cls(settings, store, pool, sandboxes, stack.pop_all())
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Stop every run, then the workers and the store."""
        tasks = [active.task for active in self._active.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await library.close()
        await self._stack.aclose()

    def stop(self, run_id: str) -> bool:
        """End a run as cancelled, with what was found so far; its `ask` returns that Answer. False if unknown."""
        active = self._active.get(run_id)
        if active is None:
            return False
        active.stopping = True
        active.task.cancel()
        return True

    async def ask(self, request: AskRequest, on_event: Listener, *, model: ModelFactory | None = None) -> Answer:
        """Answer one question. Many may be asked at once.

        Raises RlmError for what is wrong with the request, its documents or its model before the first turn; later
        troubles end in an Answer that is `failed` or `partial`. Cancelling stops everything within 100 ms.
        """
        run_id = request.run_id or new_run_id()
        if run_id in self._active:
            raise BadRequest(f"Run {run_id} is under way already.")
        task = asyncio.ensure_future(self._conduct(run_id, request, on_event, model))
        self._active[run_id] = Active(task)
        try:
            return await task
        finally:
            del self._active[run_id]

    async def _conduct(
        self, run_id: str, request: AskRequest, on_event: Listener, factory: ModelFactory | None
    ) -> Answer:
        active = self._active[run_id]
        created = time.time()
        settings = self.settings
        journal = Journal(run_id, self.store, on_event, partial(for_trace, level=settings.trace))
        ledger = Ledger(_limits(request, settings))
        await self.store.begin_run(
            run_id, request.question, created, {"version": __version__, "model": request.model or ""}
        )
        try:
            _check(request)
            await journal.emit(_started(request, created))
            async with AsyncExitStack() as stack:
                active.run = run = await self._prepare(request, journal, ledger, stack, created, settings, factory)
                answer = await explore(run)
                self._kept.keep(run_id, run.sandbox.state)
        except asyncio.CancelledError:
            answer = _cut_off(active, run_id, "cancelled", "the run was stopped", ledger)
            await self._end(journal, answer, None)
            if active.stopping and (task := asyncio.current_task()) is not None:
                task.uncancel()
                return answer
            raise
        except RlmError as error:
            await self._end(journal, _cut_off(active, run_id, "failed", str(error), ledger), error.code)
            raise
        except BaseException as error:
            answer = _cut_off(active, run_id, "failed", f"internal error: {type(error).__name__}", ledger)
            await self._end(journal, answer, None)
            raise
        await self._end(journal, answer, None)
        return answer

    async def _prepare(
        self,
        request: AskRequest,
        journal: Journal,
        ledger: Ledger,
        stack: AsyncExitStack,
        created: float,
        settings: Settings,
        factory: ModelFactory | None,
    ) -> Run:
        """Take the snapshot, choose model and route, start the sandbox. What is opened here is closed by `stack`."""
        warnings: list[str] = []
        chosen = None if factory else await _choose(request, settings, warnings)
        earlier = await self._earlier(request)
        options = ContextOptions(
            max_file_bytes=settings.context.max_file_bytes,
            exclude=settings.context.exclude,
            deny=SECRETS + settings.context.deny,
            encoding=settings.context.encoding,
        )
        context = await stack.enter_async_context(await Context.take(request.scope, self.pool, options))
        if request.scope.leave_out and len(context.documents) == 1:
            await leave_out(context, request.scope.leave_out, self.pool)
        await journal.emit(_taken(context))
        model = factory(request, context) if factory else chosen or _offline(request, context)
        await model.prepare()
        route, reason = choose_route(context, model, settings)
        await journal.emit(RouteChosen(run_id="", route=route, reason=reason, model=model.name, model_kind=model.kind))
        unavailable = sorted(set(request.levels or settings.levels) - set(AVAILABLE_LEVELS))
        warnings += [f"Level {level} is not available in this version; the run uses dsl." for level in unavailable]
        search = Search(context, self.pool, settings.verb_seconds)
        desk = Desk(context, search, ledger.remaining, request.surroundings)
        conversation, shown = await open_conversation(request, route, context, search, settings, earlier)
        sandbox = Sandbox(
            self.sandboxes,
            clock=datetime.fromtimestamp(int(created), UTC),
            script_seconds=settings.script_seconds,
            print_limit=settings.output_characters,
            single=len(context.documents) == 1,
        )
        stack.push_async_callback(sandbox.close)
        await sandbox.start(earlier.state if earlier else None)
        run = Run(
            request=request,
            model=model,
            route=route,
            route_reason=reason,
            ledger=ledger,
            journal=journal,
            desk=desk,
            sandbox=sandbox,
            conversation=conversation,
            output_limit=settings.output_characters,
            trace_uri=f"rlm:/trace/{journal.run_id}.md",
            warnings=warnings,
            characters_shown=shown,
        )
        if route == "direct":
            desk.read.update(part.doc for part in context.limit)
        return run

    async def _earlier(self, request: AskRequest) -> Earlier | None:
        """The run that this one follows up on. Raises UnknownRun."""
        if request.follow_up is None:
            return None
        row = await self.store.run(request.follow_up)
        variables = assigned(await self.store.events(row.run_id))
        answer = str((row.answer or {}).get("answer", "(none)"))
        return Earlier(row.question, answer, variables, self._kept.get(row.run_id))

    async def _end(self, journal: Journal, answer: Answer, error_code: int | None) -> None:
        for message in answer.warnings:
            await journal.emit(Warned(run_id="", message=message))
        await journal.emit(RunFinished(run_id="", answer=answer, error_code=error_code))
        await self.store.end_run(journal.run_id, answer.status, answer.wire())


def _check(request: AskRequest) -> None:
    if not request.question.strip():
        raise EmptyQuestion("The question is empty.", "Ask something about the text, e.g. “What failed first?”")
    if len(request.question) > MAX_QUESTION:
        raise BadRequest(
            f"The question has {len(request.question):,} characters; the limit is {MAX_QUESTION:,}.",
            "Put long text into a file and ask about that file.",
        )
    if request.levels is not None and "dsl" not in request.levels:
        raise LevelUnavailable(
            f"No level of {', '.join(request.levels) or '(none)'} is available in this version.", "Include dsl."
        )
    if request.schema is not None:
        check_schema(request.schema)


def _limits(request: AskRequest, settings: Settings) -> Limits:
    asked, default = request.budget, settings.budget
    return Limits(
        turns=default.turns if asked.turns is None else asked.turns,
        seconds=default.seconds if asked.seconds is None else asked.seconds,
        usd=default.usd if asked.usd is None else asked.usd,
        tokens=default.tokens if asked.tokens is None else asked.tokens,
    )


async def _choose(request: AskRequest, settings: Settings, warnings: list[str]) -> Model | None:
    """The model the request or the settings name; "recorded:FILE" plays a recording, and warns where it differs."""
    if request.model is None or not request.model.startswith(RECORDED):
        return choose("root", request.model, settings, os.environ)
    path = Path(request.model.removeprefix(RECORDED)).expanduser()
    recording = await asyncio.to_thread(read_recording, path)
    return RecordedModel(calls_from_events(recording.events), strict=False, on_difference=warnings.append)


def _offline(request: AskRequest, context: Context) -> Model:
    documents = [OfflineDocument(d.path, d.language, d.lines) for d in context.documents]
    return OfflineModel(request.question, documents)


def _started(request: AskRequest, created: float) -> RunStarted:
    scope: dict[str, Any] = {
        name: value for name, value in asdict(request.scope).items() if name != "buffers" and value not in ((), None)
    }
    scope["buffers"] = [buffer.uri for buffer in request.scope.buffers]
    return RunStarted(
        run_id="",
        question=request.question,
        scope=scope,
        budget={name: value for name, value in asdict(request.budget).items() if value is not None},
        version=__version__,
        created=created,
        answer_schema=request.schema,
        follow_up=request.follow_up,
    )


def _taken(context: Context) -> ContextTaken:
    return ContextTaken(
        run_id="",
        documents=tuple(
            DocumentTaken(uri=d.uri, path=d.path, size=d.size, lines=d.lines, version=d.version)
            for d in context.documents[:DOCUMENTS_NAMED]
        ),
        count=len(context.documents),
        size=sum(d.size for d in context.documents),
        skipped=len(context.skipped),
        digest=context.digest,
    )


def _cut_off(active: Active, run_id: str, status: str, reason: str, ledger: Ledger) -> Answer:
    """The Answer of a run that did not end by itself; what it had found, if it had begun."""
    if active.run is not None:
        return finish(active.run, status, reason)
    return Answer.model_validate(
        {
            "run_id": run_id,
            "status": status,
            "reason": reason,
            "route": "rlm",
            "answer": f"**No answer: {reason}**",
            "usage": ledger.usage(),
            "trace_uri": f"rlm:/trace/{run_id}.md",
        }
    )


__all__ = ["AnyEvent", "Engine", "new_run_id"]
