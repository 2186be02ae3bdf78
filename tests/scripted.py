"""Runs of the real engine whose model is a recording written by the test: real sandbox, real search, real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.snapshot import Context
from rlm_ls.context.surroundings import NOWHERE, Surroundings
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.events import AnyEvent
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.models.base import Message, Model, Usage
from rlm_ls.models.recorded import RecordedCall, RecordedModel
from rlm_ls.settings import Settings

TEXT = "".join(
    f"2024-01-01 00:{n // 60:02}:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} worker={n % 7} took={n} ms\n"
    for n in range(600)
)


@dataclass
class Told:
    """What a run said: its Answer, its events, and the messages the model was sent."""

    answer: Answer
    events: list[AnyEvent] = field(default_factory=list)
    sent: list[list[Message]] = field(default_factory=list)

    @property
    def observations(self) -> list[str]:
        """What went back to the model after each turn."""
        return [messages[-1].content for messages in self.sent[1:]]


class Listening(RecordedModel):
    """A recording that keeps what it was asked."""

    def __init__(
        self, calls: Sequence[RecordedCall], sent: list[list[Message]], window: int, kind: Literal["live", "recorded"]
    ) -> None:
        super().__init__(calls, strict=True)
        self.sent = sent
        self.window = window
        self.kind = kind  # type: ignore[assignment]

    async def complete(self, messages: Sequence[Message], **options: Any) -> Any:
        self.sent.append(list(messages))
        return await super().complete(messages, **options)


def script(code: str) -> str:
    return f"Plan.\n```python\n{code}\n```"


@dataclass
class Asker:
    engine: Engine

    async def __call__(
        self,
        *replies: str,
        text: str = TEXT,
        question: str = "How many errors?",
        budget: Budget | None = None,
        schema: dict[str, Any] | None = None,
        usage: Usage | None = None,
        window: int = 1_000_000,
        kind: Literal["live", "recorded"] = "recorded",
        levels: tuple[str, ...] | None = None,
        scope: Scope | None = None,
        run_id: str | None = None,
        follow_up: str | None = None,
        surroundings: Surroundings = NOWHERE,
        on_event: Any = None,
    ) -> Told:
        told = Told(answer=None)  # type: ignore[arg-type]
        calls = [RecordedCall(None, reply, usage or Usage(100, 20, 0, 0.0)) for reply in replies]

        def factory(_request: AskRequest, _context: Context) -> Model:
            return Listening(calls, told.sent, window, kind)

        def listen(event: AnyEvent) -> None:
            told.events.append(event)
            if on_event is not None:
                on_event(event)

        request = AskRequest(
            question=question,
            scope=scope or document(text),
            budget=budget or Budget(),
            schema=schema,
            run_id=run_id,
            follow_up=follow_up,
            levels=levels,
            surroundings=surroundings,
        )
        told.answer = await self.engine.ask(request, listen, model=factory)
        return told


def document(text: str, uri: str = "file:///app.log") -> Scope:
    return Scope(kind="document", files=(uri,), buffers=(Buffer(uri, text, 3, "log"),))


@asynccontextmanager
async def asking(state: Path, **settings: Any) -> AsyncIterator[Asker]:
    """Level wasm is off unless asked for: each test's state folder is new, and compilers would be tried in each."""
    settings.setdefault("levels", ("dsl",))
    engine = await Engine.open(settings=Settings(**settings), state_dir=state)
    try:
        yield Asker(engine)
    finally:
        await engine.close()


__all__ = ["TEXT", "Asker", "Told", "asking", "document", "script"]
