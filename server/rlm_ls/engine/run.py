"""The method (arXiv 2512.24601): a model that never sees the text explores it with programs, turn by turn, and submits.

    while no limit is reached:
        ask the model                      its reply is a plan and programs
        run the programs                   they work where the text is; only what they print comes back
        if one submitted an answer whose citations hold: done
        append reply and observation

Everything a turn does is an event, durable before it is acted upon.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rlm_ls.engine.answer import Answer, Coverage, Route, SkippedDocument
from rlm_ls.engine.conversation import Conversation
from rlm_ls.engine.events import (
    ModelCalled,
    ModelMessage,
    ModelReplied,
    ProgramFinished,
    ProgramStarted,
    TextStreamed,
    TurnFinished,
    TurnStarted,
    VerbCalled,
    Warned,
)
from rlm_ls.engine.grammar import Block, programs
from rlm_ls.engine.journal import Journal
from rlm_ls.engine.ledger import Ledger
from rlm_ls.engine.minds import RunMinds
from rlm_ls.engine.observation import Ran, observation, shortened
from rlm_ls.engine.partial import Findings, partial_answer
from rlm_ls.engine.payment import LimitReached, pay
from rlm_ls.engine.prompt import NO_BLOCK, NOT_RUN, REPEATED, TOO_MANY, UNREADABLE, steps_left
from rlm_ls.engine.quotations import unmatched
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.submission import Checked, check
from rlm_ls.errors import RlmError, Unforeseen
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.dsl import Sandbox
from rlm_ls.executors.judging.judge import Judge
from rlm_ls.executors.printed import cap
from rlm_ls.models.base import Message, Model, Reply

log = logging.getLogger(__name__)

REPLY_TOKENS = 4096
"""Tokens reserved, and allowed, for one reply."""
STUCK = 3
"""Times that the same programs may come to the same before the run is ended: stuck runs are a cost's heavy tail."""
QUOTED = 200
"""Characters of a quotation that a model is told it invented."""
VERBS_TOLD = 200
"""Verb calls of one script that become events; a loop over thousands would drown the trace."""


@dataclass(slots=True)
class Run:
    """One question being answered. Owns nothing: the engine opens and closes what is used here."""

    request: AskRequest
    model: Model
    route: Route
    route_reason: str
    ledger: Ledger
    journal: Journal
    desk: Desk
    judge: Judge
    sandbox: Sandbox
    conversation: Conversation
    output_limit: int
    trace_uri: str
    findings: Findings = field(default_factory=Findings)
    warnings: list[str] = field(default_factory=list)
    quotations_returned: bool = False
    characters_shown: int = 0
    done_before: Counter[bytes] = field(default_factory=Counter)
    model_seconds: float = 0.0
    program_seconds: float = 0.0


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
        if run.ledger.calls == 0:
            raise
        return finish(run, "failed", shortened(str(error)))
    return finish(run, "partial", limit)


def broken_off(run: Run, fault: BaseException) -> Answer:
    """What was found until something failed that nobody foresaw: the run is paid for, and ends in an Answer."""
    log.error("run %s broke off", run.journal.run_id, exc_info=fault)
    return finish(run, "partial", str(Unforeseen.of(fault)))


async def _turn(run: Run) -> Answer | None:
    """One turn: ask, run, judge. The Answer if it ended the run."""
    started, before = time.perf_counter(), (run.model_seconds, run.program_seconds, run.ledger.tokens)
    run.ledger.turns += 1
    turn = run.ledger.turns
    await run.journal.emit(TurnStarted(run_id="", turn=turn))
    reply = await _ask_model(run, turn)
    fences = await run.judge.fences(reply.text)
    blocks, left_out = (programs(fences[0]), fences[1]) if fences else ((), 0)
    run.findings.plan = _plan(reply.text) or run.findings.plan
    answer: Answer | None
    if run.route == "direct" and not blocks:
        run.quotations_returned = True  # there is no further turn to mend them in
        checked, _ = await _check_quotations(run, Checked(reply.text.strip(), None, (), ()))
        answer = finish(run, "answered", "", answer=checked)
    else:
        ran, answer = await _run_programs(run, turn, blocks)
        if answer is None:
            verdict = _stuck(run, blocks, ran) if blocks else NO_BLOCK if fences else UNREADABLE
            _observe(run, reply, ran, f"{TOO_MANY.format(count=left_out)} {verdict}" if left_out else verdict)
    taken = time.perf_counter() - started - (run.model_seconds - before[0]) - (run.program_seconds - before[1])
    tokens = run.ledger.tokens - before[2]
    await run.journal.emit(
        TurnFinished(run_id="", turn=turn, loop_seconds=round(taken, 5), tokens=tokens, usd=run.ledger.usd)
    )
    return answer


