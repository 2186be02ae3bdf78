"""The method (arXiv 2512.24601): a model that never sees the text explores it with programs, turn by turn, and submits.

    while no limit is reached:
        ask the model                      its reply is a plan and programs
        run the programs                   they work where the text is; only what they print comes back
        if one submitted an answer whose citations hold: done
        append reply and observation
    twice nowhere: shown the best passages, it is asked for an answer (guided/)

Everything a turn does is an event, durable before it is acted upon.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.budget.payment import LimitReached
from rlm_ls.engine.guided.holding import unproved
from rlm_ls.engine.guided.route import guided
from rlm_ls.engine.loop.acceptance import accept_text, judge
from rlm_ls.engine.loop.asking import ask_model
from rlm_ls.engine.loop.ending import finish
from rlm_ls.engine.loop.grammar import Block, programs
from rlm_ls.engine.loop.observation import ProgramResult, observed, shortened
from rlm_ls.engine.loop.programs import not_run, run_program
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.setup.prompt import (
    NO_BLOCK,
    REPEATED,
    SMALL_FORM,
    SMALL_NEXT,
    TOO_MANY,
    UNREADABLE,
    small_again,
    steps_left,
)
from rlm_ls.engine.trace.events import TurnFinished, TurnStarted
from rlm_ls.errors import RlmError
from rlm_ls.executors.verbs.registry import VERBS
from rlm_ls.models.base import Reply

MOST_UNSEEN = 1 << 20
"""Characters kept of what no observation had room for."""
STUCK = 3
"""Times that the same programs may come to the same before the run is ended: stuck runs are a cost's heavy tail."""


async def explore(run: Run) -> Answer:
    """The loop. Raises RlmError if the very first model call fails, CancelledError if cancelled."""
    clock = asyncio.timeout(run.ledger.seconds_left)
    try:
        async with clock:
            while not (limit := run.ledger.reached()):
                if (answer := await _turn(run)) is not None:
                    return answer
    except LimitReached as reached:
        limit = str(reached)
    except TimeoutError:
        if not clock.expired():
            raise
        limit = f"the limit of {run.ledger.limits.seconds:g} seconds was reached"
    except RlmError as error:
        if run.ledger.calls == 0 or error.ends_run:
            raise
        return finish(run, "failed", shortened(str(error)))
    return finish(run, "partial", limit)


async def _turn(run: Run) -> Answer | None:
    """One turn: ask, run, judge. The Answer if it ended the run."""
    started, before = time.perf_counter(), (run.model_seconds, run.program_seconds, run.ledger.tokens)
    run.ledger.turns += 1
    turn = run.ledger.turns
    run.journal.emit_nowait(TurnStarted(run_id="", turn=turn))
    answer: Answer | None
    if run.guide is not None and (run.standstill.reached or run.guide.at_once or _must_be_guided(run)):
        answer = await guided(run, run.guide, turn)
    else:
        answer = await _explored(run, turn)
    taken = time.perf_counter() - started - (run.model_seconds - before[0]) - (run.program_seconds - before[1])
    tokens = run.ledger.tokens - before[2]
    run.journal.emit_nowait(
        TurnFinished(run_id="", turn=turn, loop_seconds=round(taken, 5), tokens=tokens, usd=run.ledger.usd)
    )
    return answer


def _must_be_guided(run: Run) -> bool:
    """The one call that a small model has left is for the guided route."""
    return run.calls_left is not None and run.calls_left <= 1


async def _explored(run: Run, turn: int) -> Answer | None:
    """A reply asked for, and its programs run."""
    reply = await ask_model(run, turn)
    fences = await run.checker.fences(reply.text)
    blocks, left_out = (programs(fences[0]), fences[1]) if fences else ((), 0)
    if fences and not blocks and (bare := await run.checker.script_of(reply.text, frozenset(VERBS))):
        blocks = programs([("python", bare)])
    run.findings.plan = _plan(reply.text) or run.findings.plan
    if run.route == "direct" and not blocks:
        return finish(run, "answered", "", answer=await accept_text(run, reply.text))
    verbs = run.verbs
    ran, answer = await _run_programs(run, turn, blocks)
    if answer is None:
        verdict = _verdict(run, blocks, ran, verbs, readable=fences is not None)
        _observe(run, reply, ran, f"{TOO_MANY.format(count=left_out)} {verdict}" if left_out else verdict)
    return answer


