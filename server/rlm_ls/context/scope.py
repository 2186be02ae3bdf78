"""Which texts a question is about. Plain data: no editor, no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rlm_ls.errors import RlmError


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
    bytes after its first one. `error`: why it cannot be read.
    """

    uri: str
    name: str
    path: str
    size: int
    version: str = ""
    explicit: bool = True
    stays: bool = False
    skip: int = 0
    error: RlmError | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The texts a question is about.

    `files` are paths or URIs named one by one (a missing or binary one is an error); `roots` are folders to walk
    (such files are skipped and reported). `include`/`exclude` are gitignore-style globs relative to the roots.
    `leave_out` names lines (from 0) of a single document that do not count: the line the question itself stands in.
    `region` limits a single document to lines and UTF-16 columns ((line, character), (line, character)) from 0.
    `streams` are among `files` by their URIs. `elsewhere` are addresses of texts to read beside them: one that cannot
    be read is skipped and reported.
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
    elsewhere: tuple[str, ...] = ()

    def expanded(self, found: Mapping[str, Sequence[Stream]]) -> Scope:
        """The scope with the streams that some of its names stand for in their place."""
        names = (*self.files, *self.roots)
        own = set(self.files)
        files = [uri for name in names for uri in _uris(found.get(name)) or ((name,) if name in own else ())]
        roots = tuple(root for root in self.roots if root not in found)
        streams = {one.uri: one for one in (*self.streams, *(one for some in found.values() for one in some))}
        return replace(
            self,
            kind="document" if len(files) == 1 and not roots else "files",
            files=tuple(files),
            roots=roots,
            streams=tuple(streams.values()),
        )


def _uris(streams: Sequence[Stream] | None) -> tuple[str, ...]:
    return () if streams is None else tuple(one.uri for one in streams)
