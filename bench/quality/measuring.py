"""Asks every question in every arm, side by side, and keeps a row of each: an error is a row too, never the end."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from bench.quality.index import Question
from bench.quality.looped import Looped
from bench.quality.one_call import RECORDED, OneCall
from bench.quality.outcome import Outcome
from bench.quality.recordings import place, recorded, seconds_of, write
from bench.quality.results import Arm, Key, Results, Row
from bench.quality.scoring import score
from rlm_ls.engine.answer import RunUsage
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import Budget
from rlm_ls.errors import BadRequest, RlmError, StoreFailed
from rlm_ls.settings.layers import load
from rlm_ls.settings.sections import Settings

LOOPED: tuple[Arm, ...] = ("loop", "full")
REPLAY = "replay"


class Asking(Protocol):
    async def ask(self, question: Question, text: Path, recording: Path | None) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """`model` answers in every role (`sub`, if given, as the sub-model); `replay` is a folder of recordings.

    `budget` is a question's; its limits other than `seconds` hold in the arms of the engine.
    """

    texts: Path
    model: str
    arms: tuple[Arm, ...] = ("full",)
    sub: str = ""
    budget: Budget = field(default_factory=Budget)
    concurrency: int = 4
    record: Path | None = None
    replay: Path | None = None

    @property
    def name(self) -> str:
        """What the rows call the model."""
        return self.model if not self.sub or self.replay else f"{self.model} + {self.sub}"

    def settings(self) -> Settings:
        """The user's endpoints and limits, with this plan's models in every role."""
        settings = load(environ=os.environ)[0]
        live = not self.replay and self.model != "offline" and not self.model.startswith(RECORDED)
        root = tuple(name.strip() for name in self.model.split(",")) if live else ()
        sub = tuple(name.strip() for name in self.sub.split(",")) if self.sub else ()
        models = settings.models.model_copy(update={"root": root, "sub": sub, "code": ()})
        return settings.model_copy(
            update={
                "models": models,
                # Nobody is there to be asked.
                "budget": settings.budget.model_copy(update={"ask_above_usd": None}),
                "trace": "full" if self.record is not None else settings.trace,
            }
        )


def check(plan: Plan, questions: Sequence[Question]) -> None:
    """Raises BadRequest for what could not be asked or, which is worse, not be scored once it was paid for."""
    needed = {"bm25s": "retrieval" in plan.arms, "rouge_score": any(q.scoring.type == "rouge" for q in questions)}
    if missing := [name for name, wanted in needed.items() if wanted and find_spec(name) is None]:
        raise BadRequest(f"{' and '.join(missing)} is not installed.", "pip install -e '.[bench]'")
    one_call = [arm for arm in plan.arms if arm not in LOOPED]
    if plan.model == "offline" and one_call and not plan.replay:
        raise BadRequest(
            f"The offline rules write programs, and the arm {one_call[0]} runs none.", "Use --arm loop, or a model."
        )
    if plan.record is not None and plan.replay is not None:
        raise BadRequest("A replay is not recorded again.", "Give --record or --replay.")


async def measure(
    plan: Plan, questions: Sequence[Question], results: Results, on_row: Callable[[Row], None] = lambda row: None
) -> None:
    """Every question that `results` does not hold yet is asked. Cancelling loses the questions under way, no others."""
    check(plan, questions)
    todo = [
        (arm, question) for arm in plan.arms for question in questions if not results.done(key(plan, arm, question))
    ]
    waiting = iter(todo)
    writing = asyncio.Lock()
    async with _arms(plan) as arms, asyncio.TaskGroup() as group:

        async def work() -> None:
            for arm, question in waiting:
                row = await _row(plan, arm, arms[arm], question)
                async with writing:
                    await asyncio.to_thread(results.add, row)
                on_row(row)

        for _ in range(min(plan.concurrency, len(todo))):
            group.create_task(work())


def key(plan: Plan, arm: Arm, question: Question) -> Key:
    return (question.id, question.digest, arm, plan.name)


def rows_of(plan: Plan, questions: Sequence[Question], results: Results) -> list[Row]:
    """The rows of this plan, scored by the index and the scorers of today: only the outputs were paid for."""
    found = [
        (question, row)
        for arm in plan.arms
        for question in questions
        if (row := results.rows.get(key(plan, arm, question))) is not None
    ]
    return [
        row.model_copy(
            update={"score": 0.0 if row.error else score(row.output, question), "type": question.scoring.type}
        )
        for question, row in found
    ]


@asynccontextmanager
async def _arms(plan: Plan) -> AsyncIterator[dict[Arm, Asking]]:
    """Each arm of the plan. The engine has a state folder of its own: no cache or history of the user's takes part."""
    settings = plan.settings()
    seconds = settings.budget.seconds if plan.budget.seconds is None else plan.budget.seconds
    arms: dict[Arm, Asking] = {
        arm: OneCall(arm, plan.model, settings, seconds) for arm in plan.arms if arm not in LOOPED
    }
    if not set(plan.arms) & set(LOOPED):
        yield arms
        return
    with tempfile.TemporaryDirectory(prefix="rlm-ls-quality-") as folder:
        engine = await Engine.open(settings=settings, state_dir=Path(folder))
        try:
            yield arms | {arm: Looped(arm, plan.model, engine, plan.budget) for arm in plan.arms if arm in LOOPED}
        finally:
            await engine.close()


async def _row(plan: Plan, arm: Arm, asking: Asking, question: Question) -> Row:
    started = time.perf_counter()
    try:
        outcome = await _ask(plan, arm, asking, question)
    except RlmError as error:
        outcome = _failed(f"{error.code}: {error}", started)
    except TimeoutError:
        outcome = _failed("the limit of seconds was reached", started)
    except Exception as error:
        outcome = _failed(f"{type(error).__name__}: {error}", started)
    usage = outcome.usage
    return Row(
        id=question.id,
        digest=question.digest,
        arm=arm,
        model=plan.name,
        replied=outcome.model,
        type=question.scoring.type,
        score=0.0 if outcome.error else score(outcome.output, question),
        error=outcome.error,
        output=outcome.output,
        status=outcome.status,
        route=outcome.route,
        turns=usage.turns,
        calls=usage.model_calls,
        sub_calls=usage.sub_calls,
        cached_calls=getattr(usage, "cached_calls", 0),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        usd=usage.usd,
        seconds=usage.seconds,
        warnings=outcome.warnings,
        run_id=outcome.run_id,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


async def _ask(plan: Plan, arm: Arm, asking: Asking, question: Question) -> Outcome:
    text = question.text(plan.texts)
    if plan.replay is not None:
        recording = recorded(plan.replay, arm, question.id)
        outcome = await asking.ask(question, text, recording)
        seconds = await asyncio.to_thread(seconds_of, recording)
        # A replay takes no time to speak of: the recorded run's is the figure.
        return replace(outcome, usage=outcome.usage.model_copy(update={"seconds": seconds}))
    outcome = await asking.ask(question, text, None)
    if plan.record is not None:
        try:
            await asyncio.to_thread(write, place(plan.record, arm, question.id), outcome, plan.name, plan.texts)
        except StoreFailed as error:
            # The answer was paid for: a disk that is full takes only the recording.
            outcome = replace(outcome, warnings=(*outcome.warnings, str(error)))
    return outcome


def _failed(error: str, started: float) -> Outcome:
    return Outcome("", "failed", RunUsage(seconds=round(time.perf_counter() - started, 3)), error=error)
