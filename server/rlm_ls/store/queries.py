"""Rows of the run history: how one is found, read and written. Everything here runs on the store's thread."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any, cast

from rlm_ls.errors import UnknownRun
from rlm_ls.store.owners import Owners
from rlm_ls.store.rows import RunRow, RunStatus

COLUMNS = "run_id, question, status, owner, created, seconds, usd, model, meta, answer"


def dumps(value: dict[str, Any]) -> str:
    """JSON as the store keeps it. Model-written text may hold half a surrogate pair, which is no UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def find_run(connection: sqlite3.Connection, name: str) -> tuple[Any, ...]:
    if name == "last":
        row = connection.execute(f"SELECT {COLUMNS} FROM runs ORDER BY created DESC, number DESC LIMIT 1").fetchone()
        if row is None:
            raise UnknownRun("There are no runs yet.", "Ask a question first.")
        return cast(tuple[Any, ...], row)
    row = connection.execute(f"SELECT {COLUMNS} FROM runs WHERE run_id = ?", (name,)).fetchone()
    if row is not None:
        return cast(tuple[Any, ...], row)
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY created DESC, number DESC",
        (name,),
    ).fetchall()
    if not name or not rows:
        raise unknown(name)
    if len(rows) > 1:
        ids = ", ".join(row[0] for row in rows[:10]) + (", …" if len(rows) > 10 else "")
        raise UnknownRun(f"{len(rows)} runs start with '{name}': {ids}.", "Give more of the id.")
    return cast(tuple[Any, ...], rows[0])


def run_row(connection: sqlite3.Connection, owners: Owners, row: tuple[Any, ...]) -> RunRow:
    run_id, question, status, owner, created, seconds, usd, model, meta, answer = row
    if status == "running":
        status = "running" if owners.alive(owner) else "interrupted"
        seconds = max(0.0, time.time() - created) if status == "running" else _last_moment(connection, run_id)
    return RunRow(
        run_id=run_id,
        question=question,
        status=cast(RunStatus, status),
        created=created,
        seconds=float(seconds or 0.0),
        usd=usd,
        model=model,
        answer=None if answer is None else json.loads(answer),
        meta=json.loads(meta),
    )


def _last_moment(connection: sqlite3.Connection, run_id: str) -> float:
    row = connection.execute(
        "SELECT event FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT 1", (run_id,)
    ).fetchone()
    return float(json.loads(row[0]).get("at", 0.0)) if row else 0.0


def used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def unknown(run_id: str) -> UnknownRun:
    return UnknownRun(f"There is no run '{run_id}'.", "List them with `rlm-ls runs`.")
