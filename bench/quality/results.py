"""Results: one row a question, appended to a file as it is done, so that a measurement can be stopped and continued."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

Arm = Literal["none", "truncated", "retrieval", "loop", "full"]
Key = tuple[str, str, Arm, str]


class Row(BaseModel):
    """`digest` is the question's; `model` what was asked for, `replied` what answered; `usd` is None where the
    price is not known; `error` is empty if there was an answer.

    `calls` were made to a model, of which `sub_calls` by scripts; `cached_calls` were answered without one. `turns` and
    `route` are empty in arms of one call.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    id: str
    digest: str
    arm: Arm
    model: str
    replied: str = ""
    type: str
    score: float = 0.0
    error: str = ""
    output: str = ""
    status: str = ""
    route: str = ""
    turns: int = 0
    calls: int = 0
    sub_calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    run_id: str = ""
    made: str = ""

    @property
    def key(self) -> Key:
        return (self.id, self.digest, self.arm, self.model)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Results:
    """The rows of a file (or of nowhere); the last row of a question counts. A row with an error is not done."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.rows: dict[Key, Row] = {}
        if path is not None and path.exists():
            self.rows = {row.key: row for row in _read(path)}

    def done(self, key: Key) -> Row | None:
        row = self.rows.get(key)
        return row if row is not None and not row.error else None

    def add(self, row: Row) -> None:
        """Blocks until the row is on the disk: it was paid for."""
        self.rows[row.key] = row
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab+") as file:
            if file.tell() and not _ends_with_newline(file):
                file.write(b"\n")  # the last row was cut off by a kill: it is one that cannot be read, not two
            file.write(row.model_dump_json(by_alias=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _read(path: Path) -> Iterable[Row]:
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            try:
                yield Row.model_validate_json(line)
            except ValidationError:
                continue  # a row that a kill cut off: its question is asked again
