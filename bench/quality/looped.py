"""The arms that are the real engine: the loop without sub-models, and with all that it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.quality.index import Question
from bench.quality.outcome import Outcome
from bench.quality.results import Arm
from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine, new_run_id
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.events import AnyEvent, RunFinished
from rlm_ls.errors import RlmError

LEVELS = ("dsl", "wasm", "llm")
"""Of the full arm, beside what the settings allow: native programs run only where a user has switched them on."""


@dataclass(frozen=True, slots=True)
class Looped:
    arm: Arm
    model: str
    engine: Engine
    budget: Budget

    @property
    def levels(self) -> tuple[str, ...]:
        every = dict.fromkeys((*LEVELS, *self.engine.settings.levels))
        return tuple(level for level in every if self.arm == "full" or level != "llm")

    async def ask(self, question: Question, text: Path, recording: Path | None) -> Outcome:
        """`recording` plays the model if given. What a failed run had used is in the Outcome too."""
        ended: list[Answer] = []

        def listen(event: AnyEvent) -> None:
            if isinstance(event, RunFinished):
                ended.append(event.answer)

        request = AskRequest(
            question=question.question,
            scope=Scope(kind="document", files=(str(text),)),
            model=self.model if recording is None else f"recorded:{recording}",
            levels=self.levels,
            budget=self.budget,
            run_id=new_run_id(),
        )
        assert request.run_id is not None
        error = ""
        try:
            answer = await self.engine.ask(request, listen)
        except RlmError as failure:
            if not ended:
                raise
            answer, error = ended[-1], f"{failure.code}: {failure}"
        if answer.status == "failed" and not error:
            error = answer.reason
        return Outcome(
            output=answer.answer,
            status=answer.status,
            usage=answer.usage,
            model=answer.model,
            route=answer.route,
            run_id=answer.run_id,
            warnings=answer.warnings,
            events=tuple(await self.engine.store.events(request.run_id)),
            error=error,
        )
