"""The tool `ask`: one question through the engine's whole loop, with progress, consent and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from mcp.shared.exceptions import MCPError

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import AnyEvent, Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.mcp.client import Client
from rlm_ls.models import editor
from rlm_ls.visible import visible_line

REPORT_SECONDS = 0.25

Report = Callable[[float, float | None, str | None], Awaitable[None]]
"""Sends progress: how far, of how much, what is done."""


def model_for(engine: Engine, client: Client, named: str | None) -> str | None:
    """The model that is named or configured; else the client's own, where it may be asked; else None: rules answer."""
    models = engine.settings.models
    if named is not None or models.root:
        return named
    if client.samples and (engine.settings.privacy != "local" or models.editor_is_local):
        return editor.NAME
    return None


async def ask(engine: Engine, request: AskRequest, client: Client, report: Report) -> Answer:
    """Cancelling the task stops the run. Raises what `Engine.ask` raises."""
    async with _reporting(report) as progress:
        return await engine.ask(request, progress.take, consent=client.ask_to_go_on)


@dataclass(slots=True)
class _Progress:
    """What a run is doing, in a few words."""

    done: int = 0
    message: str = ""
    sent: int = -1

    def take(self, event: AnyEvent) -> None:
        match event.type:
            case "contextTaken":
                self.message = f"{event.count:,} documents"
            case "turnStarted":
                self.message = f"turn {event.turn}: asking the model"
            case "verbCalled":
                self.message = visible_line(event.detail)[:120]
            case "searchProgressed":
                self.message = visible_line(event.in_words)[:120]
            case "programFinished":
                self.message = f"turn {event.turn}: program {event.index} is done"
            case _:
                return
        self.done += 1


@asynccontextmanager
async def _reporting(report: Report) -> AsyncIterator[_Progress]:
    progress = _Progress()

    async def send() -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if progress.sent < progress.done:
                progress.sent = progress.done
                await report(progress.done, None, progress.message)

    sending = asyncio.ensure_future(send())
    try:
        yield progress
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError, MCPError):
            await sending
