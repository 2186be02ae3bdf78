"""What a follow-up takes along: the earlier question and answer in short, and the sandbox's variables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rlm_ls.engine.answer import Answer
from rlm_ls.executors.compiled.programs import Program

ANSWER = 4000
"""Characters of the earlier answer that are repeated."""
KEPT_RUNS = 16
KEPT_BYTES = 8 << 20
"""A larger sandbox is not kept: its variables hold bulk text."""


NEW = "Search only what is new, within=lines(FIRST, -1, doc), where that and the earlier answer suffice; else all."
UNKNOWN = "What has changed in the text since is not known."
HOLDS = "If the earlier answer still holds, submit it again word for word, with its citations."


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """`variables` are names; `state` is the sandbox's dump, None when it is gone (a restart, too large, long ago).

    `programs` are the compiled ones that its scripts could call.
    """

    question: str
    answer: str
    variables: tuple[str, ...] = ()
    state: bytes | None = None
    programs: Mapping[str, Program] = field(default_factory=dict)
    news: tuple[str, ...] | None = None
    """What has become of the texts since, where the same is asked again."""

    def described(self) -> str:
        """The description of the earlier run for a model."""
        earlier = "This follows up on an earlier question" if self.news is None else "The same was asked before"
        parts = [f"{earlier}: {self.question}", f"The answer then was:\n{self.answer[:ANSWER]}"]
        if self.news is not None:
            parts += [*self.news, NEW if self.news else UNKNOWN, HOLDS]
        if self.state is not None and self.variables:
            parts.append(
                f"Variables of then are still there: {', '.join(self.variables)}. "
                "The text was read anew: Spans among them may be out of date."
            )
        if self.programs:
            parts.append(f"So are the programs {', '.join(self.programs)}.")
        return "\n".join(parts)


class AnswerCache:
    """The newest answers as their users saw them, in memory only: of a run without a final one the store keeps no
    findings, which may be text.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def keep(self, answer: Answer) -> None:
        self._answers[answer.run_id] = answer
        while len(self._answers) > KEPT_RUNS:
            self._answers.popitem(last=False)

    def get(self, run_id: str) -> Answer | None:
        return self._answers.get(run_id)

    def drop(self, run_id: str) -> None:
        self._answers.pop(run_id, None)

    def drop_all(self) -> None:
        self._answers.clear()


class SandboxCache:
    """Dumps of the newest runs' sandboxes, in memory only: they hold text, which must not enter the store.

    With each, the compiled programs that its variables may stand for.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[str, tuple[bytes, Mapping[str, Program]]] = OrderedDict()

    def keep(self, run_id: str, state: bytes, programs: Mapping[str, Program]) -> None:
        if 0 < len(state) <= KEPT_BYTES:
            self._states[run_id] = state, programs
        while len(self._states) > KEPT_RUNS:
            self._states.popitem(last=False)

    def get(self, run_id: str) -> tuple[bytes | None, Mapping[str, Program]]:
        return self._states.get(run_id, (None, {}))


def scripts_in(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The scripts in a run's trace, in order."""
    return [event["source"] for event in events if event["type"] == "programStarted" and event["language"] == "python"]
