"""What sub-models replied, by content: the same call, made again, costs nothing. The table `calls` and its queries.

Whoever makes the keys decides what "the same" means (a digest of model, parameters and messages); here they are names.
Everything in this module runs on the store's thread.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

DEFAULT_LIMIT_BYTES = 256 << 20
HOUR = 3600.0
"""Last use is kept to the hour: finer, and every lookup would be a write."""

ROW_BYTES = 200
"""About what a row takes beside its text: key, figures, two indexes."""


class CachedReply(NamedTuple):
    """A sub-model's reply and what it cost when it was made. `usd` is None where the price was not known.

    (A tuple: ten thousand are made at once, and a frozen dataclass takes three times as long.)
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class CacheSize:
    entries: int
    bytes: int


class CallCache:
    """The queries, and the watch over the size. `limit` is in bytes and may be changed; 0 keeps nothing."""

    def __init__(self) -> None:
        self.limit = DEFAULT_LIMIT_BYTES
        self._checked_limit = -1
        self._added = 0

    def look_up(self, connection: sqlite3.Connection, keys: Sequence[str]) -> tuple[dict[str, CachedReply], list[str]]:
        """What is there, by key, and those of the keys whose last use should be written down (`touch`)."""
        # In the index's order, and without the list of `IN (…)`, which SQLite would sort and store first.
        rows = connection.execute(
            "SELECT calls.key, text, model, prompt_tokens, completion_tokens, usd, used"
            " FROM json_each(?) AS asked CROSS JOIN calls ON calls.key = asked.value",
            (json.dumps(sorted(keys)),),
        ).fetchall()
        now = time.time()
        found = {row[0]: _reply(row) for row in rows}
        return found, [row[0] for row in rows if not 0 <= now - row[6] < HOUR]

    def touch(self, connection: sqlite3.Connection, keys: Sequence[str]) -> None:
        connection.execute(
            "UPDATE calls SET used = ? WHERE key IN (SELECT value FROM json_each(?))",
            (time.time(), json.dumps(list(keys))),
        )

    def put(self, connection: sqlite3.Connection, key: str, reply: CachedReply) -> None:
        """Keep a reply, in the place of an older one; the least recently used make room. Within a transaction."""
        encoded = reply.text.encode("utf-8", "surrogatepass")
        # A model may write half a surrogate pair, which is no UTF-8: bytes, then, in the same column.
        text = reply.text if _is_utf8(encoded) else encoded
        size = len(encoded) + ROW_BYTES
        if size > self.limit:
            return
        connection.execute(
            "INSERT INTO calls (key, text, model, prompt_tokens, completion_tokens, usd, used, size)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET text = excluded.text, model = excluded.model,"
            " prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens,"
            " usd = excluded.usd, used = excluded.used, size = excluded.size",
            (key, text, reply.model, reply.prompt_tokens, reply.completion_tokens, reply.usd, time.time(), size),
        )
        self._added += size
        # Adding up all sizes takes milliseconds: not for each reply. Other servers add to the same table.
        if self._added > self.limit // 16 or self.limit != self._checked_limit:
            self._make_room(connection)

    def copy(self, source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        """Every reply of one database into another. Within a transaction of the target's."""
        for row in source.execute("SELECT key, text, model, prompt_tokens, completion_tokens, usd FROM calls"):
            self.put(target, row[0], _reply(row))

    def size(self, connection: sqlite3.Connection) -> CacheSize:
        return CacheSize(*connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM calls").fetchone())

    def clear(self, connection: sqlite3.Connection) -> CacheSize:
        """Delete everything; what was there."""
        size = self.size(connection)
        connection.execute("DELETE FROM calls")
        return size

    def _make_room(self, connection: sqlite3.Connection) -> None:
        self._added, self._checked_limit = 0, self.limit
        total = self.size(connection).bytes
        if total <= self.limit:
            return
        going = []
        for number, size in connection.execute("SELECT number, size FROM calls ORDER BY used, number"):
            going.append(number)
            total -= size
            if total <= self.limit * 15 // 16:
                break
        connection.execute("DELETE FROM calls WHERE number IN (SELECT value FROM json_each(?))", (json.dumps(going),))


def _reply(row: tuple[Any, ...]) -> CachedReply:
    reply = CachedReply._make(row[1:6])
    if isinstance(reply.text, bytes):
        return reply._replace(text=reply.text.decode("utf-8", "surrogatepass"))
    return reply


def _is_utf8(encoded: bytes) -> bool:
    try:
        encoded.decode()
    except UnicodeDecodeError:
        return False
    return True
