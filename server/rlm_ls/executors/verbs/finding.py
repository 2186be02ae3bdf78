"""Verbs that find lines and matches."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import FailFast, Field

from rlm_ls.context.document import Part, Selection
from rlm_ls.context.ops.fields.filtering import field_filter
from rlm_ls.context.ops.matching.find import MOST_WORDS
from rlm_ls.context.search.region import is_glob
from rlm_ls.context.search.rows import Found, windowed
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.crossing import Rows
from rlm_ls.executors.scripts.host import VerbHost, parts_text
from rlm_ls.executors.verbs.line_ends import tell_of_lines
from rlm_ls.executors.verbs.registry import FieldName, Pattern, verb

LEADING_FLAGS = re.compile(r"\(\?([aimsux]+)\)")
LIKE_A_PATTERN = re.compile(r"\\[dDwWsSbB.]|\.[*+?]|\(\?|\w\|\w|\[[^\]\s]*\][*+?{]|\[\^|^\^\w|\w\$$")
MAX_HITS = 50_000
"""Most hits one call may hand to a script; counting verbs have no such limit."""


MOST_CONTEXT = 1000
"""Lines before a hit, and after it."""

LEAST_SECONDS = 1.0
"""For reading the lines around hits, of which the search itself has left no time."""

Words = Annotated[list[Pattern], Field(max_length=MOST_WORDS), FailFast()]


@verb(returns="list[Span]", shape="spans", everyday=6)
async def find(
    host: VerbHost,
    text: Pattern,
    within: Any = None,
    ignore_case: bool = False,
    fold: bool = False,
    context: int = 0,
    width: int = 0,
    limit: int = 50,
) -> Rows:
    """lines with the phrase, else most of its words

    fold=True ignores accents and how wide blanks are.

    `context` adds that many lines around to .text; with `width`, .text has only so many characters of a long line,
    around the hit. Case matters unless ignore_case=True. At most `limit` Spans come back; a cut result says how many
    there are.
    """
    if not text.strip():
        raise ProgramError("find() needs some text.", "To see lines, use lines(1, 20, doc) or sample(20).")
    begun = time.monotonic()
    try:
        selection = await host.select(within)
    except ProgramError as error:
        if isinstance(within, str) and "\n" not in within and not is_glob(within):
            raise ProgramError(
                error.message, "find takes one text, then within; find_any([a, b]) looks for several."
            ) from None
        raise
    found = await host.search.find(text, selection, ignore_case=ignore_case, fold=fold, limit=_bounded(limit))
    call = f"find({text!r})"
    if (found.words or not found.total) and LIKE_A_PATTERN.search(text):
        host.note(f"{call}: no line has this as it stands; regex() takes patterns")
    elif found.words and found.total:
        host.note(f"{call}: no line has the phrase; {found.total:,} have words of it, the best first")
    elif " " in text.strip() and found.total:
        host.note(f"{call}: {found.total:,} line{'s have' if found.total > 1 else ' has'} the phrase")
    return await _hand_over(host, call, found, context, begun, width)


@verb(returns="list[Span]", shape="spans")
async def find_any(
    host: VerbHost, words: Words, within: Any = None, ignore_case: bool = False, limit: int = 50
) -> Rows:
    """Every occurrence of any of many literal words, in one pass over the text; each hit's .word says which."""
    wanted = [word for word in words if word]
    if not wanted:
        raise ProgramError("find_any() needs at least one word.")
    found = await host.search.find_any(
        wanted, await host.select(within), ignore_case=ignore_case, limit=_bounded(limit)
    )
    return await _hand_over(host, f"find_any({len(wanted)} words)", found)


