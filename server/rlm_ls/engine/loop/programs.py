"""One program of a reply: a script that is run in the sandbox, or source that is compiled for scripts to call."""

from __future__ import annotations

import time

from rlm_ls.context.search.progress import Progress
from rlm_ls.engine.loop.grammar import Block
from rlm_ls.engine.loop.observation import ProgramResult, shortened
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.setup.prompt import NOT_RUN
from rlm_ls.engine.trace.events import ProgramFinished, ProgramStarted, SearchProgressed, VerbCalled
from rlm_ls.errors import RlmError
from rlm_ls.executors.compiled.programs import UNNAMED
from rlm_ls.executors.scripts.output import cap

VERBS_TOLD = 200
"""Verb calls of one script that become events; a loop over thousands would drown the trace."""

BLIND = frozenset({"submit", "help", "budget", "show", "more"})
"""Verbs that do not look at the text."""


async def run_program(run: Run, turn: int, index: int, block: Block) -> ProgramResult:
    """Run or compile one block, the `index`th of its reply. What it submits is then in `run.host.submission`."""
    run.host.submission = None
    run.host.notes = []
    return (
        await _run_script(run, turn, index, block.source) if block.language == "python" else await _define(run, block)
    )


def not_run(block: Block, why: str) -> ProgramResult:
    """The result of a block that is not run, which says `why`."""
    return ProgramResult("", NOT_RUN.format(info=block.info, why=why))


async def _define(run: Run, block: Block) -> ProgramResult:
    """Compile a program, so that scripts may call it by name."""
    if run.host.programs is None:
        return not_run(block, "compiled programs are off; use Python and the verbs.")
    started = time.perf_counter()
    try:
        said = await run.host.programs.define(run.host, block.name, block.language, block.source, native=block.native)
        run.sandbox.defined(block.name or UNNAMED)
    except RlmError as error:
        return ProgramResult("", f"```{block.info} was not compiled: {error}")
    finally:
        run.program_seconds += time.perf_counter() - started
    return ProgramResult(said)


async def _run_script(run: Run, turn: int, index: int, source: str) -> ProgramResult:
    told = 0
    search = run.host.search

    async def on_verb(verb: str, detail: str, seconds: float) -> None:
        nonlocal told
        told += 1
        run.verbs += verb not in BLIND
        if told <= VERBS_TOLD:
            last, search.last = search.last, None
            event = VerbCalled(
                run_id="",
                turn=turn,
                index=index,
                verb=verb,
                detail=detail,
                seconds=round(seconds, 5),
                searched=last.searched if last else 0,
                size=last.size if last else 0,
            )
            run.journal.emit_nowait(event)

    def on_progress(now: Progress) -> None:
        run.journal.emit_nowait(
            SearchProgressed(
                run_id="", turn=turn, searched=now.arrived, size=now.size, found=now.hits, first=now.first_place
            )
        )

    await run.journal.emit(ProgramStarted(run_id="", turn=turn, index=index, language="python", source=source))
    started = time.perf_counter()
    search.listener = on_progress
    try:
        outcome = await run.sandbox.run(source, run.host, on_verb)
    finally:
        search.listener = None
        run.program_seconds += time.perf_counter() - started
    error = shortened(outcome.error)
    if outcome.output:
        run.findings.output = cap(outcome.output, run.output_limit)
    run.journal.emit_nowait(
        ProgramFinished(
            run_id="",
            turn=turn,
            index=index,
            output=cap(outcome.output, run.output_limit),
            error=error,
            submitted=run.host.submission is not None and not error,
            seconds=round(outcome.script_seconds, 4),
        )
    )
    return ProgramResult(outcome.output, error, tuple(run.host.notes), outcome.prints)
