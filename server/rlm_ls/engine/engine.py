"""The engine: opens what runs need, conducts them side by side, stops and closes them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from pydantic_monty import AsyncMonty

from rlm_ls import __version__
from rlm_ls.context.cluster.choice import Pools
from rlm_ls.context.remote.copies import Copies
from rlm_ls.context.scope import Buffer
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.budget.consent import Ask, Consent
from rlm_ls.engine.budget.estimate import Estimate, EstimateInputs, characters_in, estimate, expected_cost
from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.kept import COPIES, LINE_INDEX
from rlm_ls.engine.loop.ending import broken_off, finish
from rlm_ls.engine.loop.run import explore
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.services import Services
from rlm_ls.engine.setup.choosing import ModelFactory, Question
from rlm_ls.engine.setup.earlier_run import AnswerCache, SandboxCache
from rlm_ls.engine.setup.preparation import checked, limits, prepare, started
from rlm_ls.engine.submodels.calls import RunSubModelCalls
from rlm_ls.engine.submodels.dispatcher import Dispatcher
from rlm_ls.engine.trace.events import AnyEvent, RunFinished, RunResumed, Warned
from rlm_ls.engine.trace.journal import Journal, Listener
from rlm_ls.engine.trace.resume import InterruptedRun, interrupted_run
from rlm_ls.errors import BadRequest, RlmError, SandboxMissing, StoreFailed, Unforeseen
from rlm_ls.executors.checking.checker import Checker, CheckerPool
from rlm_ls.executors.checking.plain import well_formed
from rlm_ls.executors.compiled.program_runner import ProgramRunner
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.models.editor import Sampler
from rlm_ls.models.providers import library
from rlm_ls.settings.sections import Settings
from rlm_ls.store.database import Store
from rlm_ls.store.redact import Written, for_trace, known_secrets, scrub

SANDBOXES = 64
"""Most runs at once; a further one waits for a sandbox."""

SETTLE_SECONDS = 0.05

RUNS_UNTIL_PRUNED = 16
"""After so many runs the history's size is checked; also when the engine is opened."""


def new_run_id() -> str:
    """Sorts by time, and is short enough to type a prefix of."""
    return f"{datetime.now(UTC):%y%m%d-%H%M%S}-{uuid4().hex[:6]}"


@dataclass(slots=True)
class ActiveRun:
    """A run under way. `run` is set once it has begun to explore."""

    task: asyncio.Task[Answer]
    stopping: bool = False
    run: Run | None = None
    entered: bool = False
    cancelled: bool = False

    def cancel(self) -> None:
        """Once, however often it is asked for, and not before the run is in the store: its end is to be stored too."""
        first, self.cancelled = not self.cancelled, True
        if first and self.entered:
            self.task.cancel()

    def enter(self) -> None:
        """The run is in the store."""
        self.entered = True
        if self.cancelled:
            self.task.cancel()


