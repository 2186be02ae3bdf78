"""What one request to a provider has brought so far: it counts also where it then breaks off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlm_ls.models.base import CallOptions, Message, TextSink, reply_room
from rlm_ls.models.replies.estimates import together
from rlm_ls.models.replies.parts import CallPiece, Calls
from rlm_ls.models.replies.thinking import ThinkingSplitter, without_thinking


class ReplySinks:
    """Hands text and thinking on; says so when a reply starts afresh after some of it was shown. `unseen`: nobody
    looks."""

    def __init__(self, options: CallOptions) -> None:
        self._text: TextSink | None = options.get("on_text")
        self._thinking: TextSink | None = options.get("on_thinking")
        self._partial = False
        self.unseen = self._text is None

    def show(self, text: str, thought: str) -> None:
        if thought and self._thinking is not None:
            self._thinking(thought)
        if text:
            self._partial = True
            if self._text is not None:
                self._text(text)

    def again(self) -> None:
        if self._partial and self._text is not None:
            self._text("\n\n[the stream broke off; asking again]\n\n")
        self._partial = False


class Attempt:
    """`figures` are the provider's of its usage, `characters` all that came, thinking too. `worked`: it was taken on,
    as far as can be told, and will be charged for. `typed`: it held a schema for the reply."""

    def __init__(self, messages: Sequence[Message], options: CallOptions, sinks: ReplySinks) -> None:
        self.messages = messages
        self.room = reply_room(options.get("max_tokens"))
        self.figures: Any = None
        self.finish: str | None = None
        self.characters = 0
        self.worked = False
        self.typed = False
        self.unseen = sinks.unseen
        self._sinks = sinks
        self._splitter = ThinkingSplitter()
        self._calls = Calls()
        self._text: list[str] = []
        self._thinking: list[str] = []

    def take(self, text: str, thought: str, finish: str | None, figures: Any, calls: Sequence[CallPiece] = ()) -> bool:
        """A chunk of the reply. False if more has come than a reply may have."""
        self.worked = True
        self.finish = finish or self.finish
        self.figures = together(self.figures, figures)
        self.characters += len(text) + len(thought) + sum(len(call.name) + len(call.arguments) for call in calls)
        if self.characters > self.room:
            return False
        self._calls.take(calls)
        if text or thought:
            told, within = self._splitter.feed(text)
            self._keep(told, thought + within)
        return True

    @property
    def beginning(self) -> str:
        return " ".join("".join([*self._thinking, *self._text])[:80].split())

    def whole(self) -> tuple[str, str]:
        """The reply and what was thought, once nothing more comes."""
        self._keep(*self._splitter.end())
        text, within = without_thinking("".join(self._text))
        if not text.strip():
            text = str(self._calls)
        return text, "".join([*self._thinking, within]).strip()

    def _keep(self, text: str, thought: str) -> None:
        if text:
            self._text.append(text)
        if thought:
            self._thinking.append(thought)
        self._sinks.show(text, thought)