def _verdict(run: Run, blocks: Sequence[Block], ran: Sequence[ProgramResult], verbs: int, *, readable: bool) -> str:
    """What to tell a model of a reply that was not the last. `verbs` had been called before it."""
    somewhere = run.standstill.take(
        ran=any(block.language != "other" for block in blocks),
        small=run.small,
        verbs=run.verbs - verbs + sum(block.language not in ("python", "other") for block in blocks),
        outputs=[one.output for one in ran],
        errors=[one.error for one in ran],
    )
    if run.guide is not None and not somewhere:
        if run.standstill.reached or _must_be_guided(run):
            return ""  # it is not asked again
        # An error is a lesson of its own, with the line that was meant.
        if not (run.small or run.small_told or any(one.error for one in ran)) and run.verbs == verbs:
            run.small_told = True
            return SMALL_FORM
    if blocks:
        stuck = _stuck(run, blocks, ran)
        return f"{stuck} {SMALL_NEXT}".strip() if run.calls_left == 2 else stuck
    return UNREADABLE if not readable else small_again(run.request.question) if run.small else NO_BLOCK


async def _run_programs(run: Run, turn: int, blocks: Sequence[Block]) -> tuple[list[ProgramResult], Answer | None]:
    """Run the blocks in order, up to an accepted answer. After an error the others still run, and none may submit."""
    done: list[ProgramResult] = []
    failed = 0
    for index, block in enumerate(blocks, 1):
        if block.language == "other":
            done.append(not_run(block, "only ```python blocks run."))
            continue
        ran = await run_program(run, turn, index, block)
        failed = failed or (index if ran.error else 0)
        done.append(ran)
        if run.host.submission is None:
            continue
        checked, refusal = await judge(run, run.host.submission, failed)
        if not refusal and run.small and run.guide is not None:
            refusal = await unproved(run, run.guide, checked)
        if not refusal:
            return done, finish(run, "answered", "", answer=checked)
        done[-1] = replace(ran, error=f"{ran.error}\n{refusal}".strip())
    return done, None


def _stuck(run: Run, blocks: Sequence[Block], programs: Sequence[ProgramResult]) -> str:
    """What to tell a model that repeats itself: same programs, same outputs. Raises LimitReached the third time."""
    done = repr([block.source for block in blocks] + [(ran.output, ran.error) for ran in programs])
    key = hashlib.sha256(done.encode("utf-8", "replace")).digest()
    run.done_before[key] += 1
    if run.done_before[key] >= STUCK:
        raise LimitReached(f"the run was stuck: {STUCK} times the same programs with the same outcome")
    return REPEATED if run.done_before[key] > 1 else ""


def _observe(run: Run, reply: Reply, programs: Sequence[ProgramResult], verdict: str) -> None:
    """Append the reply and what came of it."""
    if reply.finish == "length":
        verdict = "Your reply was cut off at its length limit: write shorter scripts. " + verdict
    left = run.ledger.limits.turns - run.ledger.turns
    if left <= run.ledger.limits.turns // 2:
        verdict = f"{verdict}\n{steps_left(left, last=left == 1)}".strip()
    shown, rest = observed(programs, run.output_limit, verdict)
    if rest:  # before what an earlier one left, of which more() may have printed a page just now
        run.host.unseen = f"{rest}\n{run.host.unseen}"[:MOST_UNSEEN] if run.host.paged else rest[:MOST_UNSEEN]
    run.host.paged = False
    run.characters_shown += len(shown)
    run.conversation.observe(reply.text, shown)


def _plan(reply: str) -> str:
    """The words before the first block."""
    return reply[:5_000].split("```")[0].strip()[:500]
