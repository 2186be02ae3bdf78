"""What a script printed: capped per print, cut at line ends, with the cut counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlm_ls.executors.prelude import PRINT_END

KEEP_ALL = 1 << 20
"""Characters of one print kept before its middle is dropped while it still streams in."""

MOST_HELD = 8 << 20
"""Characters of all prints together."""


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
class Printed:
    """Collects a script's output as it streams in. `limit` is characters a print, never less than one line's worth."""

    limit: int
    prints: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _held: int = 0
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
        self.prints.append(cap(text, self.limit))
        self._held += len(self.prints[-1])
        if len(self.prints) > 20_000 or self._held > MOST_HELD:
            # A loop that prints for ever: the ends are what a model reads.
            quarter = max(1, len(self.prints) // 4)
            del self.prints[quarter:-quarter]
            self._held = sum(map(len, self.prints))
        self._open, self._size, self._dropped = [], 0, 0

    def text(self) -> str:
        """All output so far, an unfinished print included."""
        if self._size:
            self._close()
        return "".join(self.prints)
