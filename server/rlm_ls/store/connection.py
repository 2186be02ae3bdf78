"""The one thread that owns the connection. Callers on any event loop hand it jobs and wait without blocking.

Where the disk takes nothing (full, locked, read-only, damaged, of a newer version) it keeps what must not be lost in
memory, and tries again.

Writes that are queued at the same moment share a transaction: under many concurrent runs, one commit serves them all.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from filelock import FileLock, Timeout

from rlm_ls.errors import RlmError, StoreFailed
from rlm_ls.private import private_file
from rlm_ls.store import schema
from rlm_ls.store.calls import CallCache
from rlm_ls.store.owners import Owners
from rlm_ls.store.spare import Spare

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 256
"""Most writes in one transaction."""

RETRY_SECONDS = 0.5
"""Until a disk that took nothing is tried again; twice as long each time, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 30.0
TRY_SECONDS = 0.2
"""How long such a try waits for another program's lock: writes of runs under way wait with it."""


@dataclass(frozen=True, slots=True)
class Job:
    """`write` jobs run inside a transaction that others may share; all else runs on its own.

    `keep` is the run whose write must not be lost ("" for a cached reply): where the disk does not take it, it is kept
    in memory. None: then it fails. `adds` says that the write is an event more.
    """

    run: Callable[[sqlite3.Connection, Owners], Any]
    write: bool
    future: Future[Any]
    keep: str | None = None
    adds: bool = False


@dataclass(frozen=True, slots=True)
class SpareJob:
    """Looks at what is kept in memory; None where nothing is."""

    run: Callable[[Spare, Owners], Any]
    future: Future[Any]


