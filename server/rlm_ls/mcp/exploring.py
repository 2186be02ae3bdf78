"""Sessions in which the agent itself is the root model: it sends scripts of verbs, and is shown what they print.

A session is a run like any other, whose model is whoever calls the tool `run`: the loop, the sandbox, the checks of
what is submitted, the history are the engine's. No other model is asked, and nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Unpack

from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine, new_run_id
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.errors import BadRequest, ServerBusy
from rlm_ls.models.base import NO_USAGE, CallOptions, Message, Reply

NAME = "agent"
MOST_SESSIONS = 32
SECONDS, TURNS = 4 * 3600, 500
"""How long a session may be left open, and how many scripts it takes."""
MOST_SCRIPT = 200_000
LEVELS = ("dsl", "wasm")
OPEN_QUESTION = "(an agent explores)"


class AgentModel:
    """The root model of a session: each call waits for the agent's next script."""

    kind: Literal["live"] = "live"
    name = NAME
    endpoint = ""
    local = True
    window = 200_000

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[Message, ...]] = asyncio.Queue()
        self.scripts: asyncio.Queue[str] = asyncio.Queue()

    async def prepare(self) -> None:
        return None

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return 0.0

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        self.asked.put_nowait(tuple(messages))
        return Reply(block_of(await self.scripts.get()), NO_USAGE, NAME)


def block_of(script: str) -> str:
    """The script as a fenced block; the fence is longer than any in it."""
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", script)), default=0))
    return f"{fence}python\n{script}\n{fence}"


@dataclass(slots=True)
class Session:
    """One run that waits for scripts. `busy`: a script is under way."""

    run_id: str
    model: AgentModel
    task: asyncio.Task[Answer]
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self) -> tuple[Message, ...] | Answer:
        """What the model is asked next, or the Answer that the run ended in. Raises what the run raised."""
        asked = asyncio.ensure_future(self.model.asked.get())
        try:
            await asyncio.wait([asked, self.task], return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else self.task.result()
        finally:
            asked.cancel()


class Sessions:
    """Those under way. What has ended is in the history; a new session may follow up on it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[str, Session] = {}

    async def open(self, question: str, scope: Scope, follow_up: str | None) -> tuple[Session, tuple[Message, ...]]:
        """A new session and its first messages: instructions, and the card. Raises what `Engine.ask` raises."""
        if len(self._sessions) >= MOST_SESSIONS:
            raise ServerBusy(len(self._sessions))
        run_id, model = new_run_id(), AgentModel()
        levels = tuple(level for level in self._engine.settings.levels if level in LEVELS)
        request = AskRequest(
            question=question.strip() or OPEN_QUESTION,
            scope=scope,
            levels=levels or ("dsl",),
            budget=Budget(turns=TURNS, seconds=SECONDS, sub_calls=0, depth=0),
            follow_up=follow_up,
            run_id=run_id,
            guided=False,
        )
        task = asyncio.ensure_future(self._engine.ask(request, lambda _: None, model=lambda *_: model))
        session = self._sessions[run_id] = Session(run_id, model, task)
        task.add_done_callback(lambda ended: self._ended(run_id, ended))
        try:
            first = await session.turn()
        except asyncio.CancelledError:
            self._stop(run_id)
            raise
        if isinstance(first, Answer):
            raise BadRequest(f"The session ended before it began: {first.reason}.")
        return session, first

    async def run(self, run_id: str, script: str) -> tuple[str, Answer | None]:
        """What the script printed, and the Answer if it submitted one. Cancelling ends the session."""
        session = self._sessions.get(run_id)
        if session is None:
            raise BadRequest(f"There is no session {run_id[:80]}.", "It may have ended: open another one.")
        if len(script) > MOST_SCRIPT:
            raise BadRequest(f"The script has {len(script):,} characters; at most {MOST_SCRIPT:,} are taken.")
        if session.busy.locked():
            raise BadRequest("A script of this session is under way.", "Wait for it, or open another session.")
        async with session.busy:
            session.model.scripts.put_nowait(script)
            try:
                came = await session.turn()
            except asyncio.CancelledError:
                self._stop(run_id)
                raise
        return (came.answer, came) if isinstance(came, Answer) else (came[-1].content, None)

    def _stop(self, run_id: str) -> None:
        """Gone at once: a script that comes while the run is still ending must not be taken for its last one."""
        self._sessions.pop(run_id, None)
        self._engine.stop(run_id)

    def _ended(self, run_id: str, ended: asyncio.Task[Answer]) -> None:
        self._sessions.pop(run_id, None)
        if not ended.cancelled():
            ended.exception()  # seen: whoever waits for the session is told of it
