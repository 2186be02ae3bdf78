"""The one wrapper around everything that takes time: it owns progress, cancellation and the telling of errors.

Two ways to end a job early: `$/cancelRequest` cancels its task, and the request is answered -32800; the progress's
cancel button and `rlm/stop` ask it to finish, and the request is answered with what was found so far.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rlm_ls.errors import RlmError
from rlm_ls.lsp.client import Client
from rlm_ls.lsp.progress import Progress

log = logging.getLogger(__name__)


class Job:
    """One request under way. `outcome` is the last message of its progress."""

    def __init__(self, task: asyncio.Task[Any], progress: Progress) -> None:
        self.task = task
        self.progress = progress
        self.run_id: str | None = None
        self.outcome = "done"
        self.stopping = asyncio.Event()
        self.on_stop: Callable[[], bool] | None = None
        """Passes the wish to stop on; False if whoever gets it does not know the run yet."""
        self._passed_on = False

    def stop(self) -> None:
        self.stopping.set()
        self.pass_on_stop()

    def pass_on_stop(self) -> None:
        """To be called again while the run begins. A wish once accepted is not repeated: the run is saying goodbye."""
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


class Jobs:
    def __init__(self) -> None:
        self._jobs: set[Job] = set()

    async def run(
        self,
        client: Client,
        title: str,
        body: Callable[[Job], Awaitable[Any]],
        *,
        token: int | str | None = None,
        tell: bool = False,
    ) -> Any:
        """Run `body` as a job of the current task. `tell`: failures are also shown to the user (plain clients)."""
        task = asyncio.current_task()
        assert task is not None
        job = Job(task, Progress(client, token, title))
        self._jobs.add(job)
        try:
            return await body(job)
        except asyncio.CancelledError:
            job.outcome = "cancelled"
            raise
        except (RlmError, JsonRpcException) as error:
            job.outcome = f"failed: {error}"
            if tell:
                client.show(types.MessageType.Error, f"rlm-ls: {error}")
            raise
        except Exception:
            job.outcome = "failed"
            if tell:
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
