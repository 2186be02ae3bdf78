"""Scripts as the rules write them: short, since people read them in the trace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import Template
from typing import Literal

from rlm_ls.models.offline.shapes.shape import CONTINUED_TEXT, Shape

NOT_UNDERSTOOD = "not understood"
"""What `short` says then."""
NOTE = "Offline model: rules, not a language model."


Gives = Literal[
    "count", "number", "share", "values", "ranking", "groups", "time", "lines", "line", "yes", "code", "passage"
]
"""The kinds of answers."""


@dataclass(frozen=True, slots=True)
class Script:
    """`code` sets `answer` (empty: nothing found), `short` (the answer in the form of an ANSWER line) and `cite`.

    `chart` is source that draws what the answer lists, "" for none. `left` are the words of the question that it does
    not use, None where nobody has said; `gives` is the kind of its answer."""

    plan: str
    code: str
    chart: str = ""
    left: tuple[str, ...] | None = None
    gives: Gives | None = None

    def reading(self, left: Sequence[str], gives: Gives) -> Script:
        """The same, with what it does of the question."""
        return replace(self, left=tuple(left), gives=gives)


def chart(kind: str, capture: str, title: str, where: str, values: str) -> str:
    """Source that draws how often each value is captured; `values` is the variable of those that were counted.

    Only of one group, of values that have room, and where the lines were understood."""
    few = f"1 < len({values}) <= 500 and isinstance({values}[0][0], str) and short != '{NOT_UNDERSTOOD}'"
    said = plain_text(title)[:200]
    return f"if {few}:\n    chart('{kind}', {raw(capture)}, '{said[:1].upper()}{said[1:]}'{where})"


def script(plan: str, template: str, **values: object) -> Script:
    """Fill `template`'s `$names` in: strings that are Python source already."""
    return Script(plan, Template(template.strip("\n")).substitute(values))


def coded(plan: str, template: str, *, gives: Gives = "code", left: Sequence[str] = (), **values: object) -> Script:
    """A script of a rule that read the question from its first to its last word."""
    return script(plan, template, **values).reading(left, gives)


def raw(pattern: str) -> str:
    """A Python literal for a regular expression, raw where that is possible: people read it."""
    for quote in ("'", '"', "'''"):
        if quote not in pattern and "\n" not in pattern and not pattern.endswith(("\\", quote[0])):
            return f"r{quote}{pattern}{quote}"
    return repr(pattern)


def inside(place: str, patterns: tuple[str, ...], unwanted: tuple[str, ...] = ()) -> str:
    """Source of the lines of `place` (source too, "" for all) that match all `patterns`, none of `unwanted`."""
    for pattern in patterns:
        place = f"filter({raw(pattern)}{', within=' + place if place else ''})"
    for pattern in unwanted:
        place = f"filter({raw(pattern)}, keep=False{', within=' + place if place else ''})"
    return place


def within(place: str) -> str:
    """`place` as one more argument of a verb."""
    return f", within={place}" if place else ""


def plain_text(text: str) -> str:
    """A piece of a question that may stand inside an f-string's quotes."""
    return re.sub(r"[\\'{}\n]", " ", text)


GUARD = r"""
read = count($head, by='line'$where)
starts = count(r'^[^\s#})\]]', by='line'$where)
if read < starts:
    starts = starts - count($continued, by='line'$where)
${extra}if read < 0.9 * starts$apart:
    other = filter(r'^[^\s#})\]]', within=filter($head, keep=False$where))
    cite = regex(r'.*\S.*', within=other, limit=3)
    rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:200]}' for s in cite)
    short = '$not_understood'
    answer = 'I did not understand the lines well enough for a number: '
    answer += f'read as $shape, only {read:,} of {starts:,} fit. Others are:\n{rows}'
elif answer:
    answer += f'\n\nRead as $shape: {read:,} of {max(read, starts):,} lines fit$rest.'
"""
"""At least nine lines in ten must be understood: of those that are not, any may be what was asked for, and a number
that is off by more than a tenth is worse than none. Unless one of the things that are asked for is in none of them."""


APART = r"""
apart = [p for p in $matters if not count(p, by='line', within=filter($head, keep=False$where))]
"""
REST = '{"; none of the others holds what was asked for" if read < 0.9 * starts else ""}'
"""Where one of the patterns that any line that is meant must match is in none of the lines that do not fit."""

ENTRY = r"^.{0,60}?\d:\d\d:\d\d|^\W{0,3}(?:[A-Z]{4,8}|[Ee]rror|[Ww]arning|[Ii]nfo|[Dd]ebug)\b[\]:]"
JOINED = r"""
starts = min(starts, read) if count($entry, by='line', within=filter($head, keep=False$where)) < 0.02 * read else starts
"""
"""Where entries begin with a time, lines that have none and do not look like entries go on with the one before."""


def guarded(code: str, shape: Shape, place: str, matters: Sequence[str] = ()) -> str:
    """`code`, and after it what says how many of the searched lines the shape covered. `matters` are patterns that each
    line that is asked for matches, however it is written."""
    if not shape.head:
        return code
    parts = {"head": raw(shape.head), "where": within(place)}
    extra = Template(JOINED.lstrip("\n")).substitute(parts, entry=raw(ENTRY)) if shape.joined else ""
    if matters:
        extra += Template(APART.lstrip("\n")).substitute(parts, matters=list(matters))
    guard = Template(GUARD.strip("\n")).substitute(
        parts,
        continued=raw(CONTINUED_TEXT),
        shape=plain_text(shape.name),
        not_understood=NOT_UNDERSTOOD,
        extra=extra,
        apart=" and not apart" if matters else "",
        rest=REST if matters else "",
    )
    return f"{code.rstrip()}\n{guard}"
