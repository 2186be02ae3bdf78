"""Keeps in memory what cannot be written to the disk, until it can. Lost when the process ends.

It is a database of the same form, so that the same jobs run on it. Of a run that was begun on the disk it has the later
part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from rlm_ls.store import schema
from rlm_ls.store.calls import CallCache
from rlm_ls.store.owners import Owners
from rlm_ls.store.queries import COLUMNS

T = TypeVar("T")

LIMIT_BYTES = 64 << 20
"""Most that is kept. Then ended runs go, the oldest first; then the run that asks for more loses its further events."""


class Spare:
    """Used from the store's thread only.

    `begun_here` are runs of which the disk knows nothing. `cut` are those that lost an event for want of room: what
    comes later must not be kept either, here or on the disk, or a trace without its middle would be taken for a whole.
    """

    def __init__(self) -> None:
        self.connection = schema.in_memory(LIMIT_BYTES)
        self.begun_here: set[str] = set()
        self.cut: set[str] = set()

    def close(self) -> None:
        self.connection.close()

    def holds(self, run_id: str) -> bool:
        found = self.connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return found is not None

    @property
    def empty(self) -> bool:
        return not any(
            self.connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("runs", "calls")
        )

    def write(
        self,
        job: Callable[[sqlite3.Connection, Owners], T],
        owners: Owners,
        about: str,
        disk: sqlite3.Connection | None,
    ) -> T | None:
        """Run a job that could not be run on the disk. None where there is no room for what it writes.

        `about` is the run it belongs to, "" for a cached reply.
        """
        if about and not self.holds(about):
            self._adopt(about, owners, disk)
        while True:
            try:
                return job(self.connection, owners)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
                    raise
            if not self._make_room(about):
                self.cut.add(about)
                return None

    def _adopt(self, run_id: str, owners: Owners, disk: sqlite3.Connection | None) -> None:
        """The row of a run that was begun on the disk, as far as the disk can be read."""
        row: Any = None
        if disk is not None:
            try:
                row = disk.execute(f"SELECT {COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            except sqlite3.Error:
                row = (run_id, "", "running", owners.me, 0.0, None, None, "", "{}", None)
        if row is None:
            self.begun_here.add(run_id)
            return
        self.connection.execute(f"INSERT INTO runs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _make_room(self, about: str) -> bool:
        """Let something go that nobody waits for. False if there is nothing."""
        if self.connection.execute("SELECT 1 FROM calls LIMIT 1").fetchone():
            self.connection.execute("DELETE FROM calls")
            return True
        row = self.connection.execute(
            "SELECT run_id FROM runs WHERE status != 'running' AND run_id != ? ORDER BY created, number LIMIT 1",
            (about,),
        ).fetchone()
        if row is None:
            return False
        self.connection.execute("DELETE FROM runs WHERE run_id = ?", row)
        self.begun_here.discard(row[0])
        return True

    def write_back(self, disk: sqlite3.Connection, cache: CallCache) -> None:
        """All that is kept, to the disk, in one transaction. Raises what SQLite raises, and has then lost nothing."""
        read = self.connection.execute
        disk.execute("BEGIN IMMEDIATE")
        try:
            for row in read(f"SELECT {COLUMNS} FROM runs ORDER BY created, number").fetchall():
                disk.execute(
                    f"INSERT INTO runs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id)"
                    " DO UPDATE SET status = excluded.status, owner = excluded.owner, seconds = excluded.seconds,"
                    " usd = excluded.usd, answer = excluded.answer,"
                    " model = CASE WHEN excluded.model = '' THEN model ELSE excluded.model END",
                    row,
                )
            for row in read("SELECT run_id, seq, type, event FROM events ORDER BY run_id, seq"):
                disk.execute("INSERT OR IGNORE INTO events (run_id, seq, type, event) VALUES (?, ?, ?, ?)", row)
            cache.copy(self.connection, disk)
            disk.execute("COMMIT")
        except BaseException:
            if disk.in_transaction:
                disk.execute("ROLLBACK")
            raise
        for table in ("events", "runs", "calls"):
            self.connection.execute(f"DELETE FROM {table}")
        self.begun_here.clear()
