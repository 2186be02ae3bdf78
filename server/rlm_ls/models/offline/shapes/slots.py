"""What differs between lines that are otherwise alike: the user in `Failed password for bob from 10.0.0.5`. A noun of
the question that names no column may mean one of these places, if only one of them can be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.models.offline.parsing.patterns import escaped
from rlm_ls.models.offline.parsing.vocabulary import singular
from rlm_ls.models.offline.shapes.column import Column, most_common
from rlm_ls.models.offline.shapes.shape import Shape

PIECE = re.compile(r"[\w@%$#-]+(?:[./:\\][\w@%$#-]+)*|[^\s\w]")
MOST_LINES = 60
MOST_PIECES = 60
LEAST = 2
MOST_MORE = 3
"""Pieces that may stand before a value in some of the lines."""
ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?"
NUMBER = r"[-+]?\d[\d.,]*\w{0,3}|0x[0-9a-f]+|[0-9a-f]{8,}"
KINDS: tuple[tuple[str, str], ...] = (
    (r"(?:\w+ )?(?:ips?|address(?:es)?|clients?|hosts?|sources?|peers?)", ADDRESS),
    (r"(?:e-?mails?|mail address(?:es)?|senders?|recipients?)", r"[\w.+-]+@[\w.-]+"),
    (r"(?:files?|paths?|folders?|director(?:y|ies)|commands?|urls?)", r"(?:\w+:/|[A-Z]:\\|/)\S*|[\w-]+\.\w{1,5}"),
    (
        r"(?:user ?names?|users?|accounts?|who|players?|persons?|people|members?|customers?|apps?|packages?"
        r"|process(?:es)?|"
        r"services?|units?|hosts?|machines?|devices?|nodes?|pods?|containers?|images?|topics?|groups?|queues?"
        r"|jobs?|tasks?|"
        r"tests?|modules?|components?|tables?|databases?|constraints?|index(?:es)?|indices|volumes?|disks?|drives?|"
        r"interfaces?|channels?|plugins?|classes|class|functions?|rules?|branches|branch|hosts?|servers?|brokers?"
        r"|partitions?|"
        r"tenants?|reasons?|commands?|keys?|certificates?|domains?|stations?|sensors?|drivers?|printers?|names?)",
        r"[A-Za-z*][\w.@/*:$-]*",
    ),
)
"""What nouns mean by how values are written."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where lines that are otherwise alike differ: the words before and behind it, and its values."""

    before: tuple[str, ...]
    after: str
    values: tuple[str, ...]
    first: bool = False
    """Whether a message begins with it."""


def slot_named(noun: str, lines: Sequence[str], shape: Shape) -> Column | None:
    """The column of the one place that the noun can mean."""
    found = [slot for slot in slots(lines, shape) if len(set(slot.values)) > 1 or len(slot.values) >= LEAST]
    one = singular(noun.lower())
    named = [slot for slot in found if one in {singular(word.lower()) for word in slot.before[-2:]}]
    if len(named) != 1:
        named = []
        for nouns, written in KINDS:
            if re.fullmatch(nouns, noun, re.IGNORECASE):
                near = [s for s in found if all(re.fullmatch(written, v) for v in s.values)]
                near = [s for s in near if not all(re.fullmatch(NUMBER, v) for v in s.values)]
                near = [s for s in near if len(s.values) < 4 or len(set(s.values)) < len(s.values)]
                first = [slot for slot in near if slot.first]
                if len(near) == 1 or (len(first) == 1 and noun.lower() == "who"):
                    named = first or near  # of several the one that a message begins with
                    break
    return _column(noun, named[0], shape.head) if len(named) == 1 else None


def slots(lines: Sequence[str], shape: Shape) -> list[Slot]:
    """The places where the lines' messages differ, if they have enough in common to be of one kind."""
    head = re.compile(shape.head) if shape.head else None
    rows = [PIECE.findall(head.sub("", line, count=1) if head else line)[:MOST_PIECES] for line in lines[:MOST_LINES]]
    if len(rows) < LEAST:
        return []
    common = rows[0]
    for row in rows[1:]:
        common = _shared(common, row)
    words = [piece for piece in common if re.match(r"[A-Za-z]{2}", piece)]
    if not words:
        return []
    gaps: list[list[str]] = [[] for _ in range(len(common) + 1)]
    for row in rows:
        at = 0
        for n, piece in enumerate([*common, ""]):
            end = row.index(piece, at) if piece else len(row)
            gaps[n].append(" ".join(row[at:end]))
            at = end + 1
    found = []
    for n, values in enumerate(gaps):
        if all(values) and all(" " not in value for value in values):
            before = tuple(common[max(0, n - 3) : n])
            found.append(Slot(before, common[n] if n < len(common) else "", tuple(values), first=not n))
        elif all(values) and n < len(common) and max(value.count(" ") for value in values) <= MOST_MORE:
            # `for bob from` and `for invalid user bob from`: what stands before the common word.
            found.append(Slot((), common[n], tuple(value.rsplit(" ", 1)[-1] for value in values)))
    return found


def _shared(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The longest common subsequence, of at most MOST_PIECES each."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(reversed(one)):
        for j, b in enumerate(reversed(other)):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    kept, i, j = [], len(one), len(other)
    while i and j:
        if one[-i] == other[-j]:
            kept.append(one[-i])
            i, j = i - 1, j - 1
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return kept


def _column(noun: str, slot: Slot, head: str) -> Column | None:
    if not slot.before and not slot.after:
        return None
    before = r"\s*".join(escaped(piece) for piece in slot.before)
    word = r"(?:^|[^\w])" if re.match(r"\w", before) else ""
    start = rf"{word}{before}\s*" if before else rf"{head}\s*" if slot.first and head else r"(?:^|\s)"
    after = rf"\s*{escaped(slot.after)}" if slot.after else r"(?:\s|$)"
    value = r"[\w@%$#-]+(?:[./:\\][\w@%$#-]+)*"
    return Column(noun, "embedded", start, value, after, "", most_common(slot.values, 200), 1.0, True)
