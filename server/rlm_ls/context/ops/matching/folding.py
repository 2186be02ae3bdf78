"""Text without accents: NFKD, combining marks left out. "Véra", "Vera" and "Ve\u0301ra" are then the same."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from rlm_ls.context.ops.matching.window import Window


def fold(text: str) -> str:
    """Without accents and compatibility forms; case stays."""
    if text.isascii():
        return text
    marks = _marks()
    # All marks are beyond Latin: only what is there is looked up.
    return _BEYOND_LATIN.sub(lambda run: run.group().translate(marks), unicodedata.normalize("NFKD", text))


_BEYOND_LATIN = re.compile("[\u0300-\U0001ffff]+")


@cache
def _marks() -> dict[int, None]:
    return {point: None for point in range(0x300, 0x20000) if unicodedata.combining(chr(point))}


class FoldedWindow(Window):
    """A window whose text is folded line by line, so that its lines are still those of the window it was made from."""

    __slots__ = ("_base", "_starts")

    def __init__(self, base: Window) -> None:
        text = base.text.decode("utf-8", "replace")
        super().__init__(base.start, fold(text).encode("utf-8"))
        self._base = base
        self._starts: list[tuple[int, int]] = []

    @property
    def verbatim(self) -> bool:
        return False

    def phantom(self, at: int) -> bool:
        return at == len(self.text) and self.text.endswith(b"\n")

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the Document whose folded form holds these. Not quick: for hits that are shown."""
        line_start = self.text.rfind(b"\n", 0, start) + 1
        number = self.text.count(b"\n", 0, line_start)
        base_start = self._line_start(number)
        base_end = self._base.text.find(b"\n", base_start)
        line = self._base.text[base_start : base_end if base_end >= 0 else len(self._base.text)].decode(
            "utf-8", "replace"
        )
        first, last = _unfold(line, start - line_start, end - line_start)
        return self._base.span(base_start + first, base_start + last)

    def _line_start(self, number: int) -> int:
        # Ascending questions: go on from the last answer.
        known, at = self._starts[-1] if self._starts and self._starts[-1][0] <= number else (0, 0)
        while known < number:
            at = self._base.text.find(b"\n", at) + 1
            known += 1
        self._starts = [(known, at)]
        return at


def _unfold(line: str, start: int, end: int) -> tuple[int, int]:
    """Bytes of `line` whose characters make up bytes `start` to `end` of its folded form."""
    at = made = 0
    first = last = -1
    for character in line:
        size = len(character.encode("utf-8"))
        made += len(fold(character).encode("utf-8"))
        if first < 0 and made > start:
            first = at
        at += size
        if made >= end and first >= 0 and last < 0:
            last = at
        elif last >= 0:
            if fold(character):
                break
            last = at  # a combining mark belongs to the character before it
    return (max(first, 0), last if last >= 0 else at)
