"""How far a search has got: said while it goes on, and of what it brings back where that is not all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rlm_ls.context.document import Selection
from rlm_ls.context.search.rows import hit_of
from rlm_ls.context.workers.piece import Bundle, Pieces, docs_of, size_of
from rlm_ls.errors import NodeGone, SearchTimeout

FIRST_TOLD = 0.5
"""Seconds after which a search is said to go on."""

TOLD_EVERY = 0.25

Listener = Callable[["Progress"], None]


class Progress:
    """How much of a selection has been searched. `note` is empty if all was; else it says why not.

    `arrived` bytes were searched, of them `searched` in order, in what was handed on; `hits` so far, the first of them
    in the row `first`. `gone`: a node that holds some of it was not there.
    """

    def __init__(
        self, within: Selection, seconds: float, listener: Listener | None = None, size: int | None = None
    ) -> None:
        self.size = sum(part.end - part.start for part in within) if size is None else size
        self.searched = self.arrived = self.hits = 0
        self.first = ""
        self.gone: NodeGone | None = None
        self._within = within
        self._seconds = seconds
        self._listener = listener
        self._left: set[int] = set()
        self._open: set[int] = set()
        self._missing = 0
        self._tell_at = time.monotonic() + FIRST_TOLD

    @property
    def hears(self) -> Callable[[Any], None] | None:
        """What is to be told each result as it comes; None where nobody listens."""
        return None if self._listener is None else self._hear

    def took(self, pieces: Pieces, result: Any) -> bool:
        """Whether there is a result for some pieces. All results come here, in order."""
        late = isinstance(result, SearchTimeout)
        if isinstance(result, NodeGone):
            self.gone = result
        got = 0 if late else result[-1]
        self.searched += got
        # A piece is searched from one line's start to another's: only up to a text's end do the bytes add up.
        self._open |= docs_of(pieces)
        self._missing += size_of(pieces) - got
        if isinstance(pieces, Bundle) or pieces[-1].end == pieces[-1].high:
            self._left |= self._open if self._missing else set()
            self._open, self._missing = set(), 0
        return not late

    def found(self, hits: int, first: str = "") -> None:
        """`hits` more; `first` is the row of one of them."""
        self.hits += hits
        self.first = self.first or first

    @property
    def first_place(self) -> str:
        """`app.log:12`; empty where there is none yet."""
        if not self.first:
            return ""
        span = hit_of(self.first).span
        return f"{span.doc}:{span.line}"

    @property
    def note(self) -> str:
        if self.searched >= self.size:
            return ""
        percent = int(100 * self.searched / self.size)
        why = self.gone.message.rstrip(".") if self.gone else f"stopped after {self._seconds:g} s"
        documents = len({part.doc for part in self._within})
        whole = f", {documents - len(self._left):,} of {documents:,} documents whole" if documents > 1 else ""
        return f"{why}: {percent} % of {size_text(self.size)} searched{whole}"

    def error(self, what: str, remedy: str, found: int | None = None) -> SearchTimeout:
        """Why a result that must be whole is none; `found`: how many there were so far."""
        so_far = "" if found is None else f"; {found:,} were found so far"
        if self.gone is not None:
            return NodeGone(f"{what} is not whole: {self.note}{so_far}.", self.gone.remedy)
        return SearchTimeout(f"{what} was {self.note}{so_far}.", remedy)

    def _hear(self, result: Any) -> None:
        self.arrived += result[-1]
        now = time.monotonic()
        if self._listener is not None and self.arrived < self.size and now >= self._tell_at:
            self._tell_at = now + TOLD_EVERY
            self._listener(self)


def of_bytes(done: int, size: int) -> str:
    """`120.0 of 840.0 MB`."""
    unit, name = (1e9, "GB") if size >= 1_000_000_000 else (1e6, "MB")
    return f"{done / unit:,.1f} of {size / unit:,.1f} {name}"


def size_text(count: int) -> str:
    return f"{count / 1_000_000:,.0f} MB" if count >= 10_000_000 else f"{count / 1000:,.0f} kB"
