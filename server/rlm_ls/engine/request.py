"""What is asked of the engine. Plain data: no editor, no terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rlm_ls.context.scope import Scope
from rlm_ls.context.surroundings import NOWHERE, Surroundings


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run. None means the setting's default; 0 is a real limit."""

    turns: int | None = None
    seconds: float | None = None
    usd: float | None = None
    tokens: int | None = None
    sub_calls: int | None = None
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class AskRequest:
    """`coordinator`: the root model may only delegate, to sub-models and child runs."""

    question: str
    scope: Scope
    model: str | None = None
    levels: tuple[str, ...] | None = None
    budget: Budget = field(default_factory=Budget)
    schema: dict[str, Any] | None = None
    follow_up: str | None = None
    run_id: str | None = None
    coordinator: bool = False
    surroundings: Surroundings = NOWHERE
