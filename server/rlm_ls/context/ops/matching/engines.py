"""RE2's engines, and Python's own on a line. Only workers make them: RE2 holds the GIL while it compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from rlm_ls.context.ops.matching.alarm import interruptible
from rlm_ls.context.ops.matching.window import Spans, characters_to_bytes
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import BadPattern

MEMORY = 16 << 20
"""Bytes that RE2 may use for one pattern's program and its automata."""


def engine_of(text: str, ascii_only: bool) -> Any:
    """The RE2 engine of a pattern. It may have failed to compile: check `ok()`."""
    from re2 import _re2  # type: ignore[import-untyped]

    options = _re2.RE2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    if ascii_only:
        options.encoding = _re2.RE2.Options.Encoding.LATIN1
    return _re2.RE2(text.encode("utf-8", "surrogatepass"), options)


def checked_engine(text: str, ascii_only: bool, source: str) -> Any:
    """`engine_of` what `source` was translated to. Raises BadPattern."""
    engine = engine_of(text, ascii_only)
    if engine.ok():
        return engine
    reason = engine.error().decode("utf-8", "replace")
    if "repetition size" in reason:
        raise BadPattern(
            f"The pattern {source!r} repeats a repeat more than 1,000 times in all.", "Use * or +, or smaller numbers."
        )
    if "too large" in reason:
        raise BadPattern(
            f"The pattern {source!r} is too large when its repeats are written out.", "Use * or +, or smaller numbers."
        )
    raise BadPattern(f"The pattern {source!r} cannot be searched for in linear time ({reason}).", "Simplify it.")


@cache
def anywhere() -> Any:
    from re2 import _re2

    return _re2.RE2.Anchor.UNANCHORED


@cache
def at_start() -> Any:
    from re2 import _re2

    return _re2.RE2.Anchor.ANCHOR_START


def python_matches(
    pattern: re.Pattern[str], line: bytes, offset: int, deadline: Deadline, at: int = 0
) -> Iterator[Spans]:
    """The matches in a line from its byte `at` on; `offset` is added to all."""
    text = line.decode("utf-8", "replace")
    groups, begin = range(pattern.groups + 1), len(line[:at].decode("utf-8", "replace"))
    found: list[Spans] = []
    with interruptible(deadline):
        # In a list, so that the alarm can only ring in here.
        found.extend([match.span(group) for group in groups] for match in pattern.finditer(text, begin))
    place = characters_to_bytes(line, text, offset)
    for spans in found:
        yield [(place(start), place(end)) if start >= 0 else (-1, -1) for start, end in spans]
