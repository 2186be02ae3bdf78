"""Excerpts: lines around a place, cut to a size at which those of any text can be shown."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_ls.context.ops.places import Want, nth_line
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.ops.structure.logtimes import time_in
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File
from rlm_ls.visible import visible

CUT = "…"
"""Where a line goes on that is too long to be shown."""

Column = tuple[int, int]
"""A place in an excerpt: the index of its line, and characters before it on that line as it is shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines as they are shown, control characters as escapes. `focus` is where the bytes that it is about stand among
    them, None if they do not; `timed`: the first of those lines begins with a time."""

    lines: tuple[str, ...]
    focus: tuple[Column, Column] | None
    timed: bool


def around(
    deadline: Deadline, file: File, first: Want, count: int, focus: tuple[int, int], width: int, room: int
) -> Shown:
    """At most `count` lines from a want on, and at most `room` bytes of them; of a long line `width` bytes, around
    the focus (start and end, in bytes of the text) where that is on it."""
    with opened(file) as reader:
        shown: list[str] = []
        begin: Column | None = None
        end: Column | None = None
        timed = False
        at = nth_line(reader, *first)
        while len(shown) < count and room > 0 and not deadline.late():
            stop = reader.line_end(at, reader.size)
            line = _Line(reader, at, stop, focus[0], width)
            if at <= focus[0] <= stop:
                timed = time_in(reader.peek(at, min(stop, at + width)))
            if focus[0] <= stop and (at < focus[1] or at <= focus[0]):
                begin = begin or (len(shown), line.column(max(focus[0], at)))
                end = (len(shown), line.column(min(max(focus), stop)))
            shown.append(line.text)
            room -= len(line.text.encode("utf-8", "replace")) + 1
            at = reader.next_line(stop + 1, reader.size)
            if at >= reader.size:
                break
        return Shown(tuple(shown), None if begin is None or end is None else (begin, end), timed)


class _Line:
    """Bytes `start` to `stop` of a text as they are shown: a window around byte `focus` if they are too many."""

    def __init__(self, reader: Reader, start: int, stop: int, focus: int, width: int) -> None:
        self._reader = reader
        low = max(start, min(focus - width // 4, stop - width)) if start <= focus <= stop else start
        self._low, self._high = low, min(stop, low + width)
        self._mark = CUT if low > start else ""
        self.text = self._mark + self._words(low, self._high) + (CUT if self._high < stop else "")

    def column(self, at: int) -> int:
        if at <= self._low:
            return 0 if not self._mark else len(self._mark)
        return len(self._mark) + len(self._words(self._low, min(at, self._high)))

    def _words(self, start: int, stop: int) -> str:
        # A character that is cut in the middle is left out; the text itself is UTF-8 throughout.
        return visible(self._reader.peek(start, stop).decode("utf-8", "ignore"))