async def _ask_model(run: Run, turn: int) -> Reply:
    """Reserve on the Ledger, announce, call, settle. The reply is durable before anything in it runs."""
    if run.conversation.compact(run.model.window, run.ledger.characters_per_token):
        await run.journal.emit(
            Warned(run_id="", message="Older observations were compacted to fit the model's window.")
        )
    messages = tuple(run.conversation.messages)

    async def announce(prompt_tokens: int) -> None:
        new = tuple(ModelMessage(role=m.role, content=m.content) for m in run.conversation.unsent())
        await run.journal.emit(
            ModelCalled(run_id="", turn=turn, model=run.model.name, messages=new, prompt_tokens_estimate=prompt_tokens)
        )

    async def ask() -> Reply:
        def show(text: str) -> None:
            run.journal.tell(TextStreamed(run_id="", turn=turn, text=text))

        return await run.model.complete(messages, on_text=show, max_tokens=REPLY_TOKENS)

    started = time.perf_counter()
    try:
        paid = await pay(run.ledger, run.model, messages, REPLY_TOKENS, ask, announce=announce)
    finally:
        run.model_seconds += time.perf_counter() - started
    reply = paid.reply
    await run.journal.emit(
        ModelReplied(
            run_id="",
            turn=turn,
            text=reply.text,
            finish=reply.finish,
            prompt_tokens=reply.usage.prompt_tokens,
            completion_tokens=reply.usage.completion_tokens,
            cached_tokens=reply.usage.cached_tokens,
            usd=reply.usage.usd,
            seconds=round(paid.seconds, 4),
        )
    )
    return reply


async def _run_programs(run: Run, turn: int, blocks: Sequence[Block]) -> tuple[list[Ran], Answer | None]:
    """Run the blocks in order, up to an accepted answer. After an error the others still run, and none may submit."""
    done: list[Ran] = []
    failed = 0
    for index, block in enumerate(blocks, 1):
        if block.language == "other":
            done.append(Ran("", NOT_RUN.format(info=block.info, why="only ```python blocks run.")))
            continue
        run_block = _run_script(run, turn, index, block.source) if block.language == "python" else _define(run, block)
        ran = await run_block
        failed = failed or (index if ran.error else 0)
        done.append(ran)
        if run.desk.submission is None:
            continue
        checked = await check(run.desk.submission, run.desk, run.request.schema, run.judge)
        problems = (f"block {failed} raised an error.", *checked.problems) if failed else checked.problems
        if not problems:
            checked, problems = await _check_quotations(run, checked)
        if not problems:
            return done, finish(run, "answered", "", answer=checked)
        run.findings.draft, run.findings.citations = checked.answer, checked.citations
        run.findings.draft_problem = shortened(" ".join(problems))
        refusal = f"submit was not accepted: {run.findings.draft_problem}"
        done[-1] = Ran(ran.output, f"{ran.error}\n{refusal}".strip(), ran.notes)
    return done, None


async def _check_quotations(run: Run, checked: Checked) -> tuple[Checked, tuple[str, ...]]:
    """Quotations that stand nowhere go back to the model once; if they come again they are marked in the answer."""
    missing = await unmatched(checked.answer, checked.citations, run.desk, run.judge)
    if missing and not run.quotations_returned:
        run.quotations_returned = True
        return checked, tuple(
            f"the text holds no {quote[:QUOTED]!r}: quote it exactly, or say it in other words." for quote in missing
        )
    return replace(checked, answer=await run.judge.marked(checked.answer, missing)) if missing else checked, ()


