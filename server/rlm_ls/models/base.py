"""The interface of a model for the engine: messages in, streamed text and usage out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict, Unpack

from rlm_ls.settings.values import Effort

Role = Literal["system", "user", "assistant"]

READ_ONCE = 1_000
"""Characters of a reply or an observation that is sent whole once, and by its beginning from the next call on
(engine/loop): a provider's cache, a tenth of the price, is lost from there on, which shorter ones are not worth."""


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call cost. `usd` is None where the price is not known; never a guess.

    `estimated_tokens` of prompt and completion were reported by nobody and are estimated from their characters.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = None
    estimated_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """The price of both is known only where that of each is."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
            self.estimated_tokens + other.estimated_tokens,
        )


NO_USAGE = Usage(usd=0.0)


def spent(error: BaseException) -> Usage:
    """The cost of a failed or cancelled call: what the provider reported for its tries, or what is estimated."""
    found = getattr(error, "spent", None)
    return found if isinstance(found, Usage) else NO_USAGE


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole model reply. `finish` is "length" where the provider cut it off.

    `model` is the name of the one that answered, a member where a list was asked. `tries` counts the requests that
    were sent for it; `usage` is of all of them. `thinking` came before or beside the text and is no part of it: it is
    shown, never run and never sent back.
    """

    text: str
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    finish: Literal["stop", "length"] = "stop"
    tries: int = 1
    thinking: str = ""


MOST_TEXT = 4_000_000
SLACK, CHARACTERS_A_TOKEN = 64_000, 16
MOST_TOKENS = 1_000_000_000
"""Whoever reports more for one call has miscounted; the store could not hold any number."""


def reply_room(max_tokens: int | None) -> int:
    """Most characters of a reply. Some servers do not know the limit that they are given, so there is room above it."""
    return MOST_TEXT if max_tokens is None else min(MOST_TEXT, SLACK + CHARACTERS_A_TOKEN * max_tokens)


TextSink = Callable[[str], None]
"""Called with each piece of text as it streams in. Must return at once and must not raise."""


class CallOptions(TypedDict, total=False):
    """What one call of a model may be given beside its messages. What is left out is None."""

    on_text: TextSink | None
    """Without it the provider may be asked for the whole reply at once."""
    on_thinking: TextSink | None
    """As `on_text`, for what the model thinks before or between."""
    reasoning: Effort | None
    """How much to think, for providers that can be told."""
    temperature: float | None
    max_tokens: int | None
    """Most tokens of the reply."""
    schema: dict[str, Any] | None
    """JSON schema of an object, handed to providers known to keep to one; whoever needs it kept says it in the prompt
    too, and checks."""


class Model(Protocol):
    """A model. `name` is what users configure and read; `window` is the context window in tokens; `local` says that
    nothing leaves this machine; `endpoint` is the host or the provider that is asked, "" where there is none; `kind`
    says what answers, so that no rule or recording passes for a language model."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["live", "recorded", "offline", "agent"]: ...
    @property
    def window(self) -> int: ...
    @property
    def local(self) -> bool: ...
    @property
    def endpoint(self) -> str: ...

    async def prepare(self) -> None:
        """Find out `window` and `price` before the first call. Sends no text; may take seconds the first time.

        Raises UnknownModel.
        """
        ...

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        """Answer `messages`. Cancelling the task closes the connection within 100 ms.

        Raises UnknownModel, ModelRefused, ModelUnreachable, ModelFailed, RecordingMismatch; `spent(error)` says what
        it cost until then.
        """
        ...

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Dollars for so many tokens, or None where the price is unknown. Never blocks."""
        ...
