"""What a script printed: capped per print, cut at line ends, with the cut counted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import groupby

from rlm_ls.executors.scripts.prelude import PRINT_END

KEEP_ALL = 1 << 20
"""Characters of one print kept before its middle is dropped while it still streams in; and of all prints together."""
RUN = 1_000
"""Characters below which a print has no share of its own: a loop prints a line at a time."""
EACH = 50
"""Characters that a print counts for beside its own."""


def cap(text: str, limit: int) -> str:
    """`text` within about `limit` characters: head and tail kept at line ends, the middle counted."""
    if len(text) <= limit:
        return text
    head_room, tail_room = limit * 2 // 3, limit // 3
    head, tail = text[:head_room], text[-tail_room:]
    middle = len(text) - len(head) - len(tail)
    if (end := head.rfind("\n")) > head_room // 2:
        middle += len(head) - end - 1
        head = head[: end + 1]
    if 0 <= (start := tail.find("\n")) < tail_room // 2:
        middle += start + 1
        tail = tail[start + 1 :]
    lines = text.count("\n", len(head), len(text) - len(tail))
    joint = "" if head.endswith("\n") else "\n"
    return f"{head}{joint}[… {lines:,} lines, {middle:,} characters cut …]\n{tail}"


@dataclass(slots=True)
class CapturedOutput:
    """Collects a script's output as it streams in. `limit` is characters a print, never less than one line's worth.

    Of endless prints the first and the last are kept: the ends are what a model reads.
    """

    limit: int
    first: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=deque)
    _room: int = KEEP_ALL // 2
    _kept_last: int = 0
    _left_out: int = 0
    _open: list[str] = field(default_factory=list)
    _size: int = 0
    _dropped: int = 0

    def write(self, _stream: str, text: str) -> None:
        """Called by the sandbox, perhaps from another thread, with any piece of the output."""
        *closed, rest = text.split(PRINT_END)
        for piece in closed:
            self._add(piece)
            self._close()
        self._add(rest)

    def _add(self, piece: str) -> None:
        room = KEEP_ALL - self._size
        self._dropped += max(0, len(piece) - room)
        self._open.append(piece[:room] if room > 0 else "")
        self._size += len(piece)

    def _close(self) -> None:
        text = "".join(self._open)
        if self._dropped:
            text += f"\n[… {self._dropped:,} characters cut …]\n"
        self._keep(cap(text, self.limit))
        self._open, self._size, self._dropped = [], 0, 0

    def _keep(self, text: str) -> None:
        if self._room > 0:
            self.first.append(text)
            # A little for the print itself: empty ones fill memory too.
            self._room -= len(text) + EACH
            return
        self.last.append(text)
        self._kept_last += len(text) + EACH
        while self._kept_last > KEEP_ALL // 2:
            self._kept_last -= len(self.last.popleft()) + EACH
            self._left_out += 1

    def text(self) -> str:
        """All output so far, an unfinished print included."""
        return "".join(self.pieces())

    def pieces(self) -> tuple[str, ...]:
        """The same, print by print; short ones after one another are one."""
        if self._size:
            self._close()
        joint = [f"[… {self._left_out:,} prints cut …]\n"] if self._left_out else []
        pieces = [*self.first, *joint, *self.last]
        # Short ones in a row, as a loop prints them, are one: cut once, and not each for itself.
        return tuple(
            text
            for short, some in groupby(pieces, key=lambda piece: len(piece) < RUN)
            for text in (["".join(some)] if short else some)
        )
