"""How many: lines, occurrences, distinct values, shares, and counts by group."""

from __future__ import annotations

import re

from rlm_ls.models.offline.question import NUMBERS, Question, singular
from rlm_ls.models.offline.script import Script, beginning, conditions, either, literal, raw, script, spoken, within
from rlm_ls.models.offline.vocabulary import things

HOW_MANY = r"\bhow many\b|\bnumber of\b|\bcount (?:of |the |all )?\b|\bhow often\b"
FILLER = r"(?:are|is|does|do|in|there|the|this|that|log|file|text|document|documents|it|have|has|all|of|code|\S+\.\w+)"

LINES = {"request", "requests", "event", "events", "call", "calls", "make", "made", "sent", "get", "got"}
"""Beside a literal term these only say what a line is."""

SIZES = r"""
all = docs($glob)
short = $total
cite = []
answer = f'{short:,} $kind in {len(all):,} document(s).'
"""

RATIO = r"""
a = count($first$where, by='line')
b = count($second$where, by='line')
cite = regex($first$where, limit=1) + regex($second$where, limit=1)
short = f'{a}:{b} = {a / b:.4g}' if b else ''
answer = $names + f': {a:,} to {b:,} lines, a ratio of {short}.' if b else ''
"""

SHARE = r"""
hits = count($term$where, by='line')
total = sum(d.lines for d in docs($glob))
cite = regex($term$where, limit=3)
short = f'{100 * hits / max(total, 1):.4g}%'
answer = f'{short} of the lines ({hits:,} of {total:,}) hold ' + $said + '.'
"""

GROUPED = r"""
for pattern in $patterns:
    groups = top(pattern, n=200$where)
    if groups:
        break
${order}cite = []
short = '; '.join(f'{value}={n}' for value, n in groups)
rows = '\n'.join(f'- {value}: {n:,}' for value, n in groups)
answer = rows + $remark if groups else ''
"""

DISTINCT = r"""
for pattern in $patterns:
    values = [value for value, n in top(pattern, n=100$where)]
    if values:
        break
total = count(pattern, by='value'$where)
cite = regex(pattern$where, limit=3)
short = $short
more = ', …' if total > 20 else ''
answer = f'{total:,} different $label: ' + ', '.join(values[:20]) + more + $remark if values else ''
"""

OF_TERMS = r"""
n = count($term$where$by)
cite = regex($term$where, limit=3)
short = n
answer = f'{n:,} $what ' + $said + '.'
"""

OF_NOUN = r"""
for pattern in $patterns:
    n = count(pattern$where$by)
    if n:
        break
cite = regex(pattern$where, limit=3)
short = n
answer = f'{n:,} $what match `{pattern}`.' if n else ''
"""


def sizes(question: Question) -> Script | None:
    """How many lines, characters or documents there are."""
    asked = rf"\bhow many (lines|characters|files|documents)\b(?: {FILLER})*\s*[?.]?$"
    match = re.search(asked, question.lower)
    if match is None or question.explicit:
        return None
    kind = match[1]
    total = "len(all)" if kind in {"files", "documents"} else f"sum(d.{kind} for d in all)"
    return script(f"I add up the {kind}.", SIZES, glob=_glob(question), total=total, kind=kind)


def ratio(question: Question) -> Script | None:
    """The ratio of one term's lines to another's, or a term's share of all lines."""
    asked = r"\bratio (?:of|between) [`'\"]?(\w+)[`'\"]? (?:lines |messages )?(?:to|and|:) [`'\"]?(\w+)"
    if match := re.search(asked, question.body):
        first, second = match.groups()
        return script(
            f"I count the lines with {first} and with {second}.",
            RATIO,
            first=raw(literal(first)),
            second=raw(literal(second)),
            names=repr(f"{first} to {second}"),
            where=within(question),
        )
    if not question.explicit or not re.search(
        r"\b(?:percentage|percent|share|fraction|proportion) of\b", question.lower
    ):
        return None
    *others, last = question.explicit
    return script(
        f"I compare the lines with {spoken(question.explicit)} to all lines.",
        SHARE,
        term=raw(literal(last)),
        where=within(question, [literal(term) for term in others]),
        glob=_glob(question),
        said=repr(spoken(question.explicit)),
    )


def grouped(question: Question) -> Script | None:
    """How many X per Y."""
    match = re.search(r"\b(?:per|by|for each|of each|in each|for every|grouped by)\s+([\w ]+)", question.lower)
    if match is None or not re.search(HOW_MANY, question.lower):
        return None
    groups = things(question, match[1])
    if groups is None:
        return None
    lines = conditions(question, groups.said)
    return script(
        f"I count by {groups.label}{lines.phrase}.",
        GROUPED,
        patterns=either(groups.patterns),
        where=within(question, lines.patterns),
        remark=lines.remark,
        order="groups = sorted(groups)\n" if groups.label in {"days", "hours", "minutes"} else "",
    )


def distinct(question: Question) -> Script | None:
    """How many different values, or which."""
    lower = question.lower
    match = re.search(r"\b(?:unique|distinct|different)\s+([\w -]+)", lower)
    if match is None and not question.explicit and (asked := re.search(r"\bhow many\s+([\w -]+)", lower)):
        named = things(question, asked[1])
        # "How many users are there?" asks for different ones; "how many errors" does not.
        if named and named.known and asked[1].startswith(named.said) and named.label not in {"error types", "words"}:
            match = asked
    if match is None or (named := things(question, match[1])) is None:
        return None
    lines = conditions(question, named.said)
    return script(
        f"I collect the different {named.label}{lines.phrase}.",
        DISTINCT,
        patterns=either(named.patterns),
        where=within(question, lines.patterns),
        remark=lines.remark,
        short="total" if re.search(HOW_MANY, lower) else "'; '.join(values[:100])",
        label=named.label,
    )


def lines_or_times(question: Question) -> Script | None:
    """How many lines hold the terms, or how many times they stand there."""
    lower = question.lower
    if not re.search(HOW_MANY, lower):
        return None
    times = bool(re.search(r"\bhow many times\b|\boccurrences?\b|\bhow often\b", lower))
    soft = [] if question.quoted else [w for w in question.words if w.lower() not in NUMBERS and not w.isdigit()]
    if question.explicit:
        soft = [word for word in soft if word.lower() not in LINES]
    if not question.explicit and len(soft) == 1:
        return _of_noun(question, soft[0], times=times)
    if not question.explicit and not soft:
        return None
    # What is named as it stands in the text may be there 0 times; with plain words, 0 only means: ask otherwise.
    *others, last = [literal(term) for term in question.explicit] + [beginning(singular(word)) for word in soft[:6]]
    said = spoken((*question.explicit, *soft[:6]))
    found = script(
        f"I count {'every' if times else 'the lines with'} {said}.",
        OF_TERMS,
        term=raw(last),
        where=within(question, others),
        by="" if times else ", by='line'",
        what="occurrences of" if times else "lines hold",
        said=repr(said),
    )
    return Script(found.plan, found.code + " if n else ''") if soft else found


def _of_noun(question: Question, word: str, *, times: bool) -> Script:
    """One plain noun: a level of that name first, then the word in any case."""
    stem = singular(word)
    what = "places" if times else "lines"
    return script(
        f"I count the {what} with {stem.upper()}, or else with the word in any case.",
        OF_NOUN,
        patterns=either((literal(stem.upper()), beginning(stem) + r"(?:s|es|ed)?\b")),
        where=within(question),
        by="" if times else ", by='line'",
        what=what,
    )


def _glob(question: Question) -> str:
    return repr(question.document.path) if question.document else ""
