"""Converts what a script or a caller passes to JSON data within bounds: how many values, how deep, how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlm_ls.errors import ProgramError

BITS = 1024
"""Of an integer. A longer one is no number that a reader of JSON takes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`values` counts every item and key, `characters` those of all strings together."""

    values: int
    characters: int
    depth: int


DATA = Bounds(values=30_000, characters=1_000_000, depth=64)
"""What `submit` may pass, and what a reply may hold."""
SCHEMA = Bounds(values=5_000, characters=100_000, depth=64)


def plain(value: Any, bounds: Bounds, what: str) -> Any:
    """Tuples and sets become lists, Spans their place, keys text, anything else its text.

    Raises ProgramError for what is larger than `bounds`; `what` names it to the model.
    """
    return _Walk(bounds, what).of(value, 0)


class _Walk:
    def __init__(self, bounds: Bounds, what: str) -> None:
        self._bounds = bounds
        self._what = what
        self._values = bounds.values
        self._characters = bounds.characters

    def of(self, value: Any, depth: int) -> Any:
        self._values -= 1
        if self._values < 0:
            raise ProgramError(f"{self._what} holds more than {self._bounds.values:,} values.", "Pass less.")
        if depth > self._bounds.depth:
            raise ProgramError(f"{self._what} is nested more than {self._bounds.depth} levels deep.", "Pass it flat.")
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._whole(value)
        if isinstance(value, float):
            return value if value == value and abs(value) != float("inf") else str(value)
        if (fields := getattr(value, "attributes", None)) is not None:  # an object of the sandbox
            if "doc" in fields and "line" in fields:
                return f"{self._key(fields['doc'])}:{self._key(fields['line'])}"
            return self.of(dict(fields), depth)
        if isinstance(value, dict):
            return {self._key(key): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (set, frozenset)):
            return sorted((self.of(item, depth + 1) for item in value), key=str)
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth + 1) for item in value]
        return self._text(str(value))

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return self._text(key)
        return self._text(str(self.of(key, 0)))

    def _whole(self, value: int) -> int:
        if value.bit_length() > BITS:
            raise ProgramError(f"{self._what} holds an integer of {value.bit_length():,} bits.", "Pass it as text.")
        return value

    def _text(self, text: str) -> str:
        self._characters -= len(text)
        if self._characters < 0:
            raise ProgramError(f"{self._what} holds more than {self._bounds.characters:,} characters.", "Pass less.")
        return well_formed(text)


def well_formed(text: str) -> str:
    """Without halves of characters (lone surrogates), which no file, wire or sandbox takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