class ConnectionThread:
    """Opens, uses and closes one connection, all on a thread of its own.

    `required`: a history that cannot be opened raises. Else, and whenever it cannot be written later, `trouble` says
    why, what must not be lost is kept in a Spare, and the disk is tried again in between. `notice` is what the user
    should hear about a file that was opened anew.
    """

    def __init__(self, folder: Path, cache: CallCache, *, required: bool = True) -> None:
        self.folder = folder
        self.warning = ""
        self.notice = ""
        self.trouble: StoreFailed | None = None
        self._cache = cache
        self._required = required
        self._owners = Owners(folder)
        self._disk: sqlite3.Connection | None = None
        self._spare: Spare | None = None
        self._damaged = False
        self._retry_at = 0.0
        self._pause = RETRY_SECONDS
        self._jobs: queue.SimpleQueue[Job | SpareJob | None] = queue.SimpleQueue()
        self._opened: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._lock = threading.Lock()
        self._closing = False
        for future in (self._opened, self._ended):
            future.set_running_or_notify_cancel()
        # A daemon, so that a process that forgot to close still ends. What was waited for is already on disk.
        threading.Thread(target=self._main, name="rlm-ls-store", daemon=True).start()

    async def opened(self) -> None:
        """Wait until the file is open. Raises StoreFailed if it is required."""
        await asyncio.wrap_future(self._opened)

    async def submit(
        self,
        run: Callable[[sqlite3.Connection, Owners], T],
        *,
        write: bool,
        keep: str | None = None,
        adds: bool = False,
    ) -> T:
        """Run on the thread and return its result. A caller that is cancelled stops waiting; the job still runs."""
        return cast(T, await self._put(Job(run, write, Future(), keep, adds)))

    async def spared(self, run: Callable[[Spare, Owners], T]) -> T | None:
        """Run the job on what is kept in memory; None where there is nothing."""
        return cast(T | None, await self._put(SpareJob(run, Future())))

    async def _put(self, job: Job | SpareJob) -> Any:
        # Marked as running at once: a cancelled caller must not take its job out of the queue.
        job.future.set_running_or_notify_cancel()
        with self._lock:
            if self._closing:
                raise StoreFailed("The run history is closed.")
            self._jobs.put(job)
        return await asyncio.wrap_future(job.future)

    async def close(self) -> None:
        """Finish what is queued, then close. May be called more than once."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._jobs.put(None)
        await asyncio.wrap_future(self._ended)

    def _main(self) -> None:
        try:
            self._disk = self._open(schema.BUSY_SECONDS)
        except BaseException as error:
            failure = explained(error, self.folder)
            if self._required or not isinstance(failure, StoreFailed):
                self._owners.leave()
                with self._lock:
                    self._closing = True
                self._opened.set_exception(failure)
                self._ended.set_result(None)
                return
            self._fail(failure)
            self.warning = told(failure)
        self._opened.set_result(None)
        try:
            self._serve()
            self._give_up()
        finally:
            try:
                if self._disk is not None:
                    self._disk.close()
            finally:
                self._owners.leave()
                self._ended.set_result(None)

    def _open(self, wait: float) -> sqlite3.Connection:
        schema.prepare_folder(self.folder)
        # Held while opening only: a damaged file is moved aside once, and no owner's lock is seen half made.
        with FileLock(self.folder / "open.lock", mode=0o600, timeout=wait):
            connection, self.warning = schema.open_database(self.folder, wait)
            try:
                self._owners.enter()
            except BaseException:
                connection.close()
                raise
        return connection

    # -- the jobs -------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        held: Job | SpareJob | None = None
        while (job := held or self._next()) is not None:
            held = None
            if isinstance(job, SpareJob):
                self._run_spared(job)
                continue
            if not job.write:
                self._run(job)
                continue
            batch = [job]
            stop = False
            while len(batch) < BATCH and held is None and not stop:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                elif isinstance(following, Job) and following.write:
                    batch.append(following)
                else:
                    held = following
            self._commit(batch)
            if stop:
                return

    def _next(self) -> Job | SpareJob | None:
        """The next job. While there is trouble the disk is tried in between, also when nobody asks for anything."""
        while self.trouble is not None:
            try:
                return self._jobs.get(timeout=max(0.01, self._retry_at - time.monotonic()))
            except queue.Empty:
                self._retry()
        return self._jobs.get()

    def _run(self, job: Job) -> None:
        connection = self._disk
        try:
            result = job.run(self._on_disk(), self._owners)
        except BaseException as error:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
            job.future.set_exception(explained(error, self.folder))
        else:
            job.future.set_result(result)

    def _run_spared(self, job: SpareJob) -> None:
        try:
            job.future.set_result(None if self._spare is None else job.run(self._spare, self._owners))
        except BaseException as error:
            job.future.set_exception(explained(error, self.folder))

    def _on_disk(self) -> sqlite3.Connection:
        if self._disk is None:
            raise self.trouble or StoreFailed("The run history is not open.")
        return self._disk

    def _commit(self, batch: list[Job]) -> None:
        """Run queued jobs in one transaction. Each job's result is delivered after the commit. A job that fails (a
        duplicate, an unknown run) fails alone."""
        if self.trouble is not None and time.monotonic() >= self._retry_at:
            self._retry()
        if self.trouble is not None:
            self._keep(batch, self.trouble)
            return
        cut = self._spare.cut if self._spare is not None else ()
        outcomes: list[tuple[Job, Any, BaseException | None]] = []
        connection = self._disk
        try:
            connection = self._on_disk()
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                try:
                    result = None if job.adds and job.keep in cut else job.run(connection, self._owners)
                    outcomes.append((job, result, None))
                except (RlmError, sqlite3.IntegrityError) as error:
                    outcomes.append((job, None, error))
            connection.execute("COMMIT")
        except BaseException as error:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
            failure = explained(error, self.folder)
            if isinstance(failure, StoreFailed):
                self._fail(failure)
                self._keep(batch, failure)
                return
            for job in batch:
                job.future.set_exception(failure)
            return
        for job, result, problem in outcomes:
            if problem is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(explained(problem, self.folder))

    # -- while the disk takes nothing -----------------------------------------------------------------------------

    def _keep(self, batch: list[Job], failure: StoreFailed) -> None:
        """Write into memory what must not be lost; the rest fails."""
        spare = self._spare
        if spare is None:
            spare = self._spare = Spare()
        for job in batch:
            if job.keep is None:
                job.future.set_exception(failure)
                continue
            try:
                dropped = job.adds and job.keep in spare.cut
                result = None if dropped else spare.write(job.run, self._owners, job.keep, self._disk)
            except BaseException as error:
                job.future.set_exception(explained(error, self.folder))
            else:
                job.future.set_result(result)

    def _fail(self, failure: StoreFailed) -> None:
        if self.trouble is None:
            log.warning("%s", told(failure))
            self._pause = RETRY_SECONDS
        self.trouble = failure
        self._damaged = schema.suspect_marker(self.folder).exists()
        self._retry_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _retry(self) -> None:
        """Open the disk's file, if it is not, and write to it all that was kept in memory."""
        try:
            if self._damaged and self._disk is not None:
                # Opened anew, it is moved aside.
                self._disk.close()
                self._disk = None
            if self._disk is None:
                self._disk = self._open(TRY_SECONDS)
                self.notice = self.warning
            self._disk.execute(f"PRAGMA busy_timeout={int(TRY_SECONDS * 1000)}")
            if self._spare is not None:
                self._spare.write_back(self._disk, self._cache)
            else:
                self._disk.execute("BEGIN IMMEDIATE")
                self._disk.execute("COMMIT")
            self._disk.execute(f"PRAGMA busy_timeout={int(schema.BUSY_SECONDS * 1000)}")
        except BaseException as error:
            failure = explained(error, self.folder)
            self._fail(
                failure if isinstance(failure, StoreFailed) else StoreFailed(f"The run history failed: {error}.")
            )
        else:
            self.trouble = None
            log.warning("The run history in %s is written again.", self.folder)

    def _give_up(self) -> None:
        """The last try before the process ends."""
        if self.trouble is not None:
            self._retry()
        if self._spare is not None:
            if not self._spare.empty:
                log.warning("What was asked since the run history could not be written is lost. %s", self.trouble)
            self._spare.close()


def told(failure: StoreFailed) -> str:
    """The failure for the user: what is wrong, what it means, what to do."""
    return (
        f"No run history ({failure.code}): {failure.message} Answers and what was paid are kept in memory, and written "
        f"when that is possible again; they are lost if rlm-ls ends before. {failure.remedy}".strip()
    )


def explained(error: BaseException, folder: Path) -> BaseException:
    """A failure in words a user can act on."""
    if isinstance(error, RlmError):
        return error
    path = folder / schema.FILE_NAME
    elsewhere = "or set RLM_STATE_DIR to another folder."
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.DatabaseError) and schema.is_damage(error):
        with suppress(OSError):
            private_file(schema.suspect_marker(folder))
        failure = StoreFailed(f"The run history {path} is damaged.", "Restart: it is moved aside and a new one begun.")
    elif code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC:
        failure = StoreFailed(f"No space is left to write the run history {path}.", f"Free some space, {elsewhere}")
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or isinstance(error, Timeout):
        failure = StoreFailed(f"Another program keeps the run history {path} locked.", "Close it and try again.")
    elif isinstance(error, OSError) or code in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    ):
        failure = StoreFailed(
            f"The run history {path} cannot be written: {error}.", f"Check the folder's permissions, {elsewhere}"
        )
    elif isinstance(error, sqlite3.Error):
        failure = StoreFailed(f"The run history {path} failed: {error}.")
    else:
        return error
    failure.__cause__ = error
    return failure
