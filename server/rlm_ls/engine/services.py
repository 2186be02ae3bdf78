"""What the runs of one engine share. Each run is given a record of its own: a setting that changes meanwhile applies to
the next run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic_monty import AsyncMonty

from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.earlier_run import AnswerCache, SandboxCache
from rlm_ls.engine.submodels.dispatcher import Dispatcher
from rlm_ls.executors.checking.checker import CheckerPool
from rlm_ls.executors.compiled.program_runner import ProgramRunner
from rlm_ls.models.editor import Editor, Sampler
from rlm_ls.settings.sections import Settings
from rlm_ls.store.database import Store


@dataclass(frozen=True, slots=True)
class Services:
    """`sampler` asks the editor's own model, `native_consent` the user; None where there is nobody to ask."""

    settings: Settings
    store: Store
    pool: Pool
    snapshot_cache: SnapshotCache
    checkers: CheckerPool
    sandboxes: AsyncMonty
    dispatcher: Dispatcher
    program_runner: ProgramRunner
    sandbox_cache: SandboxCache
    answers: AnswerCache
    sampler: Sampler | None
    native_consent: Callable[[AskRequest], Awaitable[None]] | None

    def editor(self, run_id: str) -> Editor | None:
        """The editor that a run is asked from, if its model can be asked."""
        return None if self.sampler is None else Editor(self.sampler, run_id)
