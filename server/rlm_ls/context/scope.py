"""Which texts a question is about. Plain data: no editor, no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Buffer:
    """An open editor buffer. It wins over the file of the same URI on disk."""

    uri: str
    text: str
    version: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The texts a question is about.

    `files` are paths or URIs named one by one (a missing or binary one is an error); `roots` are folders to walk
    (such files are skipped and reported). `include`/`exclude` are gitignore-style globs relative to the roots.
    `region` limits a single document to lines and UTF-16 columns ((line, character), (line, character)) from 0.
    """

    kind: Literal["document", "selection", "files", "workspace"]
    files: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    region: tuple[tuple[int, int], tuple[int, int]] | None = None
    buffers: tuple[Buffer, ...] = ()