@dataclass(slots=True)
class Engine:
    """Use `Engine.open`; close it, or processes stay. `settings` may be replaced: new runs take the new ones."""

    settings: Settings
    store: Store
    pools: Pools
    snapshot_cache: SnapshotCache
    checkers: CheckerPool
    sandboxes: AsyncMonty
    dispatcher: Dispatcher
    program_runner: ProgramRunner
    _stack: AsyncExitStack
    _active: dict[str, ActiveRun] = field(default_factory=dict)
    _ended: int = 0
    sandbox_cache: SandboxCache = field(default_factory=SandboxCache)
    answers: AnswerCache = field(default_factory=AnswerCache)
    sampler: Sampler | None = None
    """Calls the editor's own model, where the editor offers one."""
    native_consent: Callable[[AskRequest], Awaitable[None]] | None = None
    """Asks the user whether a question may run native programs; raises ConsentDenied. Without it none is run."""

    @classmethod
    async def open(cls, *, settings: Settings, state_dir: Path | None = None) -> Engine:
        """Raises SandboxMissing. Starts no process until the first run needs one.

        A history that cannot be opened stops no question: `store.warning` says so, and so does every answer.
        """
        async with AsyncExitStack() as stack:
            store = await Store.open(state_dir, required=False)
            stack.push_async_callback(store.close)
            with suppress(StoreFailed):
                await store.prune(settings.history_mb << 20)
            snapshot_cache = SnapshotCache(line_index=store.folder / LINE_INDEX)
            stack.callback(snapshot_cache.close)
            snapshot_cache.copies = Copies(store.folder / COPIES)
            stack.push_async_callback(snapshot_cache.copies.close)
            pools = Pools()
            stack.push_async_callback(pools.close)
            checkers = CheckerPool()
            stack.push_async_callback(checkers.close)
            program_runner = ProgramRunner(store.folder, Toolchains(store.folder))
            stack.push_async_callback(program_runner.close)
            # pydantic-monty aborts now and then when its pool closes as the process ends (FACTS.md): let it settle.
            stack.push_async_callback(asyncio.sleep, SETTLE_SECONDS)
            try:
                sandboxes = await stack.enter_async_context(AsyncMonty(min_processes=0, max_processes=SANDBOXES))
            except FileNotFoundError:
                raise SandboxMissing(
                    "The sandbox's program `monty` is not installed.",
                    "Reinstall rlm-ls, or: pip install pydantic-monty.",
                ) from None
            library.opened()
            dispatcher = Dispatcher(store, settings)
            return cls(
                settings, store, pools, snapshot_cache, checkers, sandboxes, dispatcher, program_runner, stack.pop_all()
            )
        raise AssertionError("unreachable")

    @property
    def pool(self) -> Pool:
        """Who searches, by the settings as they are."""
        return self.pools.chosen(self.settings.cluster.address)

    async def close(self) -> None:
        """Stop every run, then the workers and the store."""
        active = list(self._active.values())
        for run in active:
            run.cancel()
        await asyncio.gather(*(run.task for run in active), return_exceptions=True)
        await library.close()
        await self._stack.aclose()

    def stop(self, run_id: str) -> bool:
        """End a run as cancelled, with what was found so far; its `ask` returns that Answer. False if unknown."""
        active = self._active.get(run_id)
        if active is None:
            return False
        active.stopping = True
        active.cancel()
        return True

    def changed(self, paths: Sequence[str]) -> None:
        """Report files or folders that were created, deleted or written: the next question looks at them anew."""
        self.snapshot_cache.changed(paths)

    async def ask(
        self,
        request: AskRequest,
        on_event: Listener,
        *,
        model: ModelFactory | None = None,
        consent: Ask | None = None,
    ) -> Answer:
        """Answer one question. Many may be asked at once. `consent` asks the user before much money is spent.

        Raises RlmError for what is wrong with the request, its documents or its model before the first turn; later
        troubles end in an Answer that is `failed` or `partial`. Cancelling stops everything within 100 ms.
        """
        run_id = request.run_id or new_run_id()
        question = Question(self._services(), request, run_id, model)
        return await self._started(question, on_event, consent)

    async def resume(
        self,
        run_id: str,
        on_event: Listener,
        *,
        budget: Budget | None = None,
        buffers: Sequence[Buffer] = (),
        consent: Ask | None = None,
        model: ModelFactory | None = None,
        choice: str | None = None,
    ) -> Answer:
        """Go on with a run that broke off or found no answer; what was paid for is not asked for again.

        `run_id` may be a prefix; `budget` holds limits that are to differ, `buffers` the texts that are open now.
        The models that were asked then are asked, at the endpoints of then; `choice` names another on purpose.
        Raises UnknownRun, BadRequest where there is nothing to go on with, DocumentChanged, ModelChanged, and what
        `ask` raises.
        """
        row = await self.store.run(run_id)
        if row.run_id in self._active:
            raise BadRequest(f"Run {row.run_id} is under way already.")
        resumed = interrupted_run(
            row, await self.store.events(row.run_id), budget or Budget(), buffers, choice, model is not None
        )
        question = Question(self._services(), resumed.request, row.run_id, model, resumed)
        return await self._started(question, on_event, consent)

    async def _started(self, question: Question, on_event: Listener, consent: Ask | None) -> Answer:
        run_id = question.run_id
        if run_id in self._active:
            raise BadRequest(f"Run {run_id} is under way already.")
        task = asyncio.ensure_future(self._conduct(question, on_event, consent))
        active = self._active[run_id] = ActiveRun(task)
        cancelled: asyncio.CancelledError | None = None
        try:
            while not task.done():
                try:
                    await asyncio.wait([task])
                except asyncio.CancelledError as error:
                    cancelled = error
                    active.cancel()
            if cancelled is not None:
                if not task.cancelled():
                    task.exception()  # seen, so that nothing is said of it
                raise cancelled
            return task.result()
        finally:
            del self._active[run_id]

    def _services(self) -> Services:
        return Services(
            settings=self.settings,
            store=self.store,
            pool=self.pool,
            snapshot_cache=self.snapshot_cache,
            checkers=self.checkers,
            sandboxes=self.sandboxes,
            dispatcher=self.dispatcher,
            program_runner=self.program_runner,
            sandbox_cache=self.sandbox_cache,
            answers=self.answers,
            sampler=self.sampler,
            native_consent=self.native_consent,
        )

    async def forget(self, run_ids: Sequence[str] = (), *, older_than: float | None = None, all_: bool = False) -> int:
        """Delete runs of the history: some (ids, or their beginnings), those begun before a Unix time, or all that
        are not running. How many went. Raises UnknownRun, BadRequest for one that runs, StoreFailed.
        """
        count = 0
        for run_id in dict.fromkeys([(await self.store.run(name)).run_id for name in run_ids]):
            await self.store.delete_run(run_id)
            self.answers.drop(run_id)
            count += 1
        if all_ or older_than is not None:
            count += await self.store.clear(None if all_ else older_than)
            self.answers.drop_all()
        return count

    async def estimate(self, request: AskRequest, *, model: ModelFactory | None = None) -> Estimate:
        """What `ask` may cost. Calls no model; raises what `ask` would raise before the first turn."""
        return await estimate(Question(self._services(), request, factory=model))

    async def _conduct(self, question: Question, on_event: Listener, ask: Ask | None) -> Answer:
        run_id, resumed, settings = question.run_id, question.resumed, question.services.settings
        active = self._active[run_id]
        request = replace(question.request, question=well_formed(question.request.question))
        created = resumed.created if resumed else time.time()
        began = time.monotonic() - (resumed.seconds if resumed else 0.0)
        self.store.limit_cache(settings.cache_mb << 20)
        self.dispatcher.follow(settings)
        secret = os.environ.get(settings.models.api_key_env or "", "")
        known = known_secrets(os.environ, (secret,))
        redact = partial(for_trace, level=settings.trace, known=known, written=Written())
        journal = Journal(run_id, self.store, on_event, redact, began, seq=resumed.last_seq if resumed else 0)
        budget = limits(request, settings)
        ledger = Ledger(budget, consent=Consent(settings.budget.ask_above_usd, budget.usd, ask), started=began)
        if resumed is None:
            meta = {"version": __version__, "model": request.model or ""}
            await self.store.begin_run(run_id, scrub(request.question, known), created, meta)
        else:
            await self.store.take_over(run_id)
        active.enter()
        answer: Answer | None = None
        try:
            request = await checked(request, Checker(self.checkers))
            question = replace(question, request=request)
            await journal.emit(started(request, created, question.levels) if resumed is None else _resumed(resumed))
            async with AsyncExitStack() as stack:
                stack.push_async_callback(ledger.consent.close)
                active.run = run = await prepare(question, journal, ledger, created, stack)
                await self._expect(run, settings)
                answer = await explore(run)
                self.sandbox_cache.keep(run_id, run.sandbox.state, run.host.programs.known if run.host.programs else {})
        except asyncio.CancelledError:
            answer = _cut_off(active, run_id, "cancelled", "the run was stopped", ledger)
            answer = await self._end(journal, answer, None)
            if active.stopping and (task := asyncio.current_task()) is not None:
                task.uncancel()
                return answer
            raise
        except Exception as fault:
            told = fault if isinstance(fault, RlmError) else Unforeseen.of(fault)
            if active.run is None or not ledger.calls:
                await self._end(journal, _cut_off(active, run_id, "failed", str(told), ledger), told.code)
                raise told from (None if told is fault else fault)
            # It is paid for: whatever failed, what was found is the answer.
            return await self._end(journal, answer or broken_off(active.run, fault), told.code)
        return await self._end(journal, answer, None)

    async def _expect(self, run: Run, settings: Settings) -> None:
        """Give the Consent the run's expected cost, if there is a threshold."""
        if settings.budget.ask_above_usd is not None:
            sub_models = run.host.sub_models
            sub = sub_models.models.get("sub") if isinstance(sub_models, RunSubModelCalls) else None
            first, size = run.conversation.characters, characters_in(run.host.context)
            inputs = EstimateInputs(run.route, run.model, sub, first, size, run.ledger.limits)
            likely, high, _ = await expected_cost(inputs, self.store)
            run.ledger.consent.expect(likely.usd, high.usd)

    async def _end(self, journal: Journal, answer: Answer, error_code: int | None) -> Answer:
        """Emit and store how the run ended. The Answer says so if it could not be stored."""
        answer = self._told_of_trouble(answer)
        for message in answer.warnings:
            await journal.emit(Warned(run_id="", message=message))
        finished = RunFinished(run_id="", answer=answer, error_code=error_code)
        await journal.emit(finished)
        await self.store.end_run(journal.run_id, answer.status, journal.redact(finished.wire())["answer"])
        self._ended += 1
        if self._ended % RUNS_UNTIL_PRUNED == 0:
            with suppress(StoreFailed):
                await self.store.prune(self.settings.history_mb << 20)
        answer = self._told_of_trouble(answer)
        self.answers.keep(answer)
        return answer

    def _told_of_trouble(self, answer: Answer) -> Answer:
        heard = (self.store.trouble, self.store.take_notice())
        new = tuple(text for text in heard if text and text not in answer.warnings)
        return answer.model_copy(update={"warnings": answer.warnings + new}) if new else answer


def _resumed(run: InterruptedRun) -> RunResumed:
    return RunResumed(run_id="", replies=len(run.calls()), sub_replies=len(run.sub_replies), model=run.choice)


def _cut_off(active: ActiveRun, run_id: str, status: str, reason: str, ledger: Ledger) -> Answer:
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
