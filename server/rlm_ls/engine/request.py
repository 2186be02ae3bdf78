"""What is asked of the engine. Plain data: no editor, no terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rlm_ls.context.scope import Scope
from rlm_ls.context.surroundings import NO_SURROUNDINGS, Surroundings
from rlm_ls.errors import BadRequest

MOST: Mapping[str, int] = {
    "turns": 1000,
    "seconds": 86_400,
    "usd": 1_000_000,
    "tokens": 10**12,
    "sub_calls": 10**9,
    "depth": 8,
}
"""The largest limit of each kind; the smallest is 0."""
FRACTIONS = {"seconds", "usd"}


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run. None means the setting's default; 0 is a real limit.

    Raises BadRequest for what is no limit, wherever it came from: the wire, the terminal, a trace.
    """

    turns: int | None = None
    seconds: float | None = None
    usd: float | None = None
    tokens: int | None = None
    sub_calls: int | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if (given := getattr(self, name)) is not None and not _is_limit(given, most, name in FRACTIONS):
                kind = "a number" if name in FRACTIONS else "an integer"
                raise BadRequest(f"budget.{name} must be {kind} from 0 to {most:,}.", "Leave it out for the default.")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Budget:
        """From data that others wrote; fields that no Budget has are passed over."""
        return cls(**{name: given[name] for name in MOST if name in given})


def _is_limit(given: Any, most: int, fraction: bool) -> bool:
    if isinstance(given, bool) or not isinstance(given, (int, float) if fraction else int):
        return False
    return math.isfinite(given) and 0 <= given <= most if isinstance(given, float) else 0 <= given <= most


@dataclass(frozen=True, slots=True)
class AskRequest:
    """`coordinator`: the root model may only delegate, to sub-models and child runs. `again`: the run `follow_up` asked
    the same, of texts that may have gone on since. `guided`: a model that gets nowhere by exploring may be led
    (engine/guided); one whose scripts an agent writes is not."""

    question: str
    scope: Scope
    model: str | None = None
    levels: tuple[str, ...] | None = None
    budget: Budget = field(default_factory=Budget)
    schema: dict[str, Any] | None = None
    follow_up: str | None = None
    run_id: str | None = None
    coordinator: bool = False
    surroundings: Surroundings = NO_SURROUNDINGS
    again: bool = False
    guided: bool = True
