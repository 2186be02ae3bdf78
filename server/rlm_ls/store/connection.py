"""The one thread that owns the connection. Callers on any event loop hand it jobs and wait without blocking.

Writes that are queued at the same moment share a transaction: under many concurrent runs, one commit serves them all.
"""

from __future__ import annotations

import asyncio
import errno
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from rlm_ls.errors import RlmError, StoreFailed
from rlm_ls.private import private_file
from rlm_ls.store import schema
from rlm_ls.store.owners import Owners

T = TypeVar("T")

BATCH = 256
"""Most writes in one transaction."""


@dataclass(frozen=True, slots=True)
class Job:
    """`write` jobs run inside a transaction that others may share; all else runs on its own."""

    run: Callable[[sqlite3.Connection, Owners], Any]
    write: bool
    future: Future[Any]


class ConnectionThread:
    """Opens, uses and closes one connection, all on a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warning = ""
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._opened: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._lock = threading.Lock()
        self._closing = False
        for future in (self._opened, self._ended):
            future.set_running_or_notify_cancel()
        # A daemon, so that a process that forgot to close still ends. What was waited for is already on disk.
        threading.Thread(target=self._main, name="rlm-ls-store", daemon=True).start()

    async def opened(self) -> None:
        """Wait until the file is open. Raises StoreFailed."""
        await asyncio.wrap_future(self._opened)

    async def submit(self, run: Callable[[sqlite3.Connection, Owners], T], *, write: bool) -> T:
        """Run on the thread and return its result. A caller that is cancelled stops waiting; the job still runs."""
        future: Future[T] = Future()
        # Marked as running at once: a cancelled caller must not take its job out of the queue.
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closing:
                raise StoreFailed("The run history is closed.")
            self._jobs.put(Job(run, write, future))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish what is queued, then close. May be called more than once."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._jobs.put(None)
        await asyncio.wrap_future(self._ended)

    def _main(self) -> None:
        owners = Owners(self.folder)
        try:
            connection = self._open(owners)
        except BaseException as error:
            owners.leave()
            with self._lock:
                self._closing = True
            self._opened.set_exception(explained(error, self.folder))
            self._ended.set_result(None)
            return
        self._opened.set_result(None)
        try:
            self._serve(connection, owners)
        finally:
            try:
                connection.close()
            finally:
                owners.leave()
                self._ended.set_result(None)

    def _open(self, owners: Owners) -> sqlite3.Connection:
        schema.prepare_folder(self.folder)
        # Held while opening only: a damaged file is moved aside once, and no owner's lock is seen half made.
        with FileLock(self.folder / "open.lock", mode=0o600, timeout=schema.BUSY_SECONDS):
            connection, self.warning = schema.open_database(self.folder)
            try:
                owners.enter()
            except BaseException:
                connection.close()
                raise
        return connection

    def _serve(self, connection: sqlite3.Connection, owners: Owners) -> None:
        held: Job | None = None
        while (job := held or self._jobs.get()) is not None:
            held = None
            if not job.write:
                self._run(job, connection, owners)
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
                elif following.write:
                    batch.append(following)
                else:
                    held = following
            self._commit(batch, connection, owners)
            if stop:
                return

    def _run(self, job: Job, connection: sqlite3.Connection, owners: Owners) -> None:
        try:
            result = job.run(connection, owners)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            job.future.set_exception(explained(error, self.folder))
        else:
            job.future.set_result(result)

    def _commit(self, batch: list[Job], connection: sqlite3.Connection, owners: Owners) -> None:
        """Each job's outcome is told only after the commit. One that fails (a double, an unknown run) fails alone."""
        outcomes: list[tuple[Job, Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                try:
                    outcomes.append((job, job.run(connection, owners), None))
                except (RlmError, sqlite3.IntegrityError) as error:
                    outcomes.append((job, None, error))
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in batch:
                job.future.set_exception(explained(error, self.folder))
            return
        for job, result, failure in outcomes:
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(explained(failure, self.folder))


def explained(error: BaseException, folder: Path) -> BaseException:
    """A failure in words a user can act on."""
    if isinstance(error, RlmError):
        return error
    path = folder / schema.FILE_NAME
    elsewhere = "or set RLM_STATE_DIR to another folder."
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.DatabaseError) and schema.is_damage(error):
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