@verb(returns="list[Span]", shape="spans", everyday=7)
async def regex(
    host: VerbHost,
    pattern: Pattern,
    within: Any = None,
    ignore_case: bool = False,
    multiline: bool = False,
    context: int = 0,
    width: int = 0,
    limit: int = 50,
) -> Rows:
    """a Span a match

    .groups is a tuple, .match what matched.

    Patterns are matched line by line, so ^ and $ are the ends of a line; multiline=True lets a match cross lines
    (. still stops at a line end unless (?s)). groups[0] is the first group; a group that took no part is None.
    `context` adds that many lines around to .text; with `width`, .text has only so many characters of a long line,
    around the match. Case matters unless ignore_case=True.
    """
    begun = time.monotonic()
    found = await host.search.regex(
        pattern, await host.select(within), ignore_case=ignore_case, multiline=multiline, limit=_bounded(limit)
    )
    if not found.total:
        tell_of_lines(host, f"regex({pattern!r})", pattern, multiline=multiline)
    return await _hand_over(host, f"regex({pattern!r})", found, context, begun, width)


@verb(returns="Selection", shape="selection", everyday=12)
async def filter_(
    host: VerbHost,
    pattern: Pattern,
    within: Any = None,
    ignore_case: bool = False,
    keep: bool = True,
    field: FieldName | None = None,
) -> tuple[str, str]:
    """a Selection

    Lines that match, or with keep=False do not.

    Lazy: the search that uses it as `within` does the work. filter("error", field="level"): lines whose JSON or logfmt
    field matches; of these find and regex give Spans.
    """
    selection = await host.select(within)
    if ignore_case:
        flags = LEADING_FLAGS.match(pattern)
        pattern = f"(?i{flags[1]}){pattern[flags.end() :]}" if flags else f"(?i){pattern}"
    # An invalid pattern is better refused here than at its first use: try it on one byte.
    await host.search.count(pattern, tuple(Part(p.doc, p.start, min(p.end, p.start + 1)) for p in selection[:1]))
    asked = pattern
    if field is not None:
        unknown = await host.search.unknown(field, selection)
        host.note(f"filter(): {unknown}" if unknown else "")
        asked = field_filter(field, pattern)
    parts = await asyncio.to_thread(_filtered, selection, asked, keep)
    where = "" if field is None else f" in {field}"
    return f"lines {'' if keep else 'not '}matching {pattern!r}{where}", parts


def _filtered(selection: Selection, pattern: str, keep: bool) -> str:
    return parts_text(tuple(Part(p.doc, p.start, p.end, (*p.filters, (pattern, keep))) for p in selection))


def _bounded(limit: int) -> int:
    if limit < 1:
        raise ProgramError("limit must be at least 1.", "count() counts without handing over spans.")
    return min(limit, MAX_HITS)


async def _hand_over(
    host: VerbHost, call: str, found: Found, context: int = 0, begun: float = 0.0, width: int = 0
) -> Rows:
    shown = len(found.rows)
    if shown < found.total:
        total = f"at least {found.total:,}" if found.partial else f"{found.total:,}"
        most = "; one call returns no more: use extract, count, top or stats" if shown >= MAX_HITS else ""
        host.note(f"{call}: {shown:,} of {total}{most}")
    host.note(f"{call}: {found.partial}" if found.partial else "")
    host.note(f"{call}: {found.hint}" if found.hint else "")
    host.read |= found.docs
    rows: Sequence[str] = found.rows
    if (context > 0 or width > 0) and rows:  # of long lines a hit has only a window of its own
        left = host.search.deadline_seconds - (time.monotonic() - begun)
        rows, fit = await host.search.with_lines_around(
            rows, min(max(0, context), MOST_CONTEXT), max(left, LEAST_SECONDS)
        )
        if fit < shown:
            host.note(
                f"{call}: only the first {fit:,} of {shown:,} hits have their lines around: for more of them there "
                "was no room, or no time"
            )
        if context > MOST_CONTEXT:
            host.note(f"{call}: context is at most {MOST_CONTEXT:,}; text(region(doc, first, last)) reads more.")
    if width > 0:
        rows = await asyncio.to_thread(
            lambda whole: [windowed(row, width, numbered=context > 0) for row in whole], rows
        )
    return Rows(rows, shown)
