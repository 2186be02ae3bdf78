"""A literal text in a window: by `bytes.find` where it is near, by RE2 where it is far, by `bytes.count` where it is
frequent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NEAR = 1 << 10
"""Bytes in which it is looked for at once: `bytes.find` is the quicker one to begin."""
FEW = 16
"""Found one by one before the others are counted."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`engine` is RE2's for the same text, which passes over what does not match three times as fast."""

    text: bytes
    engine: Any
    anywhere: Any

    def find(self, text: bytes, at: int) -> int:
        """Where it stands next, from `at` on; -1 if nowhere."""
        near = at + NEAR
        found = text.find(self.text, at, near)
        if found >= 0 or near >= len(text):
            return found
        if not self.text.isascii():
            return text.find(self.text, at)  # half a character may be looked for, which RE2 does not know
        begin = max(at, near - len(self.text) + 1)
        return int(self.engine.Match(self.anywhere, text, begin, len(text))[0][0])

    def count(self, text: bytes) -> int:
        count = at = 0
        while (found := self.find(text, at)) >= 0:
            count, at = count + 1, found + len(self.text)
            if count == FEW:
                return count + text.count(self.text, at)
        return count
