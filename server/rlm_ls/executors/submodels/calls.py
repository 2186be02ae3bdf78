"""The interface of sub-model calls and child runs (L4) for verbs. The engine implements it.

Executors know no provider and no account: the implementation of `SubModelCalls` pays, caches, retries and writes the
trace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rlm_ls.context.document import Selection
from rlm_ls.executors.checking.checker import Checker

SubRole = Literal["sub", "code"]


@dataclass(frozen=True, slots=True)
class SubCall:
    """One question to a sub-model, whole: `system` and `prompt` are all it sees, and `text` below the prompt.

    `text` is read only when the call's turn comes: of thousands, few are in memory at once. It may raise RlmError.
    `verb` is who asks, `places` names the parts of the text that are sent ("app.log:1-80") and `characters` counts
    them: the trace and the Coverage say what was sent to whom. `schema` is what the reply is to fit, for providers
    that can be told; the caller checks.
    """

    verb: str
    system: str
    prompt: str
    text: Callable[[], Awaitable[str]] | None = None
    role: SubRole = "sub"
    places: tuple[str, ...] = ()
    characters: int = 0
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FailedSubCall:
    """A call that got no reply, in the place of its reply. `error` is a sentence for whoever reads the results."""

    error: str


@dataclass(frozen=True, slots=True)
class SubCallReply:
    """What a sub-model replied. `cached`: nothing was paid for it this time."""

    text: str
    cached: bool = False


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """How a child run ended. `status` is an Answer's."""

    answer: str
    data: Any
    status: str
    reason: str
    citations: tuple[str, ...]


class SubModelCalls(Protocol):
    """Calls of sub-models and child runs. One Ledger and one trace count for a run and all its descendants."""

    @property
    def checker(self) -> Checker:
        """Reads replies and schemas."""
        ...

    def characters(self, role: SubRole = "sub") -> int:
        """Most characters of text that one call of `role` takes. Raises LevelUnavailable without a model for it."""
        ...

    async def ask(self, calls: Sequence[SubCall]) -> list[SubCallReply | FailedSubCall]:
        """Ask all of one batch (one verb, one role), side by side; results in their order. One that fails harms none.

        Raises LevelUnavailable where no model answers for the role; nothing else.
        """
        ...

    async def child(
        self, question: str, within: Selection, *, levels: tuple[str, ...] | None, schema: dict[str, Any] | None
    ) -> ChildAnswer:
        """A child run over `within`. Raises LevelUnavailable (no depth left, no model), ProgramError, RlmError."""
        ...
