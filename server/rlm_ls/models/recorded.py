"""A recording in place of the model: the replies of a trace, in order, and a report wherever the prompts have
changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Literal, Unpack

from rlm_ls.errors import RecordingMismatch
from rlm_ls.models.base import CallOptions, Message, Reply, Usage

DIFF_LINES = 40
RECORD_AGAIN = "Record it again: rlm-ls ask … --record FILE."


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """`content` is None where the trace kept only its hash; both None: nothing is known, and nothing is compared."""

    role: str
    content: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call: the messages appended since the call before (None: not kept), and the reply that came."""

    messages: tuple[RecordedMessage, ...] | None
    text: str
    usage: Usage = field(default_factory=Usage)
    finish: Literal["stop", "length"] = "stop"
    seconds: float = 0.0
    model: str = ""
    thinking: str = ""


class RecordedModel:
    """Replays `calls`. A prompt that differs raises RecordingMismatch if `strict`; else `on_difference` gets the diff.

    One object serves one run, its calls one after another. `events` is the whole trace, where there is one: the replies
    of child runs and sub-models are in it.
    """

    kind: Literal["recorded"] = "recorded"
    local = True
    endpoint = ""
    window = 1_000_000

    def __init__(
        self,
        calls: Sequence[RecordedCall],
        *,
        strict: bool,
        on_difference: Callable[[str], None] | None = None,
        events: Sequence[Mapping[str, Any]] = (),
        name: str = "",
    ) -> None:
        self._calls = tuple(calls)
        self._strict = strict
        self._on_difference = on_difference
        self.events = events
        self._next = 0
        self._seen = 0
        # A recording made anew from a recording's replies is still the same model's.
        original = next((call.model for call in self._calls if call.model), "").removeprefix("recorded:")
        self.name = name or (f"recorded:{original}" if original else "recorded")

    @classmethod
    def of(
        cls, events: Sequence[Mapping[str, Any]], *, strict: bool, on_difference: Callable[[str], None] | None = None
    ) -> RecordedModel:
        """The model of a trace."""
        return cls(calls_from_events(events), strict=strict, on_difference=on_difference, events=events)

    def of_child(self, child: str) -> RecordedModel:
        """What the trace holds for a child run of that name."""
        calls = calls_from_events(self.events, child)
        return RecordedModel(calls, strict=self._strict, on_difference=self._on_difference, events=self.events)

    async def prepare(self) -> None:
        """Nothing to find out."""

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return 0.0

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        """Raises RecordingMismatch where the recording has no further reply, and if strict for a changed prompt."""
        number = self._next + 1
        if number > len(self._calls):
            raise RecordingMismatch(
                f"The recording holds {len(self._calls)} replies, and the run asked for one more.", RECORD_AGAIN
            )
        call = self._calls[self._next]
        # A conversation with no more messages than were seen is another one: the guided route begins one.
        new = messages[self._seen :] if len(messages) > self._seen else messages
        if difference := _difference(call.messages, new, number):
            if self._strict:
                raise RecordingMismatch(difference, RECORD_AGAIN)
            if self._on_difference is not None:
                self._on_difference(difference)
        self._next, self._seen = number, len(messages)
        if (on_text := options.get("on_text")) is not None:
            for piece in call.text.splitlines(keepends=True):
                on_text(piece)
        return Reply(call.text, call.usage, self.name, call.finish, thinking=call.thinking)


def calls_from_events(events: Iterable[Mapping[str, Any]], child: str = "") -> list[RecordedCall]:
    """The calls of one run of a trace: pairs of `modelCalled` and `modelReplied`, as the wire's camelCase objects.

    A message's `content` is a string, or `{"sha256", "characters"}` where the text was not kept. A call without a
    reply (a run that was killed) is left out. A run that went on after a break tells itself from the start again: of
    such legs the longest counts.
    """
    legs: list[list[RecordedCall]] = [[]]
    asked: Mapping[str, Any] | None = None
    for event in events:
        if event.get("type") == "runResumed":
            legs.append([])
            asked = None
        elif event.get("child", "") != child:
            continue
        elif event.get("type") == "modelCalled":
            asked = event
        elif event.get("type") == "modelReplied" and asked is not None:
            legs[-1].append(_call(asked, event))
            asked = None
    # The last of the longest: its prompts are the newest.
    return max(reversed(legs), key=len)


def _call(asked: Mapping[str, Any], replied: Mapping[str, Any]) -> RecordedCall:
    messages = asked.get("messages")
    return RecordedCall(
        messages=None if messages is None else tuple(_message(message) for message in messages),
        text=str(replied.get("text", "")),
        usage=Usage(
            int(replied.get("promptTokens") or 0),
            int(replied.get("completionTokens") or 0),
            int(replied.get("cachedTokens") or 0),
            replied.get("usd"),
            int(replied.get("estimatedTokens") or 0),
        ),
        finish="length" if replied.get("finish") == "length" else "stop",
        seconds=float(replied.get("seconds") or 0.0),
        model=str(asked.get("model", "")).removeprefix("recorded:"),
        thinking=str(replied.get("thinking") or ""),
    )


def _message(message: Mapping[str, Any]) -> RecordedMessage:
    content = message.get("content")
    if isinstance(content, Mapping):
        return RecordedMessage(str(message["role"]), sha256=content.get("sha256"))
    return RecordedMessage(str(message["role"]), content=content)


def _difference(recorded: tuple[RecordedMessage, ...] | None, asked: Sequence[Message], number: int) -> str:
    """What `asked` has changed against the recording, as a unified diff, or "" if nothing."""
    if recorded is None:
        return ""
    found: list[str] = []
    if [message.role for message in recorded] != [message.role for message in asked]:
        found.append(f"roles: recorded {[m.role for m in recorded]}, now {[m.role for m in asked]}")
    for old, new in zip(recorded, asked, strict=False):
        if old.content is not None and old.content != new.content:
            lines = (old.content.splitlines(), new.content.splitlines())
            found += list(unified_diff(*lines, f"recorded {old.role}", f"now {new.role}", lineterm="", n=1))
        elif old.content is None and old.sha256 not in (None, hashlib.sha256(new.content.encode()).hexdigest()):
            found.append(f"{new.role} message differs (text not kept in the recording)")
    if not found:
        return ""
    more = [f"… {len(found) - DIFF_LINES} more lines"] if len(found) > DIFF_LINES else []
    return "\n".join([f"Call {number} asks something else than the recording:", *found[:DIFF_LINES], *more])
