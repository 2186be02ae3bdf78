"""Compiled patterns, and running them over windows of text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any

from rlm_ls.context.ops.matching.alarm import interruptible
from rlm_ls.context.ops.matching.engines import anywhere, at_start, checked_engine, engine_of, python_matches
from rlm_ls.context.ops.matching.literal import Literal, lines_from
from rlm_ls.context.ops.matching.window import Spans, Window, characters_to_bytes
from rlm_ls.context.patterns import backtracking
from rlm_ls.context.patterns.linear import Found, doubt, plain, wide
from rlm_ls.context.patterns.required import required
from rlm_ls.context.patterns.translation import Parsed, parse, translate
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import BadPattern

LEAP = 32
"""Lines counted in one call of the engine where most of them match. More would be a larger automaton, and as quick."""

MOST_LEAPING = 100
"""Instructions of a program that may be written `LEAP` times over."""

LINE_SECONDS, BYTE_SECONDS = 10e-6, 10e-9
"""Seconds that one leap may take for each line and byte: several times what line by line takes. A slower one means that
the automaton is too large."""

SPARE_SECONDS = 0.02
"""For an automaton to be built in."""

RARELY = 1 << 12
"""Bytes for each match, on average, from which on they are not many."""

Raw = bytes | tuple[bytes | None, ...]
"""What one match captures: a text, or of a pattern with several groups a row (None: the group took no part)."""


class CompiledPattern:
    """One pattern, ready to run. Engines are compiled when first needed: ASCII or any text, with groups or without."""

    def __init__(self, parsed: Parsed, multiline: bool) -> None:
        self.parsed = parsed
        self.multiline = multiline
        self.groups = parsed.groups
        literal = parsed.literal or ""
        self.literal = b"" if "\n" in literal and not multiline else literal.encode("utf-8", "surrogatepass")
        """The text to search for where the pattern is nothing but a literal text; else empty."""
        held, self._begins = (self.literal, True) if self.literal or multiline else required(parsed)
        self._held = Literal(held) if held else None
        """What every match holds: where it is rare the engines see only the lines that hold it."""
        self._engines: dict[tuple[bool, bool], Any] = {}
        self._python: re.Pattern[str] | None = None
        self._leaps: dict[bool, Any] = {}
        self._spare = SPARE_SECONDS
        """Seconds that leaps may still take longer than expected. When none are left, the pattern is matched line by
        line."""
        self._wide: dict[Found, re.Pattern[bytes] | None] = {}
        self._doubt: re.Pattern[bytes] | None = None
        self._lately = False
        """Whether there were many in what was last taken by one call."""
        self._judged = b""
        self._whole = False
        self._values: list[Raw] | None = None
        """Of the text that was `_judged`, where that came of judging it."""
        first = self._translation(True, False)
        self.exact, self.boundary = first.exact, first.boundary
        self._engine(True, False)
        self._plain = None if multiline or self.exact else plain(parsed)
        self._backtracking: dict[bool, Any | None] = {}
        """PCRE2, for what RE2 cannot decide: for ASCII, for any text. None from the first text on that is too hard."""

    @property
    def prefers_ascii(self) -> bool:
        """Whether windows that are pure ASCII are much quicker: then a few other lines had better stand apart."""
        return not self.literal and (bool(self.exact) or self.boundary or self._plain is not None)

    def values(self, window: Window, deadline: Deadline) -> Iterable[Raw]:
        """What each match captures, as re.findall has it: the match, its group, or of several groups a row.

        A group that took no part is left out where it is the only one, and None in a row.
        """
        if self._plain is not None and self.lines(window) is None and self.takes_whole(window):
            known = self._values if window.text is self._judged else None
            found: list[Raw] = self._plain.findall(window.text) if known is None else known
            return found
        return self.captured(window.text, self.matches(window, deadline))

    def captured(self, text: bytes, matches: Iterable[Spans]) -> Iterator[Raw]:
        """`values` of the matches in `text`."""
        if self.groups > 1:
            return (tuple(text[start:end] if start >= 0 else None for start, end in spans[1:]) for spans in matches)
        group = 1 if self.groups else 0
        return (text[start:end] for spans in matches for start, end in (spans[group],) if start >= 0)

    def matches(self, window: Window, deadline: Deadline, at: int = 0, captures: bool = True) -> Iterator[Spans]:
        """Every match at `at` or later, in order, as Python's finditer finds them on each line (or on the text)."""
        if not window.is_piece:
            yield from self._matches(window, deadline, at, captures)
            return
        for spans in self._matches(window, deadline, max(at, window.begin), captures):
            if spans[0][0] >= window.own:
                return
            yield spans
            window.resume = spans[0][1]

    def places(self, window: Window) -> list[int] | None:
        """Where the text that every match holds stands, if there is one and it is rare; else None."""
        return None if self._held is None else self._held.places(window.text)

    def lines(self, window: Window) -> list[tuple[int, int]] | None:
        """Start and end of the only lines that may hold a match; None where they are not known, or many."""
        return None if self._held is None or self.multiline else self._held.lines(window.text)

    def _stretches(self, window: Window, at: int) -> Iterable[tuple[int, int]]:
        """Where matches may be, from `at` on: in some lines, or anywhere."""
        lines = self.lines(window)
        return ((at, len(window.text)),) if lines is None else lines_from(lines, at)

    def _matches(self, window: Window, deadline: Deadline, at: int, captures: bool) -> Iterator[Spans]:
        simple = self._plain if captures else None  # to count them few are looked at
        if simple and (self.takes_whole(window) if self.lines(window) is None else window.ascii):
            for start, end in self._stretches(window, at):
                yield from (list(match.regs) for match in simple.finditer(window.text, start, end))
        elif captures and self.mixed(window):
            yield from self._apart(window, deadline, at)
        elif not self._decided_by_python(window):
            yield from self._linear(window, deadline, at, captures)
        elif (found := self._backtracked(window, at, captures)) is not None:
            yield from found
        elif self.multiline:
            for spans in python_matches(self._compiled(), window.text, 0, deadline, at):
                if spans[0][0] < spans[0][1] or not window.phantom(spans[0][0]):
                    yield spans
        else:
            for start, end in self._candidates(window, at):
                if deadline.late():
                    return
                line = window.text[start:end]
                yield from python_matches(self._compiled(), line, start, deadline, max(0, at - start))

    def mixed(self, window: Window) -> bool:
        """Whether a few of its lines are not ASCII, and the others had better be taken apart from them."""
        if window.ascii or window.is_piece or self.multiline or self.literal or self.exact:
            return False
        quicker = (self.boundary or self._plain is not None) and self.lines(window) is None
        return quicker and not self.takes_whole(window) and window.mixed

    def _apart(self, window: Window, deadline: Deadline, at: int) -> list[Spans]:
        """The matches in lines that are ASCII, all found as if the whole window were, and those in the others, found
        side by side."""
        plain, others = window.as_ascii(), window.others()
        found = [spans for spans in self._matches(plain, deadline, at, True) if window.in_ascii(spans[0][0])]
        for one in self._matches(others.window, deadline, 0, True):
            spans = others.moved(one)
            start, end = spans[0]
            if start >= at and (start < end or not window.phantom(start)):
                found.append(spans)
        found.sort()
        return found

    def first(self, window: Window, deadline: Deadline, at: int = 0) -> tuple[int, int] | None:
        """The first match that starts at `at` (a line start) or later. For patterns that stay within a line."""
        found = self._first(window, deadline, max(at, window.begin))
        return found if found is None or found[0] < window.own else None

    def _first(self, window: Window, deadline: Deadline, at: int) -> tuple[int, int] | None:
        if self.literal and self._held is not None:
            found = self._held.find(window.text, at)
            return (found, found + len(self.literal)) if found >= 0 else None
        if not self._decided_by_python(window):
            return self._first_linear(window, at)
        if self._backtracks(window):
            try:
                return self._first_backtracked(window, at)
            except backtracking.TooHard:
                self._backtracking[window.ascii] = None
        for start, end in self._candidates(window, at):
            if deadline.late():
                return None
            line = window.text[start:end]
            text = line.decode("utf-8", "replace")
            with interruptible(deadline):
                match = self._compiled().search(text, len(line[: max(0, at - start)].decode("utf-8", "replace")))
            if match is not None and not deadline.stopped:
                place = characters_to_bytes(line, text, start)
                return place(match.start()), place(match.end())
        return None

    def _first_linear(self, window: Window, at: int) -> tuple[int, int] | None:
        engine, anchor = self._engine(window.ascii, False), anywhere()
        for begin, stop in self._stretches(window, at):
            while begin <= stop:
                start, end = engine.Match(anchor, window.text, begin, stop)[0]
                if start < 0:
                    break
                if start < end or not window.phantom(start):
                    return start, end
                begin = start + 1
        return None

    def held(self, window: Window) -> int | None:
        """How many lines hold a match, where the only ones that may are few; else None."""
        if self._decided_by_python(window) or window.is_piece or (places := self.places(window)) is None:
            return None
        text, match, anchor = window.text, self._engine(window.ascii, False).Match, anywhere()
        wide = self._wide_engine("lines") if self._begins and not self.literal else None
        if wide is None or self._doubt is not None:
            lines = self.lines(window) or ()
            return len(lines) if self.literal else sum([match(anchor, text, *line)[0][0] >= 0 for line in lines])
        count = done = 0
        for place in places:
            if place < done or (found := wide.match(text, place)) is None:
                continue
            done = found.end()  # that of the line
            count += bool(window.ascii or found[1].isascii() or match(anchor, text, place, done)[0][0] >= 0)
        return count

    def count(self, window: Window, deadline: Deadline) -> int:
        """How many matches there are."""
        if self.literal and self._held is not None and not window.is_piece:
            return self._held.count(window.text)
        return sum(1 for _ in self.matches(window, deadline, captures=False))

    def starts(self, window: Window, deadline: Deadline) -> Iterator[int]:
        """Where each match starts."""
        if self._plain is not None and window.ascii and not window.carriage and not window.is_piece:
            return (match.start() for match in self._plain.finditer(window.text))
        return (spans[0][0] for spans in self.matches(window, deadline, captures=False))

    def dense(self, window: Window, at: int, lines: bool) -> int | None:
        """How many matches (or `lines` that hold one) there are from the line start `at` on, by one call. None if this
        pattern, or this window, is not for that."""
        found: list[Any] | None = None
        if self._plain is not None and not (window.carriage or window.is_piece):
            found = self._found_wide("lines" if lines else "count", window, at)
            found = self._plain.findall(window.text, at) if found is None and window.ascii and not lines else found
        self._lately = found is not None and len(found) * RARELY > len(window.text) - at
        return None if found is None else len(found)

    def dense_again(self, window: Window, lines: bool) -> int | None:
        """`dense` for all of the window, where they were many in the one before: then they are in most that follow."""
        return self.dense(window, 0, lines) if self._lately else None

    def _found_wide(self, what: Found, window: Window, at: int) -> list[Raw] | None:
        engine = self._wide_engine(what)
        if engine is None or (self._doubt is not None and not window.ascii and self._doubt.search(window.text, at)):
            return None
        found: list[Any] = engine.findall(window.text, at)
        every = chain.from_iterable(found) if what == "values" and self.groups > 1 else found
        return found if window.ascii or b"".join(every).isascii() else None

    def _wide_engine(self, what: Found) -> re.Pattern[bytes] | None:
        if what not in self._wide:
            self._wide[what] = wide(self.parsed, what)
            self._doubt = doubt(self.parsed)
        return self._wide[what]

    def takes_whole(self, window: Window) -> bool:
        """Whether matches in this window are those in its bytes, by one call: also where lines are not ASCII, if none
        comes near what is not. What holds of the window holds of any of its lines, should a filter leave few."""
        if self._plain is None or window.is_piece or window.ascii:
            return self._plain is not None and not window.is_piece
        if window.text is not self._judged:
            tells = self._wide_engine("values") is not None and not window.carriage
            self._judged, self._values = window.text, self._found_wide("values", window, 0) if tells else None
            bytewise = self._values if tells or window.carriage else self._found_wide("matches", window, 0)
            self._whole = bytewise is not None
        return self._whole

    def leap(self, window: Window) -> Callable[[int], int] | None:
        """From a line start of `window.text` on, where the `LEAP`th line that holds a match ends; 0 if there are not
        so many left, or where the text is not UTF-8. None if this pattern, or this window, must be taken line by line.

        It is one pattern for that many lines, with nothing to choose: each part of it takes whole lines, the last of
        which holds a match, and prefers to take few.
        """
        unfit = self.multiline or window.carriage or window.is_piece or self._decided_by_python(window)
        if unfit or self._spare < 0:
            return None
        if window.ascii not in self._leaps:
            self._leaps[window.ascii] = self._leaping(window.ascii)
        engine = self._leaps[window.ascii]
        if engine is None:
            return None
        match, anchor, text, size = engine.Match, at_start(), window.text, len(window.text)

        def leap(at: int) -> int:
            if self._spare < 0:
                return 0
            began = time.thread_time()
            end: int = match(anchor, text, at, size)[0][1]
            fair = LINE_SECONDS * LEAP + BYTE_SECONDS * (end - at) if end > 0 else BYTE_SECONDS * (size - at)
            self._spare = min(SPARE_SECONDS, self._spare + fair - (time.thread_time() - began))
            return max(0, end)

        return leap

    def _leaping(self, ascii_only: bool) -> Any | None:
        if self._engine(ascii_only, False).ProgramSize() > MOST_LEAPING:
            return None
        text = self._translation(ascii_only, False).pattern
        engine = engine_of(rf"(?:(?s:.)*?(?:{text})[^\n]*\n){{{LEAP}}}", ascii_only)
        return engine if engine.ok() else None

    def _decided_by_python(self, window: Window) -> bool:
        return bool(self.exact) or (self.boundary and not window.ascii)

    def _backtracks(self, window: Window, every: bool = False) -> bool:
        """Whether PCRE2 is for this window. Where it is only for a boundary, it pays if `every` match is wanted."""
        if not (self.exact or every) or self.multiline or window.is_piece or not window.utf8:
            return False
        if window.ascii not in self._backtracking:
            self._backtracking[window.ascii] = backtracking.backtracking(self.parsed, ascii_only=window.ascii)
        return self._backtracking[window.ascii] is not None

    def _backtracked(self, window: Window, at: int, captures: bool) -> list[Spans] | None:
        """The matches by PCRE2: none is handed out before all are known to be found. None where it is not for this."""
        if not self._backtracks(window, captures):
            return None
        engine, lines = self._backtracking[window.ascii], self.lines(window)
        try:
            found = backtracking.every(engine, window.text, at, lines)
        except backtracking.TooHard:
            self._backtracking[window.ascii] = None
            return None
        return [spans for spans in found if spans[0][0] < spans[0][1] or not window.phantom(spans[0][0])]

    def _first_backtracked(self, window: Window, at: int) -> tuple[int, int] | None:
        while at <= len(window.text):
            found = backtracking.first(self._backtracking[window.ascii], window.text, at)
            if found is None or found[0] < found[1] or not window.phantom(found[0]):
                return found
            at = found[0] + 1
        return None

    def _linear(self, window: Window, deadline: Deadline, at: int, captures: bool) -> Iterator[Spans]:
        text, match, anchor = window.text, self._engine(window.ascii, captures and self.groups > 0).Match, anywhere()
        seen = 0
        for begin, stop in self._stretches(window, at):
            while begin <= stop:
                spans: Spans = match(anchor, text, begin, stop)
                start, end = spans[0]
                if start < 0:
                    break
                if start < end:
                    begin = end
                    yield spans
                else:
                    begin = end + 1
                    while begin < stop and text[begin] & 0xC0 == 0x80:
                        begin += 1
                    if not window.phantom(end):
                        yield spans
                seen += 1
                if seen % 64 == 0 and deadline.late():
                    return

    def _candidates(self, window: Window, at: int) -> Iterator[tuple[int, int]]:
        """Lines (without their ends) that RE2 thinks may match."""
        text, size = window.text, len(window.text)
        engine, anchor = self._engine(window.ascii, False), anywhere()
        for begin, stop in self._stretches(window, at):
            while begin <= stop and (found := engine.Match(anchor, text, begin, stop)[0][0]) >= 0:
                start = text.rfind(b"\n", 0, found) + 1
                end = text.find(b"\n", found)
                end = size if end < 0 else end
                if start < end or not window.phantom(start):
                    yield start, end
                begin = end + 1

    def _compiled(self) -> re.Pattern[str]:
        if self._python is None:
            # `$` of a single line is its end in any mode; with several lines it is the end of each.
            try:
                self._python = re.compile(self.parsed.source, self.parsed.flags)
            except (re.error, RecursionError, OverflowError) as error:
                raise BadPattern(f"The pattern {self.parsed.source!r} is invalid: {error}.", "Simplify it.") from None
        return self._python

    def _translation(self, ascii_only: bool, captures: bool) -> Any:
        return translate(self.parsed, ascii_only=ascii_only, captures=captures, multiline=self.multiline)

    def _engine(self, ascii_only: bool, captures: bool) -> Any:
        engine = self._engines.get((ascii_only, captures))
        if engine is None:
            text = self._translation(ascii_only, captures).pattern
            engine = self._engines[ascii_only, captures] = checked_engine(text, ascii_only, self.parsed.source)
        return engine


@lru_cache(maxsize=64)
def compile_pattern(pattern: str, ignore_case: bool = False, multiline: bool = False) -> CompiledPattern:
    """The compiled pattern. Raises BadPattern."""
    return CompiledPattern(parse(pattern, ignore_case, multiline), multiline)
