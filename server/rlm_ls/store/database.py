"""The run history: which runs there were, and every event of each; beside it what sub-models replied.

One SQLite file, shared by all servers of a user.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from rlm_ls.errors import BadRequest, StoreFailed, UnknownRun
from rlm_ls.store.calls import CachedReply, CacheSize, CallCache
from rlm_ls.store.connection import ConnectionThread, told
from rlm_ls.store.owners import Owners
from rlm_ls.store.queries import COLUMNS, dumps, find_run, run_row, storable, unknown, used_bytes
from rlm_ls.store.rows import ANSWERS, RunRow
from rlm_ls.store.schema import state_folder
from rlm_ls.store.spare import Spare

T = TypeVar("T")

DEFAULT_LIMIT_BYTES = 512 << 20
"""Bytes of runs that `prune` keeps by default."""

MOST_WORDS = 20
"""Of a search."""


class Store:
    """The run history in one folder. Every method returns without blocking the event loop and may raise StoreFailed.

    A write is on disk when its method returns: it survives the process being killed. A write whose caller is
    cancelled is made all the same. While there is `trouble` with the disk, what belongs to a run is kept in memory
    instead, and is there for this process only, until it can be written; all else raises StoreFailed.
    """

    def __init__(self, thread: ConnectionThread, calls: CallCache) -> None:
        self._thread = thread
        self._calls = calls

    @classmethod
    async def open(cls, folder: Path | None = None, *, required: bool = True) -> Store:
        """Open, or make, the history in `folder` (default: RLM_STATE_DIR, else the user's state folder).

        Raises StoreFailed if it is `required`; else `trouble` says why it cannot be opened, and runs go on without.
        """
        calls = CallCache()
        thread = ConnectionThread(folder or state_folder(), calls, required=required)
        try:
            await thread.opened()
        except BaseException:
            await thread.close()
            raise
        return cls(thread, calls)

    async def close(self) -> None:
        """Finish what is queued, then close. May be called more than once."""
        await self._thread.close()

    @property
    def folder(self) -> Path:
        return self._thread.folder

    @property
    def warning(self) -> str:
        """What the user should hear about opening the file (damaged and moved aside; not to be opened), or empty."""
        return self._thread.warning

    @property
    def trouble(self) -> str:
        """What the user should hear about a history that cannot be written now, with code and remedy; or empty."""
        return "" if self._thread.trouble is None else told(self._thread.trouble)

    def take_notice(self) -> str:
        """A message about what happened while running, given once (a damaged file was moved aside); or empty."""
        notice, self._thread.notice = self._thread.notice, ""
        return notice

    async def begin_run(self, run_id: str, question: str, created: float, meta: dict[str, Any]) -> None:
        """Enter a run as "running", owned by this process. `created` is Unix time; `meta["model"]` is shown."""
        row = (run_id, storable(question), created, str(meta.get("model", "")), dumps(meta))

        def insert(connection: sqlite3.Connection, owners: Owners) -> None:
            connection.execute(
                "INSERT INTO runs (run_id, question, created, model, meta, status, owner)"
                " VALUES (?, ?, ?, ?, ?, 'running', ?)",
                (*row, owners.me),
            )

        await self._write(insert, keep=run_id)

    async def take_over(self, run_id: str) -> None:
        """Make a run that broke off this process's own, "running" again. Raises UnknownRun, BadRequest if it runs."""

        def update(connection: sqlite3.Connection, owners: Owners) -> None:
            if _under_way(connection, owners, run_id):
                raise BadRequest(f"Run {run_id} is under way, here or in another process.", "Stop it first.")
            connection.execute(
                "UPDATE runs SET status = 'running', owner = ?, answer = NULL WHERE run_id = ?", (owners.me, run_id)
            )

        await self._thread.spared(lambda spare, owners: spare.cut.discard(run_id))
        await self._write(update, keep=run_id)

    async def append(self, run_id: str, seq: int, type: str, event: dict[str, Any]) -> None:
        """Add one event. `seq` counts from 1 within the run and is never used twice. Raises UnknownRun."""
        row = (run_id, seq, type, dumps(event))

        def insert(connection: sqlite3.Connection, owners: Owners) -> None:
            try:
                connection.execute("INSERT INTO events (run_id, seq, type, event) VALUES (?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                    raise unknown(run_id) from error
                raise

        await self._write(insert, keep=run_id, adds=True)

    async def end_run(self, run_id: str, status: str, answer: dict[str, Any]) -> None:
        """Record how a run ended. `answer` is the wire's Answer: `usage.seconds`, `usage.usd` and `model` are read."""
        usage = answer.get("usage") or {}
        row = (status, usage.get("seconds"), usage.get("usd"), answer.get("model") or None, dumps(answer), run_id)

        def update(connection: sqlite3.Connection, owners: Owners) -> None:
            done = connection.execute(
                "UPDATE runs SET status = ?, seconds = ?, usd = ?, model = coalesce(?, model), answer = ?"
                " WHERE run_id = ?",
                row,
            )
            if done.rowcount == 0:
                raise unknown(run_id)

        await self._write(update, keep=run_id)

    async def runs(self, limit: int = 50, offset: int = 0, search: str = "") -> list[RunRow]:
        """Runs, newest first. `search`: those whose question or answer holds each of its words, whatever their case."""
        words = search.casefold().split()[:MOST_WORDS]

        def holds(question: str, answer: str) -> bool:
            text = f"{question}\n{answer}".casefold()
            return all(word in text for word in words)

        def select(connection: sqlite3.Connection, owners: Owners) -> list[RunRow]:
            # No full-text index: it would keep what was deleted, and finds no part of a word.
            connection.create_function("holds", 2, holds)
            where = "WHERE holds(question, coalesce(json_extract(answer, '$.answer'), ''))" if words else ""
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM runs {where} ORDER BY created DESC, number DESC LIMIT ?", (limit + offset,)
            ).fetchall()
            return [run_row(connection, owners, row) for row in rows]

        spared = await self._thread.spared(lambda spare, owners: select(spare.connection, owners))
        written = await self._read(select)
        if not spared:
            return written[offset:]
        rows = {row.run_id: row for row in (*written, *spared)}
        return sorted(rows.values(), key=lambda row: row.created, reverse=True)[offset : offset + limit]

    async def run(self, name: str) -> RunRow:
        """The run with this id, the only one whose id starts so, or for "last" the newest. Raises UnknownRun."""

        def select(connection: sqlite3.Connection, owners: Owners) -> RunRow:
            return run_row(connection, owners, find_run(connection, name))

        def spared(spare: Spare, owners: Owners) -> RunRow | None:
            with suppress(UnknownRun):
                return select(spare.connection, owners)
            return None

        mine = await self._thread.spared(spared)
        if mine is not None and mine.run_id == name:
            return mine
        try:
            found = await self._read(select)
        except UnknownRun:
            if mine is None:
                raise
            return mine
        except StoreFailed:
            if mine is None or name == "last":
                raise
            return mine
        return found if mine is None or (name == "last" and found.created > mine.created) else mine

    async def events(self, run_id: str) -> list[dict[str, Any]]:
        """The run's events in order of `seq`. `run_id` is a whole id. Raises UnknownRun."""

        def select(connection: sqlite3.Connection, owners: Owners) -> dict[int, str]:
            if not connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
                raise unknown(run_id)
            return dict(connection.execute("SELECT seq, event FROM events WHERE run_id = ?", (run_id,)))

        def spared(spare: Spare, owners: Owners) -> tuple[bool, dict[int, str]]:
            here = select(spare.connection, owners) if spare.holds(run_id) else {}
            return run_id in spare.begun_here, here

        # First: what is written back between the two is then found twice, and not never.
        whole, events = await self._thread.spared(spared) or (False, {})
        if not whole:
            events |= await self._read(select)
        return [json.loads(events[seq]) for seq in sorted(events)]

    async def finished_usage(self, model: str, route: str, limit: int) -> list[dict[str, Any]]:
        """What the newest runs with this model and route took (the wire's `usage`), of those that came to an end."""

        def select(connection: sqlite3.Connection, owners: Owners) -> list[dict[str, Any]]:
            rows = connection.execute(
                "SELECT json_extract(answer, '$.usage') FROM runs WHERE model = ? AND status IN ('answered', 'partial')"
                " AND json_extract(answer, '$.route') = ? AND json_extract(answer, '$.usage.turns') > 0"
                " ORDER BY created DESC, number DESC LIMIT ?",
                (model, route, limit),
            )
            return [json.loads(usage) for (usage,) in rows]

        # Earlier runs make an estimate better; without a history there is one all the same.
        with suppress(StoreFailed):
            return await self._read(select)
        return []

    async def delete_run(self, run_id: str) -> None:
        """Delete one run that is not running. Raises UnknownRun, BadRequest."""

        def delete(connection: sqlite3.Connection, owners: Owners) -> None:
            if _under_way(connection, owners, run_id):
                raise BadRequest(f"Run {run_id} is still running.", "Stop it first.")
            connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))
            self._drop_file(run_id)

        await self._write(delete)
        await self._shrink()

    async def clear(self, before: float | None = None) -> int:
        """Delete every run, or those begun before a Unix time; running ones stay. Returns how many were deleted."""

        def select(connection: sqlite3.Connection, owners: Owners) -> list[str]:
            rows = connection.execute(
                "SELECT run_id, status, owner FROM runs WHERE ? IS NULL OR created < ?", (before, before)
            ).fetchall()
            return [run_id for run_id, status, owner in rows if status != "running" or not owners.alive(owner)]

        gone = await self._read(select)
        for run_id in gone:
            await self._delete(run_id)
        await self._shrink()
        return len(gone)

    async def prune(self, max_bytes: int = DEFAULT_LIMIT_BYTES) -> int:
        """Delete the oldest runs until the rest fits in `max_bytes`; running ones stay. Returns how many went.

        Cached replies do not count: they have a limit of their own.
        """

        def oldest(connection: sqlite3.Connection, owners: Owners) -> str | None:
            if used_bytes(connection) - self._calls.size(connection).bytes <= max_bytes:
                return None
            for run_id, status, owner in connection.execute(
                "SELECT run_id, status, owner FROM runs ORDER BY created, number"
            ).fetchall():
                if status != "running" or not owners.alive(owner):
                    return cast(str, run_id)
            return None

        count = 0
        # One run a time, so that events of live runs get in between.
        while (run_id := await self._read(oldest)) is not None:
            await self._delete(run_id)
            count += 1
        if count:
            await self._shrink()
        return count

    async def size(self) -> int:
        """Bytes that the file takes on disk, cached replies included, without the write-ahead log."""
        return await self._read(lambda connection, owners: used_bytes(connection))

    async def cached_replies(self, keys: Sequence[str]) -> dict[str, CachedReply]:
        """Those of the calls that were made before, by key. Ten thousand keys take some tens of milliseconds."""
        spared = await self._thread.spared(lambda spare, owners: self._calls.look_up(spare.connection, keys)[0]) or {}
        found, stale = dict[str, CachedReply](), list[str]()
        with suppress(StoreFailed):
            found, stale = await self._read(lambda connection, owners: self._calls.look_up(connection, keys))
        if stale:
            # That they were used is worth a write, and no failure: on a full disk the replies are there all the same.
            with suppress(StoreFailed):
                await self._write(lambda connection, owners: self._calls.touch(connection, stale))
        return found | spared

    async def cache_reply(self, key: str, reply: CachedReply) -> None:
        """Keep a reply for the next time its call is made. Past the limit the least recently used ones go."""
        await self._write(lambda connection, owners: self._calls.put(connection, key, reply), keep="")

    async def cache_size(self) -> CacheSize:
        return await self._read(lambda connection, owners: self._calls.size(connection))

    async def clear_cache(self) -> tuple[int, int]:
        """Delete all cached replies: how many there were, and the bytes they took."""
        gone = await self._write(lambda connection, owners: self._calls.clear(connection))
        await self._shrink()
        return gone.entries, gone.bytes

    def limit_cache(self, max_bytes: int) -> None:
        """Most bytes of cached replies; what is too much goes when the next one is added. 0: none are kept."""
        self._calls.limit = max_bytes

    async def _delete(self, run_id: str) -> None:
        def delete(connection: sqlite3.Connection, owners: Owners) -> None:
            connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))
            self._drop_file(run_id)

        await self._write(delete)

    def _drop_file(self, run_id: str) -> None:
        """The answer as a file, which was made for an editor that shows files only."""
        if run_id.replace("-", "").isalnum():
            with suppress(OSError):
                (self.folder / ANSWERS / f"{run_id}.md").unlink()

    async def _shrink(self) -> None:
        """Give freed pages back, and empty the log, where deleted text may still stand."""

        def shrink(connection: sqlite3.Connection, owners: Owners) -> None:
            # Not `execute`: it takes one step, and each step gives back one page.
            connection.executescript("PRAGMA incremental_vacuum")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        await self._read(shrink)

    async def _write(
        self, job: Callable[[sqlite3.Connection, Owners], T], *, keep: str | None = None, adds: bool = False
    ) -> T:
        return await self._thread.submit(job, write=True, keep=keep, adds=adds)

    async def _read(self, job: Callable[[sqlite3.Connection, Owners], T]) -> T:
        return await self._thread.submit(job, write=False)


def _under_way(connection: sqlite3.Connection, owners: Owners, run_id: str) -> bool:
    """Whether a run is under way in a process that lives. Raises UnknownRun."""
    row = connection.execute("SELECT status, owner FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise unknown(run_id)
    return row[0] == "running" and owners.alive(row[1])
