"""A run's compiled programs: what its prompt may promise, and the events that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.engine.events import EVENT
from rlm_ls.engine.journal import Journal
from rlm_ls.engine.ledger import Ledger
from rlm_ls.engine.observation import shortened
from rlm_ls.engine.request import AskRequest
from rlm_ls.executors.desk import Tell
from rlm_ls.executors.programs import Program, Programs
from rlm_ls.executors.wasm.executor import Limits
from rlm_ls.executors.workshop import Workshop

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

COMPILERS_SECONDS = 1.0
"""How long a question waits to hear which compilers there are. Proving one takes as long, once on a machine; later it
is known within the time that the snapshot takes. Where it is late the prompt promises nothing."""


def look_for_compilers(workshop: Workshop, levels: tuple[str, ...]) -> None:
    """Begins in the background. For `languages_of` to be quick."""
    if "wasm" in levels:
        workshop.look()


async def languages_of(workshop: Workshop, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Languages that the prompt may offer for programs."""
    return await workshop.languages(COMPILERS_SECONDS) if "wasm" in levels else ()


def programs_of(
    engine: Engine, request: AskRequest, levels: tuple[str, ...], earlier: Mapping[str, Program]
) -> Programs | None:
    """The run's programs, those of an `earlier` run that it follows up on among them; None where they are off."""
    wanted = frozenset(levels) & {"wasm", "native"}
    if not wanted:
        return None
    consent = partial(engine.native_consent, request) if engine.native_consent else None
    limits = Limits(seconds=engine.settings.program_seconds)
    return Programs(engine.workshop, wanted, limits, consent, dict(earlier))


def telling(journal: Journal, ledger: Ledger) -> Tell:
    """Makes events of what programs do."""

    def tell(kind: str, fields: Mapping[str, Any]) -> None:
        if "error" in fields:
            fields = {**fields, "error": shortened(fields["error"])}
        journal.tell(EVENT.validate_python({"type": kind, "run_id": "", "turn": ledger.turns, **fields}))

    return tell
