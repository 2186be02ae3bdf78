"""Jobs: everything that takes time, with its progress, cancellation and reporting of errors.

There are two ways to end a job early. `$/cancelRequest` cancels its task, and the request is answered -32800. The
progress's cancel button and `rlm/stop` ask it to finish, and the request is answered with what was found so far.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rlm_ls.errors import RlmError, ServerBusy
from rlm_ls.lsp.client import Client
from rlm_ls.lsp.jobs.progress import Progress

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_JOBS = 256
"""Questions, resumptions and estimates at once, those that wait for a sandbox included; a further one is refused."""


class Job:
    """One request under way. `outcome` is the last message of its progress."""

    def __init__(self, task: asyncio.Task[Any], progress: Progress) -> None:
        self.task = task
        self.progress = progress
        self.run_id: str | None = None
        self.outcome = "done"
        self.stopping = asyncio.Event()
        self.on_stop: Callable[[], bool] | None = None
        """Asks the run to stop; False if the run is not known yet."""
        self._passed_on = False

    def stop(self) -> None:
        self.stopping.set()
        self.pass_on_stop()

    def pass_on_stop(self) -> None:
        """Pass the request to stop on to the run. Called again while the run begins. Once accepted it is not repeated:
        the run is ending."""
        if self.stopping.is_set() and not self._passed_on and self.on_stop is not None:
            self._passed_on = self.on_stop()

    async def unless_stopped(self, work: Awaitable[Any]) -> bool:
        """Wait for `work`; False, and `work` cancelled, if the job is stopped before. `work` may raise."""
        doing = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait([doing, stopped], return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
                return True
            return False
        finally:
            for task in (doing, stopped):
                if not task.done():
                    task.cancel()
            await asyncio.wait([doing, stopped])


MOST_READERS = 8


class _Shared:
    """One shared piece of work: the round that runs, and the next one for those who came meanwhile."""

    def __init__(self) -> None:
        self._running: asyncio.Task[Any] | None = None
        self._next: asyncio.Task[Any] | None = None
        self._waiting: dict[asyncio.Task[Any], int] = {}

    @property
    def idle(self) -> bool:
        return not self._waiting

    async def result(self, work: Callable[[], Awaitable[Any]]) -> Any:
        if self._next is None:
            self._next = asyncio.ensure_future(self._round(self._running, work))
        mine = self._next
        self._waiting[mine] = self._waiting.get(mine, 0) + 1
        try:
            # One who gives up must not take it from the others; the last one ends it.
            return await asyncio.shield(mine)
        finally:
            self._waiting[mine] -= 1
            if not self._waiting[mine]:
                del self._waiting[mine]
                if not mine.done():
                    mine.cancel()
                    if self._next is mine:
                        self._next = None

    async def _round(self, before: asyncio.Task[Any] | None, work: Callable[[], Awaitable[Any]]) -> Any:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._running, self._next = asyncio.current_task(), None
        return await work()


class Jobs:
    def __init__(self) -> None:
        self._jobs: set[Job] = set()
        self._shared: dict[Hashable, _Shared] = {}
        self.few = asyncio.Semaphore(MOST_READERS)
        """Limits how many requests that are no runs read texts at once."""

    async def shared(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Do what many may ask for at once, one at a time: whoever comes while it is done shares the next time.

        So nobody gets what is older than their request, and a thousand requests are two times the work.
        """
        shared = self._shared.setdefault(key, _Shared())
        try:
            return cast(T, await shared.result(work))
        finally:
            if shared.idle:
                self._shared.pop(key, None)

    async def run(
        self,
        client: Client,
        title: str,
        body: Callable[[Job], Awaitable[Any]],
        *,
        token: int | str | None = None,
        show_errors: bool = False,
    ) -> Any:
        """Run `body` as a job of the current task. `show_errors`: failures are also shown to the user (plain
        clients)."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._jobs) >= MOST_JOBS:
            raise ServerBusy(len(self._jobs))
        job = Job(task, Progress(client, token, title))
        self._jobs.add(job)
        try:
            return await body(job)
        except asyncio.CancelledError:
            job.outcome = "cancelled"
            raise
        except (RlmError, JsonRpcException) as error:
            job.outcome = f"failed: {error}"
            if show_errors:
                client.show(types.MessageType.Error, f"rlm-ls: {error}")
            raise
        except Exception:
            job.outcome = "failed"
            if show_errors:
                client.show(types.MessageType.Error, "rlm-ls met a defect of its own; its log says more.")
            raise
        finally:
            self._jobs.discard(job)
            job.progress.end(job.outcome)

    def stop_by_token(self, token: int | str) -> None:
        """`window/workDoneProgress/cancel`. A token that is not (or no longer) known is no error."""
        for job in list(self._jobs):
            if job.progress.token == token:
                job.stop()

    def stop_by_run(self, run_id: str) -> bool:
        """False when no such run is under way."""
        found = [job for job in self._jobs if job.run_id == run_id]
        for job in found:
            job.stop()
        return bool(found)

    async def cancel_all(self) -> None:
        tasks = {job.task for job in self._jobs} - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(tasks)
