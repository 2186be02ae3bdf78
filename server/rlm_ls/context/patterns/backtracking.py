"""Python's `re` syntax, translated for PCRE2 with Python's meaning: what a linear engine cannot do.

Only a line at a time: then each class is written as the characters that Python puts in it, case is folded as Python
does, and what is looked at around a place ends at the line, since no class holds a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from rlm_ls.context.patterns.characters import Ranges, category, intersect
from rlm_ls.context.patterns.python_re import nodes as sre
from rlm_ls.context.patterns.translation import Parsed, Writer
from rlm_ls.errors import BadPattern

MOST_STEPS = 10_000
"""Steps of backtracking at one place: whoever needs more is left to Python's `re`, which an alarm can stop."""

_CAPTURES = re.compile(r"\((?!\?)")

_NO_SURROGATES: Ranges = ((0, 0xD7FF), (0xE000, 0x10FFFF))
_WORD = "CATEGORY_WORD"

_START = f"(*LIMIT_MATCH={MOST_STEPS})(*LF)"


_CHUNK = 1 << 12
"""Bytes given to an engine for any text at once: at each match it looks anew whether they are UTF-8."""


def backtracking(parsed: Parsed, *, ascii_only: bool) -> Any | None:
    """The pattern compiled by PCRE2, for bytes that are ASCII, or UTF-8. None where it might mean something else than
    in Python, or there is no PCRE2 here."""
    engine = _pcre2()
    if engine is None or parsed.tree is None:
        return None
    writer = _BacktrackingWriter(ascii_only=ascii_only, captures=True, multiline=False)
    try:
        text = writer.sequence(parsed.tree, parsed.flags)
    except (BadPattern, RecursionError):
        return None
    if writer.exact:
        return None
    try:
        flags = engine.NOFLAG if ascii_only else engine.UNICODE | engine.ASCII
        return engine.compile(f"{_START}{text}".encode(), flags, jit=True)
    except engine.LibraryError:  # too large, or a lookbehind that it does not take
        return None


class TooHard(Exception):
    """A place took more steps than are allowed, or more memory than there is."""


def every(engine: Any, text: bytes, at: int, lines: list[tuple[int, int]] | None = None) -> list[list[tuple[int, int]]]:
    """Every match from `at` on, with its groups, in lines that are ASCII or UTF-8; only in some `lines` of them, if
    they are given by start and end. Raises TooHard."""
    if lines is not None:
        return [
            _moved(spans, start)
            for start, end in lines
            if end >= at
            for spans in every(engine, text[start:end], max(0, at - start))
        ]
    groups = range(engine.groups + 1)
    found: list[list[tuple[int, int]]] = []
    with _told():
        for start, chunk in _chunks(engine, text, at):
            for match in engine.finditer(chunk, max(0, at - start)):
                if match.start() == len(chunk) and start + len(chunk) < len(text):
                    continue  # behind a line end: the next chunk's
                found.append(_moved([match.span(group) for group in groups], start))
    return found


def _moved(spans: list[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    return [(start + by, end + by) if start >= 0 else (start, end) for start, end in spans] if by else spans


def first(engine: Any, text: bytes, at: int) -> tuple[int, int] | None:
    """The first match from `at` on. Raises TooHard."""
    with _told():
        for start, chunk in _chunks(engine, text, at):
            match = engine.search(chunk, max(0, at - start))
            if match is not None and (match.start() < len(chunk) or start + len(chunk) == len(text)):
                return match.start() + start, match.end() + start
    return None


def _chunks(engine: Any, text: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, from the one of `at` on, and where they start. No match crosses a line."""
    if not engine.flags:
        yield 0, text
        return
    start, size = text.rfind(b"\n", 0, at) + 1, len(text)
    while start < size or start == at:
        end = text.find(b"\n", min(start + _CHUNK, size)) + 1 or size
        yield start, text[start:end]
        start = max(end, start + 1)


@contextmanager
def _told() -> Iterator[None]:
    engine = _pcre2()
    assert engine is not None
    try:
        yield
    except (engine.LibraryError, MemoryError):
        raise TooHard from None


class _BacktrackingWriter(Writer):
    """`exact` is why the meaning might differ."""

    @staticmethod
    def escape(point: int) -> str:
        return f"\\x{point:02x}" if point < 0x100 else chr(point)

    def characters(self, ranges: Ranges) -> str:
        # UTF-8 has no surrogates, and a pattern cannot name them.
        return super().characters(ranges if self.ascii_only else intersect(ranges, _NO_SURROGATES))

    def no_character(self) -> str:
        return "(*FAIL)"  # PCRE2 finds characters in a class of none

    def possessive(self, value: tuple[int, Any, Any], flags: int) -> str:
        return self._kept(self.repeat(value, flags, "+"))

    def atomic(self, body: Any, flags: int) -> str:
        return self._kept(f"(?>{self.sequence(body, flags)})")

    def _kept(self, text: str) -> str:
        """Python 3.11 loses its way among groups within what is not gone back into (“please report a bug”)."""
        if _CAPTURES.search(text):
            self.exact = self.exact or "it captures within what is not gone back into"
        return text

    def at(self, where: Any, flags: int) -> str:
        if where is not sre.AT_BOUNDARY:
            return super().at(where, flags)
        if self.ascii_only or flags & re.ASCII:
            return r"\b"
        word = self.characters(category(_WORD, ascii_only=False))
        return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"

    def look(self, value: tuple[int, Any], flags: int) -> str:
        return self._around(value, flags, "=")

    def look_not(self, value: tuple[int, Any], flags: int) -> str:
        return self._around(value, flags, "!")

    def _around(self, value: tuple[int, Any], flags: int, sign: str) -> str:
        direction, body = value
        return f"(?{'<' if direction < 0 else ''}{sign}{self.sequence(body, flags)})"

    def reference(self, number: int, flags: int) -> str:
        if flags & re.IGNORECASE and not self.ascii_only:
            self.exact = self.exact or "it compares letters with what they were, whatever their case"
        return f"(?i:\\g{{{number}}})" if flags & re.IGNORECASE else f"\\g{{{number}}}"

    def conditional(self, value: tuple[int, Any, Any], flags: int) -> str:
        number, yes, no = value
        return f"(?({number}){self.sequence(yes, flags)}|{self.sequence(no or [], flags)})"


@cache
def _pcre2() -> Any | None:
    try:
        import pcre2  # type: ignore[import-untyped]
    except ImportError:
        return None
    return pcre2
