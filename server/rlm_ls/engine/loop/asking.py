"""A turn's reply: asked for within the budget, and once more where the prompt was too long for the server, or where all
of the reply's room went into thinking."""

from __future__ import annotations

import time

from rlm_ls.engine.budget.ledger import Reservation
from rlm_ls.engine.budget.payment import pay
from rlm_ls.engine.loop.state import Run
from rlm_ls.engine.trace.events import (
    ModelCalled,
    ModelMessage,
    ModelReplied,
    TextStreamed,
    ThinkingStreamed,
    Warned,
)
from rlm_ls.errors import ModelFailed
from rlm_ls.models.base import Reply
from rlm_ls.models.profiles import SMALLEST_ROOM, USUAL_ROOM, room_within

TOO_LONG = "The prompt was too long for the model's server; older observations were compacted, and it was asked again."
THOUGHT_ONLY = (
    "The reply ended in its thinking, without an answer; it was asked for again with room for {room:,} tokens."
)
ASK_ANOTHER = "Ask a larger model (models.root)."
COMPACTED = "Older observations were compacted to fit the model's window."
KEPT_WHERE_REFUSED = 2
"""Messages at the end that stay whole even where the server refuses the length."""


async def ask_model(run: Run, turn: int) -> Reply:
    """The reply to the conversation so far; durable before anything in it runs. It is empty only where the model may
    not be asked again.

    Raises LimitReached, and RlmError where no reply came, or none may be asked for.
    """
    room = room_within(run.profile.reply_tokens, run.window)
    if run.conversation.compact(run.window, run.ledger.characters_per_token, room):
        await _warn(run, COMPACTED)
    try:
        reply = await _ask_once(run, turn, room)
    except ModelFailed as error:
        if not error.too_long or run.calls_left == 0 or not _shorten(run, room):
            raise
        await _warn(run, TOO_LONG)
        room = max(SMALLEST_ROOM, room // 2)
        reply = await _ask_once(run, turn, room)
    if not reply.text.strip() and run.calls_left != 0:
        room = max(room, room_within(2 * room, run.window))
        await _warn(run, THOUGHT_ONLY.format(room=room))
        reply = await _ask_once(run, turn, room)
        if not reply.text.strip():
            raise ModelFailed(
                f"{run.model.name} thought twice, and came to no reply.",
                "Have it think less (models.reasoning), or give it more room (replyTokens in models.profiles).",
            )
    return reply


async def _ask_once(run: Run, turn: int, room: int) -> Reply:
    """Reserve on the Ledger, announce, call, settle, record."""
    if run.calls_left == 0:
        raise ModelFailed(f"{run.model.name} was asked {run.calls} times, and came to no answer.", ASK_ANOTHER)
    messages = tuple(run.conversation.messages)
    room = _affordable(run, room)

    async def announce(prompt_tokens: int) -> None:
        new = tuple(ModelMessage(role=m.role, content=m.content) for m in run.conversation.unsent())
        await run.journal.emit(
            ModelCalled(run_id="", turn=turn, model=run.model.name, messages=new, prompt_tokens_estimate=prompt_tokens)
        )

    async def ask() -> Reply:
        def show(text: str) -> None:
            run.journal.emit_nowait(TextStreamed(run_id="", turn=turn, text=text))

        def show_thinking(text: str) -> None:
            run.journal.emit_nowait(ThinkingStreamed(run_id="", turn=turn, text=text))

        return await run.model.complete(
            messages,
            on_text=show,
            on_thinking=show_thinking,
            max_tokens=room,
            temperature=run.profile.temperature,
            reasoning=run.profile.reasoning,
        )

    started = time.perf_counter()
    run.calls += 1
    try:
        paid = await pay(run.ledger, run.model, messages, room, ask, announce=announce)
    finally:
        run.model_seconds += time.perf_counter() - started
    reply = paid.reply
    await run.journal.emit(
        ModelReplied(
            run_id="",
            turn=turn,
            text=reply.text,
            thinking=reply.thinking,
            finish=reply.finish,
            prompt_tokens=reply.usage.prompt_tokens,
            completion_tokens=reply.usage.completion_tokens,
            cached_tokens=reply.usage.cached_tokens,
            estimated_tokens=reply.usage.estimated_tokens,
            usd=reply.usage.usd,
            seconds=round(paid.seconds, 4),
        )
    )
    return reply


def _affordable(run: Run, room: int) -> int:
    """`room`, or less of it where the budget holds no more: what is left of it should not fail for the longest that
    a model might think."""
    prompt = run.ledger.tokens_in(run.conversation.characters)
    while room > USUAL_ROOM:
        if run.ledger.fits(Reservation(prompt + room, run.model.price(prompt, room))):
            break
        room = max(USUAL_ROOM, room // 2)
    return room


def _shorten(run: Run, room: int) -> bool:
    """After the server refused the length: the run's window is smaller than was thought. False if nothing is to be
    gained by asking again."""
    tokens = run.ledger.tokens_in(run.conversation.characters)
    run.window = min(run.window, tokens * 4 // 5 + room)
    compacted = run.conversation.compact(run.window, run.ledger.characters_per_token, room, keep=KEPT_WHERE_REFUSED)
    run.conversation.send_again()
    return compacted or room > SMALLEST_ROOM


async def _warn(run: Run, message: str) -> None:
    await run.journal.emit(Warned(run_id="", message=message))
