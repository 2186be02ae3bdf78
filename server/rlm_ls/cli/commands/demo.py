"""`rlm-ls demo`: three questions over a generated log and a sample project; replies recorded, programs live."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from rlm_ls.cli.commands.ask import scope_of, write_trace
from rlm_ls.cli.demo.questions import QUESTIONS, DemoQuestion
from rlm_ls.cli.terminal.console import err, out
from rlm_ls.cli.terminal.screen import Screen, show_answer
from rlm_ls.cli.terminal.session import EXIT, Session, on_interrupt, run, session, user_settings
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.engine import new_run_id
from rlm_ls.engine.request import AskRequest
from rlm_ls.models.base import Model
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.store.recording import Recording, read_recording

INTRODUCTION = (
    "The demo generates a log of 200,000 lines and asks two questions about it, and one about a sample project. "
    "The model's replies are recordings made with a large language model; every program in them runs live, now, "
    "on this machine, and every citation is checked against the text. Nothing is sent anywhere."
)


def demo(
    only: Annotated[str | None, typer.Option(help="Only this question: " + ", ".join(q.id for q in QUESTIONS))] = None,
    steps: Annotated[bool, typer.Option("--steps", "-s", help="Show every program and what it printed.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Record into this folder: with --model anew, else the same replies.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Ask this model live in place of the recordings.")] = None,
) -> None:
    """Answer three questions with recorded model replies and live programs. Needs no key and no network."""
    chosen = [question for question in QUESTIONS if only in (None, question.id)]
    if not chosen:
        raise typer.BadParameter(f"There is no demo question {only!r}.", param_hint="--only")
    run(_demo(chosen, steps, record, model))


async def _demo(chosen: list[DemoQuestion], steps: bool, record: Path | None, model: str | None) -> int:
    settings = user_settings()
    if record is not None:
        settings = settings.model_copy(update={"trace": "full"})
    if model is None:
        err.print(INTRODUCTION, style="italic", markup=False)
    worst = 0
    async with session(settings) as opened:
        for number, question in enumerate(chosen, 1):
            started = time.perf_counter()
            target = await _target(question)
            made = time.perf_counter() - started
            out.print()
            out.rule(f"{number} of {len(chosen)}", characters="─")
            out.print(question.question, style="bold", markup=False)
            if question.about == "log":
                size = target.stat().st_size
                out.print(
                    f"{target.name}, {size / 1e6:.1f} MB (made or found in {made:.1f} s)", style="dim", markup=False
                )
            code = await _one(opened, question, target, Screen(plans=True, steps=steps), record, model)
            if code == EXIT["cancelled"]:
                return code
            worst = max(worst, code)
        if not steps and model is None:
            err.print("\nSee the programs themselves: ./dev demo --steps, or rlm-ls trace last", markup=False)
    return worst


async def _target(question: DemoQuestion) -> Path:
    """What the question is about; made in a thread that ends when this is cancelled."""
    over = threading.Event()
    try:
        return await asyncio.to_thread(question.target, stopped=over.is_set)
    finally:
        over.set()


async def _one(
    opened: Session, question: DemoQuestion, target: Path, screen: Screen, record: Path | None, model: str | None
) -> int:
    request = AskRequest(
        question=question.question,
        scope=scope_of([str(target)], [], []),
        model=model,
        run_id=new_run_id(),
        levels=("dsl", "llm"),  # what else there is depends on the machine, and the prompt is a recording's
    )
    assert request.run_id is not None
    run_id = request.run_id
    differences: list[str] = []

    def recorded(_request: AskRequest, _context: Context) -> Model:
        return RecordedModel.of(recording.events, strict=False, on_difference=differences.append)

    factory = None
    if model is None:
        recording: Recording = await asyncio.to_thread(read_recording, question.recording)
        factory = recorded
    async with on_interrupt(lambda: opened.engine.stop(run_id)):
        with screen:
            answer = await opened.engine.ask(request, screen, model=factory)
    show_answer(answer)
    for difference in differences:
        err.print(
            f"warning: the prompt or an observation is not the recorded one:\n{difference}",
            style="yellow",
            markup=False,
        )
    if record is not None:
        events = await opened.engine.store.events(run_id)
        await asyncio.to_thread(write_trace, record / f"{question.id}.jsonl", events, answer, "", target.parent)
    return EXIT[answer.status]
