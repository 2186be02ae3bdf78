"""Runs of the real engine whose model is a recording written by the test: real sandbox, real search, real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.in_process import PROCESSES, CheckHere, SearchHere

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.surroundings import NO_SURROUNDINGS, Surroundings
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.executors.submodels.prompts import SYSTEM as SUB_SYSTEM
from rlm_ls.models.base import Message, Model, Reply, Usage
from rlm_ls.models.recorded import RecordedCall, RecordedModel
from rlm_ls.settings.sections import Settings

TEXT = "".join(
    f"2024-01-01 00:{n // 60:02}:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} worker={n % 7} took={n} ms\n"
    for n in range(600)
)


@dataclass
class RunOutcome:
    """What came of a run: its Answer, its events, and the messages that the model was sent."""

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
        self,
        calls: Sequence[RecordedCall],
        sent: list[list[Message]],
        window: int,
        kind: Literal["live", "recorded"],
        per_token: float,
    ) -> None:
        super().__init__(calls, strict=True)
        self.sent = sent
        self.window = window
        self.kind = kind  # type: ignore[assignment]
        self.per_token = per_token

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return (prompt_tokens + completion_tokens) * self.per_token

    async def complete(self, messages: Sequence[Message], **options: Any) -> Any:
        self.sent.append(list(messages))
        return await super().complete(messages, **options)


class FakeModel:
    """A live model written by the test: `replies` in order to a root, `answers` to whatever a sub-model is asked.

    Keeps what it was asked; `price` is dollars a token.
    """

    kind: Literal["live"] = "live"
    local = True
    endpoint = "test"
    window = 1_000_000

    def __init__(
        self,
        replies: Sequence[str],
        answers: Callable[[str], str | Exception | Awaitable[str]] = lambda _: "yes",
        *,
        price: float | None = 0.0,
        name: str = "model",
    ) -> None:
        self.name = name
        self._replies = list(replies)
        self._answers = answers
        self._price = price
        self.asked: list[list[Message]] = []
        self.sub_asked: list[list[Message]] = []

    async def prepare(self) -> None:
        pass

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return None if self._price is None else self._price * (prompt_tokens + completion_tokens)

    async def complete(self, messages: Sequence[Message], **options: Any) -> Reply:
        if messages[0].content.startswith(SUB_SYSTEM):
            self.sub_asked.append(list(messages))
            answer = self._answers(messages[-1].content)
            if isinstance(answer, Exception):
                raise answer
            return self._reply(answer if isinstance(answer, str) else await answer)
        self.asked.append(list(messages))
        return self._reply(self._replies.pop(0))

    def _reply(self, text: str) -> Reply:
        return Reply(text, Usage(100, 10, 0, self.price(100, 10)), self.name)


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
        surroundings: Surroundings = NO_SURROUNDINGS,
        on_event: Any = None,
        model: FakeModel | None = None,
        coordinator: bool = False,
        per_token: float = 0.0,
        consent: Any = None,
    ) -> RunOutcome:
        told = RunOutcome(answer=None)  # type: ignore[arg-type]
        calls = [RecordedCall(None, reply, usage or Usage(100, 20, 0, 0.0)) for reply in replies]

        def factory(_request: AskRequest, _context: Context) -> Model:
            return model or Listening(calls, told.sent, window, kind, per_token)

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
            coordinator=coordinator,
        )
        told.answer = await self.engine.ask(request, listen, model=factory, consent=consent)
        return told


def document(text: str, uri: str = "file:///app.log") -> Scope:
    return Scope(kind="document", files=(uri,), buffers=(Buffer(uri, text, 3, "log"),))


@asynccontextmanager
async def asking(state: Path, **settings: Any) -> AsyncIterator[Asker]:
    """Level wasm is off unless asked for: each test's state folder is new, and compilers would be tried in each."""
    settings.setdefault("levels", ("dsl", "llm"))
    engine = await Engine.open(settings=Settings(**settings), state_dir=state)
    if not PROCESSES.get():
        engine.pools.here, engine.checkers = SearchHere(2), CheckHere()
    try:
        yield Asker(engine)
    finally:
        await engine.close()


__all__ = ["TEXT", "Asker", "FakeModel", "RunOutcome", "asking", "document", "script"]
