"""What a client is sent during a run: progress, partial results, events.

At most 20 messages a second for each run. Events other than streamed text are not limited: each is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rlm_ls.lsp import wire
from rlm_ls.lsp.client import Client
from rlm_ls.lsp.jobs.jobs import Job
from rlm_ls.lsp.jobs.throttle import Throttle

if TYPE_CHECKING:
    from rlm_ls.engine.trace.events import AnyEvent

PER_SECOND = 20


class RunStream:
    """Takes the events of one run. `finished` is the last event, held back until its answer is in the wire's form."""

    def __init__(self, client: Client, job: Job, partial_token: int | str | None, turns: int) -> None:
        self._client = client
        self._job = job
        self._partial_token = partial_token
        self._state = RunState(turns)
        self._pieces: list[tuple[int, str]] = []
        self._text_event: dict[str, Any] | None = None
        self._reported = ""
        self.finished: dict[str, Any] | None = None
        outlets = 1 + (partial_token is not None) + client.wants_events
        self._throttle = Throttle(self._flush, outlets / PER_SECOND)

    def take(self, event: AnyEvent) -> None:
        """The engine's `on_event`."""
        kind: str = event.type
        if kind in ("runStarted", "runResumed"):
            self._partial({"kind": "run", "runId": event.run_id})
        if kind == "textStreamed" and self._partial_token is not None and not event.child:
            self._pieces.append((event.turn, event.text))  # type: ignore[union-attr]
        if kind == "runFinished":
            self.finished = event.wire()
        elif self._client.wants_events:
            self._event(kind, event)
        self._state.take(event)
        self._throttle.touch()
        self._job.pass_on_stop()

    def close(self, answer: dict[str, Any] | None) -> None:
        """Send what is still pending. `answer` replaces the engine's in the last event."""
        self._throttle.close()
        self._flush()
        if self.finished is not None and self._client.wants_events:
            self._client.notify(wire.EVENT, self.finished if answer is None else {**self.finished, "answer": answer})
            self.finished = None

    def _event(self, kind: str, event: AnyEvent) -> None:
        if kind not in ("textStreamed", "thinkingStreamed"):
            self._flush_text_event()
            self._client.notify(wire.EVENT, event.wire())
        elif self._text_event is not None and all(
            self._text_event[name] == getattr(event, name) for name in ("type", "child", "turn")
        ):
            self._text_event["text"] += event.text  # type: ignore[union-attr]
        else:
            self._flush_text_event()
            self._text_event = event.wire()

    def _flush(self) -> None:
        message = self._state.message()
        if message != self._reported:
            self._reported = message
            self._job.progress.report(message, self._state.percentage())
        self._flush_partial()
        self._flush_text_event()

    def _flush_partial(self) -> None:
        pieces, self._pieces = self._pieces, []
        for turn in dict.fromkeys(turn for turn, _ in pieces):
            text = "".join(text for of, text in pieces if of == turn)
            self._partial({"kind": "text", "turn": turn, "text": text})

    def _flush_text_event(self) -> None:
        if self._text_event is not None:
            self._client.notify(wire.EVENT, self._text_event)
            self._text_event = None

    def _partial(self, value: dict[str, Any]) -> None:
        if self._partial_token is not None:
            self._client.notify(types.PROGRESS, types.ProgressParams(self._partial_token, value))


class RunState:
    """The run in one line: "turn 2 · find('timeout') → 12 · 3.1k tokens · $0.03"."""

    def __init__(self, turns: int) -> None:
        self._turn = 0
        self._turns = turns
        self._doing = "reading"
        self._tokens = 0
        self._usd: float | None = 0.0
        self._calls: dict[tuple[str, int], list[int]] = {}
        """Of each batch under way: how many calls are done, from the cache, and in all."""
        self._handlers: dict[str, Callable[[Any], None]] = {
            "contextTaken": self._context,
            "turnStarted": self._turn_started,
            "modelCalled": lambda event: self._now(f"asking {event.model}"),
            "thinkingStreamed": lambda _: self._now("the model is thinking"),
            "textStreamed": lambda _: self._now("the model is writing"),
            "modelReplied": self._replied,
            "programStarted": lambda _: self._now("running a program"),
            "verbCalled": lambda event: self._now(event.detail),
            "searchProgressed": lambda event: self._now(event.in_words),
            "subCallsStarted": self._batch_started,
            "subCallFinished": self._call_finished,
            "childStarted": lambda event: self._now(f"child run: {event.question}"),
        }

    def take(self, event: AnyEvent) -> None:
        handler = self._handlers.get(event.type)
        if handler is not None:
            handler(event)

    def message(self) -> str:
        parts = [f"turn {self._turn}"] if self._turn else []
        parts.append(self._doing)
        if self._tokens:
            parts.append(f"{self._tokens / 1000:.1f}k tokens")
        if self._usd:
            parts.append(f"${self._usd:.2f}" if self._usd >= 0.005 else f"${self._usd:.4f}")
        return " · ".join(parts)

    def percentage(self) -> int:
        """Of the turns allowed; most runs end long before 100."""
        return min(99, 100 * self._turn // (self._turns + 1))

    def _now(self, doing: str) -> None:
        self._doing = doing if len(doing) <= 80 else doing[:79] + "…"

    def _context(self, event: Any) -> None:
        many = f"{event.count} documents" if event.count != 1 else "1 document"
        self._now(f"{many}, {event.size / 1e6:.1f} MB")

    def _batch_started(self, event: Any) -> None:
        self._calls[event.child, event.batch] = [0, 0, event.count]
        self._sub_calls()

    def _call_finished(self, event: Any) -> None:
        self._tokens += event.prompt_tokens + event.completion_tokens if not event.cached else 0
        self._paid(event.usd)
        batch = self._calls.get((event.child, event.batch))
        if batch is not None:
            batch[0] += 1
            batch[1] += event.cached
            self._sub_calls()
            if batch[0] == batch[2]:
                del self._calls[event.child, event.batch]

    def _sub_calls(self) -> None:
        done, cached, count = (sum(batch[at] for batch in self._calls.values()) for at in range(3))
        saved = f", {cached} from cache" if cached else ""
        self._now(f"{done}/{count} sub-calls{saved}")

    def _turn_started(self, event: Any) -> None:
        if event.child:
            return
        self._turn = event.turn
        self._now("asking the model")

    def _replied(self, event: Any) -> None:
        self._tokens += event.prompt_tokens + event.completion_tokens
        self._paid(event.usd)

    def _paid(self, usd: float | None) -> None:
        self._usd = None if usd is None or self._usd is None else self._usd + usd
