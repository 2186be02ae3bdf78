"""How one question ended in one arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlm_ls.engine.answer import RunUsage


@dataclass(frozen=True, slots=True)
class Outcome:
    """`events` are the run's trace, as the wire's objects; `error`, if any, says why there is no answer."""

    output: str
    status: str
    usage: RunUsage
    model: str = ""
    route: str = ""
    run_id: str = ""
    warnings: tuple[str, ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    error: str = ""
