"""The SQLite file: where it lies, how it is opened, brought up to date, and moved aside when it is damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

from platformdirs import user_state_dir

from rlm_ls.errors import StoreFailed
from rlm_ls.private import private_file, private_folder

log = logging.getLogger(__name__)

FILE_NAME = "rlm-ls.sqlite3"
BUSY_SECONDS = 5.0
"""How long another program's lock is waited for, until what should be written is kept in memory."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            number INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL UNIQUE,
            question TEXT NOT NULL,
            status TEXT NOT NULL,
            owner TEXT NOT NULL,
            created REAL NOT NULL,
            seconds REAL,
            usd REAL,
            model TEXT NOT NULL,
            meta TEXT NOT NULL,
            answer TEXT
        )""",
        "CREATE INDEX runs_newest ON runs (created, number)",
        """CREATE TABLE events (
            run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
            seq INTEGER NOT NULL,
            type TEXT NOT NULL,
            event TEXT NOT NULL,
            UNIQUE (run_id, seq)
        )""",
    ),
    (
        """CREATE TABLE calls (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            text NOT NULL,
            model TEXT NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            usd REAL,
            used REAL NOT NULL,
            size INTEGER NOT NULL
        )""",
        "CREATE INDEX calls_by_use ON calls (used, number, size)",
    ),
)
"""Step k brings a file of version k to version k + 1. Steps are only ever added."""

VERSION = len(MIGRATIONS)


def state_folder() -> Path:
    """The user's state folder, or what RLM_STATE_DIR names."""
    override = os.environ.get("RLM_STATE_DIR")
    return Path(override).expanduser() if override else Path(user_state_dir("rlm-ls", appauthor=False))


def prepare_folder(folder: Path) -> None:
    """Make the folder, readable by its owner only. A folder that the user made keeps its own permissions.

    Raises OSError for a link, and for a folder of somebody else's."""
    private_folder(folder)


def open_database(folder: Path, wait: float) -> tuple[sqlite3.Connection, str]:
    """Open the file in `folder`, made or migrated as needed; the second value is a warning, or empty.

    `wait` is how many seconds another program may hold its lock.

    The caller holds the folder's lock: two processes must not both move the same damaged file aside.
    """
    path = folder / FILE_NAME
    try:
        return _open(path, wait), ""
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    aside = _move_aside(path)
    warning = f"The run history {path} was damaged. It was moved to {aside} and a new one was started."
    log.warning(warning)
    return _open(path, wait), warning


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether SQLite says that the file's content is no (sound) database, rather than that it cannot be reached."""
    # The low byte is the primary code; extended ones say where the damage is.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def suspect_marker(folder: Path) -> Path:
    """Left behind when damage shows while running: the next process to open the file checks all of it."""
    return folder / f"{FILE_NAME}.suspect"


def _open(path: Path, wait: float) -> sqlite3.Connection:
    # SQLite gives its side files (-wal, -shm) the permissions of the main one.
    private_file(path)
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=True)
    try:
        # Before the first table is made; later it has no effect. It lets `prune` give space back to the system.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Up to 8 MB, if they are used: ten thousand cached replies are looked up a quarter faster than in the usual 2.
        connection.execute("PRAGMA cache_size=-8192")
        # What a user deletes is overwritten, not just unlinked.
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA journal_size_limit={4 << 20}")
        _check(connection, thorough=suspect_marker(path.parent).exists())
        suspect_marker(path.parent).unlink(missing_ok=True)
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def in_memory(limit: int) -> sqlite3.Connection:
    """An empty database of the same form that takes at most `limit` bytes of memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=True)
    connection.execute("PRAGMA foreign_keys=ON")
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA max_page_count={limit // page}")
    for step in MIGRATIONS:
        for statement in step:
            connection.execute(statement)
    return connection


def _check(connection: sqlite3.Connection, *, thorough: bool) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if thorough and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        damaged = sqlite3.DatabaseError("quick_check found damage")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StoreFailed(
                f"The run history {path} was written by a newer rlm-ls (format {version}, this one knows {VERSION}).",
                "Upgrade rlm-ls, or set RLM_STATE_DIR to another folder.",
            )
        for step in MIGRATIONS[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _move_aside(path: Path) -> Path:
    suffix = f".corrupt-{time.strftime('%Y%m%dT%H%M%S')}"
    aside = path.with_name(path.name + suffix)
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}{suffix}-{count}")
    os.replace(path, aside)
    # SQLite finds a log by its database's name: kept together, what was committed can still be recovered by hand.
    for side in ("-wal", "-shm"):
        log_file = path.with_name(path.name + side)
        if log_file.exists():
            os.replace(log_file, aside.with_name(aside.name + side))
    suspect_marker(path.parent).unlink(missing_ok=True)
    return aside