async def _define(run: Run, block: Block) -> Ran:
    """Compile a program, so that scripts may call it by name."""
    run.desk.submission = None
    run.desk.notes = []
    if run.desk.programs is None:
        return Ran("", NOT_RUN.format(info=block.info, why="compiled programs are off; use Python and the verbs."))
    started = time.perf_counter()
    try:
        said = await run.desk.programs.define(run.desk, block.name, block.language, block.source, native=block.native)
    except RlmError as error:
        return Ran("", f"```{block.info} was not compiled: {error}")
    finally:
        run.program_seconds += time.perf_counter() - started
    return Ran(said)


async def _run_script(run: Run, turn: int, index: int, source: str) -> Ran:
    run.desk.submission = None
    run.desk.notes = []
    told = 0

    async def on_verb(verb: str, detail: str, seconds: float) -> None:
        nonlocal told
        told += 1
        if told <= VERBS_TOLD:
            event = VerbCalled(run_id="", turn=turn, index=index, verb=verb, detail=detail, seconds=round(seconds, 5))
            run.journal.tell(event)

    await run.journal.emit(ProgramStarted(run_id="", turn=turn, index=index, language="python", source=source))
    started = time.perf_counter()
    try:
        outcome = await run.sandbox.run(source, run.desk, on_verb)
    finally:
        run.program_seconds += time.perf_counter() - started
    error = shortened(outcome.error)
    if outcome.output:
        run.findings.output = cap(outcome.output, run.output_limit)
    await run.journal.emit(
        ProgramFinished(
            run_id="",
            turn=turn,
            index=index,
            output=cap(outcome.output, run.output_limit),
            error=error,
            submitted=run.desk.submission is not None and not error,
            seconds=round(outcome.script_seconds, 4),
        )
    )
    return Ran(outcome.output, error, tuple(run.desk.notes))


def _stuck(run: Run, blocks: Sequence[Block], programs: Sequence[Ran]) -> str:
    """What to tell a model that repeats itself: same programs, same outputs. Raises LimitReached the third time."""
    done = repr([block.source for block in blocks] + [(ran.output, ran.error) for ran in programs])
    key = hashlib.sha256(done.encode("utf-8", "replace")).digest()
    run.done_before[key] += 1
    if run.done_before[key] >= STUCK:
        raise LimitReached(f"the run was stuck: {STUCK} times the same programs with the same outcome")
    return REPEATED if run.done_before[key] > 1 else ""


def _observe(run: Run, reply: Reply, programs: Sequence[Ran], verdict: str) -> None:
    """Append the reply and what came of it."""
    if reply.finish == "length":
        verdict = "Your reply was cut off at its length limit: write shorter scripts. " + verdict
    left = run.ledger.limits.turns - run.ledger.turns
    if left <= run.ledger.limits.turns // 2:
        verdict = f"{verdict}\n{steps_left(left, last=left == 1)}".strip()
    shown = observation(programs, run.output_limit, verdict)
    run.characters_shown += len(shown)
    run.conversation.append(Message("assistant", reply.text))
    run.conversation.append(Message("user", shown))


def finish(run: Run, status: str, reason: str, *, answer: Checked | None = None) -> Answer:
    """The run's Answer, accepted or partial."""
    text = answer.answer if answer else partial_answer(run.findings, reason)
    return Answer.model_validate(
        {
            "run_id": run.journal.run_id,
            "status": status,
            "reason": reason or run.route_reason,
            "route": run.route,
            "answer": text,
            "data": answer.data if answer else None,
            "citations": answer.citations if answer else run.findings.citations,
            "coverage": _coverage(run),
            "usage": run.ledger.usage(),
            "trace_uri": run.trace_uri,
            "model": run.model.name,
            "model_kind": run.model.kind,
            "warnings": tuple(dict.fromkeys(run.warnings)),
        }
    )


def _coverage(run: Run) -> Coverage:
    context, minds = run.desk.context, run.desk.minds
    sent = minds.characters_sent if isinstance(minds, RunMinds) else 0
    return Coverage(
        documents=len({part.doc for part in context.limit}),
        searched=len(run.desk.searched),
        read=len(run.desk.read),
        characters_read=run.characters_shown + sent,
        skipped=tuple(SkippedDocument(uri=item.uri, reason=item.reason) for item in context.skipped),
    )


def _plan(reply: str) -> str:
    """The words before the first block."""
    return reply[:5_000].split("```")[0].strip()[:500]
