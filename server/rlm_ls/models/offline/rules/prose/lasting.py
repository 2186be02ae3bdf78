"""How long something took of which a whole text says it once: when it began and when it ended, on one line each, or how
long it took."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from rlm_ls.models.offline.grounding.little import ENTITIES, GLUE, TURNING
from rlm_ls.models.offline.grounding.words import forms
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, plain_text, script

ASKS = re.compile(
    r"\W*how (?:long|many (?:seconds|minutes|hours)) (?:did|does|was|were) (?P<what>.+?)"
    r"(?: (?P<did>take|took|last|run|go on|open|running|underway|down|offline|unavailable|unreachable|up|online))?"
    r"(?: (?:in total|altogether|overall))?\W*",
    re.IGNORECASE,
)
NEEDED = re.compile(r"(?P<what>.+) (?:need|needed|take|took) to (?P<verb>\w+)(?: up)?")
Line = tuple[int, str]
"""The number of a line, and the line."""
AWAY, THERE = r"down|offline|unavailable|unreachable", r"up|online|available|reachable|back"
EDGES: tuple[tuple[str, str, str], ...] = (
    (AWAY, AWAY, THERE),
    (r"up|online", THERE, AWAY),
    (
        r".*",
        r"start(?:s|ed|ing)?|beg[aiu]n\w*|open(?:s|ed|ing)?|launch\w*|commenc\w*",
        r"end(?:s|ed)?|finish\w*|complet(?:ed|es)|clos(?:ed|es)|stop(?:s|ped)|conclud\w*",
    ),
)
"""By what is asked, the words of the line where it begins, and of that where it ends."""
STATED = re.compile(r"\b(?:in|took|after|within)[ :]+(\d+(?:\.\d+)? ?(?:ms|s|secs?|seconds?|min|minutes?|hours?))\b")
EPOCH = re.compile(r"(?<!\d)(1\d{9})(?:\d{3})?(?!\d)")
DATED = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,6}))?")
CLOCK = re.compile(r"(?<![\d:.])(\d{1,2}:\d\d(?::\d\d)?)(?![\d:])(?! ?[ap]\.?m)", re.IGNORECASE)

LASTED = r"""
cite = [lines(number, number) for number in $numbers]
short = '$long'
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'{short}, $how:\n{rows}'
"""


def lasted(asked: Asked) -> Script | None:
    """By the one line that says how long it took, or the two that say when it began and ended."""
    match = ASKS.fullmatch(asked.question.unnamed.replace(" in the file ", " ").strip())
    if match is None or not asked.text.whole or len(asked.question.documents) != 1:
        return None
    if needed := NEEDED.fullmatch(match["what"]):
        return _stated(asked, f"{needed['verb']} {needed['what']}")
    return _from_to(asked, match["what"], (match["did"] or "").lower())


def _stated(asked: Asked, what: str) -> Script | None:
    known = _words(asked, what)
    held = [(number, found) for number, line in _holding(asked, known) for found in STATED.findall(line)[:1]]
    return _script([held[0][0]], held[0][1], "as this line says") if known and len(held) == 1 else None


def _from_to(asked: Asked, what: str, did: str) -> Script | None:
    known = _words(asked, what)
    edges = next((begin, end) for said, begin, end in EDGES if re.fullmatch(said, did))
    first, last = (re.compile(rf"(?i)(?<![a-z])(?:{edge})(?![a-z])") for edge in edges)
    held = _holding(asked, known)
    began = [(number, line) for number, line in held if first.search(line) and not last.search(line)]
    ended = [(number, line) for number, line in held if last.search(line) and not first.search(line)]
    if not known or len(began) != 1 or len(ended) != 1 or began[0][0] > ended[0][0]:
        return None
    took = _between(began[0][1], ended[0][1])
    if took is None or took < timedelta():
        return None
    return _script([began[0][0], ended[0][0]], _long(took), "from the one of these lines to the other")


def _words(asked: Asked, text: str) -> list[str]:
    """The words that a line must hold; none where one of them turns what is asked."""
    said = [word for word in re.findall(r"[\w.-]*\w", text) if word.lower() not in FUNCTION]
    turned = any(word.lower() in TURNING for word in said)
    known = asked.text.vocabulary.knows
    return [] if turned else [word for word in said if known(word) or word.lower() not in GLUE | ENTITIES]


def _holding(asked: Asked, words: Sequence[str]) -> list[Line]:
    patterns = [forms(word) for word in words]
    numbered = enumerate(asked.text.lines, 1)
    return [(number, line) for number, line in numbered if all(re.search(one, line) for one in patterns)]


def _script(numbers: Sequence[int], long: str, how: str) -> Script:
    plan = "I look for where it is said how long it took."
    return script(plan, LASTED, numbers=list(numbers), long=plain_text(long), how=how).reading((), "number")


def _between(first: str, last: str) -> timedelta | None:
    """The time between the times of two lines, of which each has one; a clock's on one day."""
    for pattern, read in ((EPOCH, _epoch), (DATED, _dated), (CLOCK, _clock)):
        times = [[read(match) for match in pattern.finditer(line)] for line in (first, last)]
        if times[0] and times[1]:
            days = {CLOCK.split(line)[0] for line in (first, last) if re.match(r".{0,12}\d", CLOCK.split(line)[0])}
            sure = all(len(found) == 1 for found in times) and (pattern is not CLOCK or len(days) < 2)
            return times[1][0] - times[0][0] if sure else None
    return None


def _epoch(match: re.Match[str]) -> datetime:
    return datetime(1970, 1, 1) + timedelta(seconds=int(match[1]))


def _dated(match: re.Match[str]) -> datetime:
    below = timedelta(microseconds=int((match[3] or "0").ljust(6, "0")))
    return datetime.fromisoformat(f"{match[1]} {match[2]}") + below


def _clock(match: re.Match[str]) -> datetime:
    hour, minute, second = [int(part) for part in f"{match[1]}:0".split(":")[:3]]
    return datetime(1970, 1, 1) + timedelta(hours=hour, minutes=minute, seconds=second)


def _long(took: timedelta) -> str:
    """2 h 33 min (9180 s)."""
    seconds = took.total_seconds()
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    spoken = " ".join(f"{n:g} {unit}" for n, unit in parts if n) or "0 s"
    return f"{spoken} ({seconds:g} s)" if seconds >= 60 else spoken
