"""What is streamed of a run: its plan, its thoughts, each program as a tool call with what it printed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from acp import (
    plan_entry,
    start_tool_call,
    text_block,
    tool_content,
    update_agent_thought_text,
    update_plan,
    update_tool_call,
)

from rlm_ls.engine.engine import AnyEvent
from rlm_ls.visible import visible, visible_line

STEPS = ("Take the texts", "Explore them with programs", "Check what is cited, and answer")
MOST_SHOWN = 4_000
"""Characters of a program's source, and of what it printed."""

Send = Callable[[Any], Awaitable[None]]


class Updates:
    """Takes the events of one run and sends them in order; `close` waits until all are sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._step = -1
        self._thought = False
        self._sending = asyncio.ensure_future(self._deliver())

    def take(self, event: AnyEvent) -> None:
        """The engine's `on_event`. What child runs do is not shown."""
        if event.child:
            return
        match event.type:
            case "runStarted" | "runResumed":
                self._plan(0)
            case "routeChosen":
                self._plan(1)
                self._put(update_agent_thought_text(visible(f"{event.reason.capitalize()}. ({event.model})\n")))
            case "routeChanged":
                self._put(update_agent_thought_text(visible(f"{event.reason.capitalize()}.\n")))
            case "turnStarted":
                self._thought = True
            case "textStreamed" if self._thought:
                # The words before the first program; programs are shown as tool calls.
                words, fence, _ = event.text.partition("```")
                self._thought = not fence
                if words.strip():
                    self._put(update_agent_thought_text(visible(words)))
            case "programStarted":
                shown = text_block(f"```{event.language}\n{visible(event.source[:MOST_SHOWN])}\n```")
                self._put(
                    start_tool_call(
                        _call(event.turn, event.index),
                        _title(event.source),
                        kind="execute",
                        status="in_progress",
                        content=[tool_content(shown)],
                    )
                )
            case "programFinished":
                self._finished(event.turn, event.index, event.output, event.error)
                if event.submitted:
                    self._plan(2)
            case "runFinished":
                self._plan(len(STEPS))

    async def close(self) -> None:
        self._queue.put_nowait(None)
        await self._sending

    def _finished(self, turn: int, index: int, output: str, error: str) -> None:
        printed = visible(f"{output}\n{error}".strip()[:MOST_SHOWN])
        self._put(
            update_tool_call(
                _call(turn, index),
                status="failed" if error else "completed",
                content=[tool_content(text_block(f"```\n{printed}\n```"))] if printed else None,
            )
        )

    def _plan(self, step: int) -> None:
        if step > self._step:
            self._step = step
            self._put(update_plan([plan_entry(name, status=_status(at, step)) for at, name in enumerate(STEPS)]))

    def _put(self, update: Any) -> None:
        self._queue.put_nowait(update)

    async def _deliver(self) -> None:
        while (update := await self._queue.get()) is not None:
            await self._send(update)


def _status(at: int, step: int) -> Literal["pending", "in_progress", "completed"]:
    return "completed" if at < step else "in_progress" if at == step else "pending"


def _call(turn: int, index: int) -> str:
    return f"turn-{turn}-program-{index}"


def _title(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "program")
    return visible_line(line)[:80]
