"""A run's compiled programs: what its prompt may promise, and the events that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.loop.observation import shortened
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import EVENT
from rlm_ls.engine.trace.journal import Journal
from rlm_ls.executors.compiled.program_runner import ProgramRunner
from rlm_ls.executors.compiled.programs import Program, Programs
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits
from rlm_ls.executors.scripts.host import EmitEvent

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

COMPILERS_SECONDS = 1.0
"""How long a question waits to hear which compilers there are. Proving one takes as long, once on a machine; later it
is known within the time that the snapshot takes. Where it is late the prompt promises nothing."""


def look_for_compilers(program_runner: ProgramRunner, levels: tuple[str, ...]) -> None:
    """Start looking for compilers in the background, so that `languages_of` is quick later."""
    if "wasm" in levels:
        program_runner.look()


async def languages_of(program_runner: ProgramRunner, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Languages that the prompt may offer for programs."""
    return await program_runner.languages(COMPILERS_SECONDS) if "wasm" in levels else ()


def programs_of(
    services: Services, request: AskRequest, levels: tuple[str, ...], earlier: Mapping[str, Program]
) -> Programs | None:
    """The run's programs, those of an `earlier` run that it follows up on among them; None where they are off."""
    wanted = frozenset(levels) & {"wasm", "native"}
    if not wanted:
        return None
    consent = partial(services.native_consent, request) if services.native_consent else None
    limits = ProgramLimits(seconds=services.settings.program_seconds)
    return Programs(services.program_runner, wanted, limits, consent, dict(earlier))


def program_events(journal: Journal, ledger: Ledger) -> EmitEvent:
    """Makes events of what programs do."""

    def tell(kind: str, fields: Mapping[str, Any]) -> None:
        if "error" in fields:
            fields = {**fields, "error": shortened(fields["error"])}
        journal.emit_nowait(EVENT.validate_python({"type": kind, "run_id": "", "turn": ledger.turns, **fields}))

    return tell
