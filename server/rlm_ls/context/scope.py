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
class Stream:
    """Standard input or a pipe that was read to its end, or a copy of a text that lies elsewhere: `size` bytes of the
    private file at `path`. Whoever made the file deletes it.

    `version`: what is read again with the same one is the same; "" if that is not known. `explicit`: it was named
    itself, not by a folder or a pattern. `stays`: it is not copied; `path` is its address, and its text begins `skip`
    bytes after its first one.
    """

    uri: str
    name: str
    path: str
    size: int
    version: str = ""
    explicit: bool = True
    stays: bool = False
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """The texts a question is about.

    `files` are paths or URIs named one by one (a missing or binary one is an error); `roots` are folders to walk
    (such files are skipped and reported). `include`/`exclude` are gitignore-style globs relative to the roots.
    `leave_out` names lines (from 0) of a single document that do not count: the line the question itself stands in.
    `region` limits a single document to lines and UTF-16 columns ((line, character), (line, character)) from 0.
    `streams` are among `files` by their URIs.
    """

    kind: Literal["document", "selection", "files", "workspace"]
    files: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    region: tuple[tuple[int, int], tuple[int, int]] | None = None
    leave_out: tuple[int, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    streams: tuple[Stream, ...] = ()
