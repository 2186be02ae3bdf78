"""The state of one run, which the loop and its steps share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rlm_ls.engine.answer import Route, UpTo
from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.guided.guide import Guide
from rlm_ls.engine.guided.standstill import MOST_CALLS, Standstill
from rlm_ls.engine.loop.conversation import Conversation
from rlm_ls.engine.loop.partial import Findings
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.journal import Journal
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.scripts.sandbox import Sandbox
from rlm_ls.models.base import Model
from rlm_ls.models.profiles import Profile


@dataclass(slots=True)
class Run:
    """One question being answered. Owns nothing: the engine opens and closes what is used here."""

    request: AskRequest
    model: Model
    profile: Profile
    window: int
    """Tokens; less than the model's once its server has refused a prompt for its length."""
    route: Route
    route_reason: str
    ledger: Ledger
    journal: Journal
    host: VerbHost
    checker: Checker
    sandbox: Sandbox
    conversation: Conversation
    output_limit: int
    trace_uri: str
    guide: Guide | None = None
    """Where the run may change to the guided route."""
    small: bool = False
    """The prompt is the small models'."""
    small_told: bool = False
    """Their rules were told to a model with another prompt, whose reply got nowhere."""
    findings: Findings = field(default_factory=Findings)
    warnings: list[str] = field(default_factory=list)
    up_to: tuple[UpTo, ...] = ()
    quotations_returned: bool = False
    characters_shown: int = 0
    done_before: Counter[bytes] = field(default_factory=Counter)
    standstill: Standstill = field(default_factory=Standstill)
    verbs: int = 0
    """Calls of verbs that look at the text."""
    calls: int = 0
    """Calls of the root model, those that were made again counted."""
    model_seconds: float = 0.0
    program_seconds: float = 0.0

    @property
    def calls_left(self) -> int | None:
        """Of the root model, where it is a small one that can be guided; None: as many as the budget has."""
        return MOST_CALLS - self.calls if self.small and self.guide is not None else None
