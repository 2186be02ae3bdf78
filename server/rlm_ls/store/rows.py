"""The records that the store returns. Plain data: the store knows rows and JSON, not the engine's classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ANSWERS = "answers"
"""Folder of the store for answers as files, named after their runs."""

RunStatus = Literal["running", "interrupted", "answered", "partial", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in the history.

    `status` is "running" until the run has ended; a run whose process is gone shows as "interrupted". `created` is
    Unix time. `seconds` is what the answer says, and for a run without one the time of its last event. `usd` is None
    where a price was not known. `answer` and `meta` are JSON objects.
    """

    run_id: str
    question: str
    status: RunStatus
    created: float
    seconds: float
    usd: float | None
    model: str
    answer: dict[str, Any] | None
    meta: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """What lists of runs show, as a JSON object with camelCase keys."""
        return {
            "runId": self.run_id,
            "question": self.question,
            "status": self.status,
            "created": self.created,
            "seconds": self.seconds,
            "usd": self.usd,
            "model": self.model,
        }
