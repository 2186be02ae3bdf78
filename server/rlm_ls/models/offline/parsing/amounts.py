"""Steps for how many: counts, groups, shares, ratios, distinct values; and for which lines or values."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.sentence import GAP, MANY, NOUN_PATTERN, PHRASE, Sentence, kept_apart_by, restore
from rlm_ls.models.offline.parsing.vocabulary import ENTRIES, EVENTS, REQUESTS, UNITS


def ratio(s: Sentence) -> bool:
    match = s.take(
        r"\bratio (?:of|between) (?:the )?(?P<a>\S+)(?: lines| messages)? (?:to|and|versus|vs\.?) (?:the "
        r")?(?P<b>\S+?)(?: lines| messages| entries)?(?=\W|$)"
    )
    if not match:
        return False
    a, b = match["a"].strip("`'\""), match["b"].strip("`'\"")
    if GAP in a + b:
        return False
    s.found |= {"ask": "ratio", "thing": a, "by": b}
    return True


def share(s: Sentence) -> bool:
    match = s.take(
        r"(?:\bwhat )?(?:\b(?:percentage|percent|share|fraction|proportion|part)|%) of (?:all (?:the )?|the )?"
        rf"(?P<of>{ENTRIES}|{REQUESTS}|{EVENTS})?"
    )
    if not match:
        return False
    s.found |= {"ask": "share", "thing": match["of"] or ""}
    return True


def versus(s: Sentence) -> bool:
    """stdout vs stderr: how many of each."""
    match = s.take(r"^\W*(?:how many |count (?:of )?|number of )?(?P<a>[\w.-]+) (?:vs\.?|versus) (?P<b>[\w.-]+)")
    if match is None:
        return False
    s.text = f"{match['a']} {match['b']} {GAP} {s.text}"
    s.take(r"\bcounts?\b")
    s.found["ask"] = "count"
    counted(s)
    return True


def exists(s: Sentence) -> bool:
    match = s.take(
        r"^\W*(?:is|are|was|were) there (?:any|an?)\b|^\W*any\b|"
        r"^\W*(?:did|does|do|has|have) (?:any|an?|anything|anyone|the (?:log|file|text|document))\b"
        r"(?: \w+){0,2}?(?= (?:contain|mention|have|show|include)|)"
    )
    if match:
        s.found["ask"] = "exists"
        return True
    if re.search(MANY, s.text, re.I):
        return False
    match = s.take(
        r"^\W*(?:is|are|was|were|did|does|do|has|have)\b(?: (?:any|an?|the|it|anybody|anyone|somebody|ever))*"
    )
    if match:
        s.found |= {"ask": "exists", "loose": not s.found.get("contains")}
    return bool(match)


ASKING = (
    r"\b(?:what|who|why|how|where|when|which|is|are|was|were|did|does|average|mean|avg|median|max|min|percentile)\b"
)
"""Without one of these `errors by component` is a question for counts."""


def groups(s: Sentence) -> bool:
    many = re.search(
        MANY + r"|\bbreak ?down\b|\bdistribution\b|\bhistogram\b|\bhourly\b|\bdaily\b|\bcounts?\b", s.text, re.I
    )
    if not many and re.search(ASKING, s.text, re.I):
        return False
    before = s.text
    match = s.take(
        rf"\b(?:break ?down|distribution|histogram|counts?) (?:of |by )(?:the )?(?P<by>{NOUN_PATTERN}|{UNITS})\b"
    )
    if not match:
        match = s.take(rf"^\W*(?:the )?(?P<by>{NOUN_PATTERN}) (?:break ?down|distribution|histogram|counts)(?=\W*$)")
    by = match["by"] if match and not re.search(r"\b(?:per|by|each)\b", before, re.I) else ""
    if match and not by:
        s.text = before
    by = by or kept_apart_by(s)
    if not by:
        s.text = before
        return False
    if re.fullmatch(f"number|count|frequency|average|total|{ENTRIES}", by, re.I):
        s.text = before
        return False
    s.take(MANY)
    s.take(r"\bbreak ?down\b|\bdistribution\b|\bhistogram\b|\bcounts?\b")
    s.found |= {"ask": "groups", "by": by}
    counted(s)
    return True


def distinct(s: Sentence) -> bool:
    many = bool(re.search(MANY, s.text, re.I))
    match = s.take(
        rf"(?:{MANY})?\s*(?:\bwhat|\bwhich|\blist|\bname)?(?: are| all)?(?: the)?\s*\b(?:unique|distinct|"
        rf"different|individual|separate)\s+(?P<thing>{NOUN_PATTERN}|{PHRASE})(?=\W|$)"
    )
    if not match and many:
        match = s.take(
            rf"(?:{MANY})\s+(?P<thing>{NOUN_PATTERN})(?= (?:are|were|is|was|does|do|did|in|appear|exist|have|"
            rf"has|made|sent|connected|accessed|logged|can|with|on)\b|\W*$)"
        )
        if match and re.fullmatch(rf"{ENTRIES}|{REQUESTS}|(?:\w+ )?(?:{EVENTS})", match["thing"], re.I):
            return restore(s, match)
    if not match and not many:
        match = s.take(
            rf"^\W*(?:list|name|enumerate)(?: all)?(?: of)?(?: the)? (?P<thing>{NOUN_PATTERN})(?=\W|$)"
        ) or s.take(
            rf"^\W*(?:what|which) (?:are the )?(?P<thing>{NOUN_PATTERN})(?= (?:are|were|appear|occur|exist|show|"
            rf"do|does|did|is|was)\b|\W*$)"
        )
        if match and re.fullmatch(f"{ENTRIES}|{REQUESTS}|{EVENTS}", match["thing"], re.I):
            return restore(s, match)
    if not match:
        return False
    s.found |= {"ask": "distinct", "thing": match["thing"], "many": many}
    return True


def lines(s: Sentence) -> bool:
    match = s.take(
        r"^\W*(?:which|what|show|list|find|print|give|display)(?: me)?(?: all| every| each| any)?(?: of)?(?: the)? "
        r"(?:lines?|messages?|entries|places|rows?)\b(?: that| which)?"
    ) or s.take(
        rf"^[\s{GAP}]*(?:all )?(?:of )?(?:the )?(?:lines|messages|entries|rows) (?:that|which|with|where|containing)\b"
    )
    if match:
        s.found["ask"] = "lines"
    return bool(match)


def count(s: Sentence) -> bool:
    times = s.take(
        r"\bhow many times\b|\b(?:how many|the number of|number of|count(?: of)?(?: the)?) occurrences(?: "
        r"of)?\b|\bhow often\b"
    )
    match = times or s.take(MANY)
    if not match:
        return False
    s.found |= {"ask": "count", "occurrences": bool(times)}
    counted(s)
    return True


def counted(s: Sentence) -> None:
    """The noun that is counted, where it only says what a line is."""
    match = (
        s.take(rf"\b(?:{ENTRIES})\b")
        or s.take(rf"\b(?P<requests>{REQUESTS})\b")
        or s.take(rf"\b(?P<events>{EVENTS})\b")
    )
    if match:
        groups = match.groupdict()
        s.found["thing"] = "requests" if groups.get("requests") else "events" if groups.get("events") else "lines"


def which(s: Sentence) -> bool:
    match = s.take(rf"^\W*(?:from )?(?:which|what) (?P<thing>{NOUN_PATTERN})(?= )")
    if match and not re.fullmatch(f"{ENTRIES}|{REQUESTS}|{EVENTS}", match["thing"], re.I):
        s.found |= {"ask": "which", "thing": match["thing"]}
        return True
    if match:
        restore(s, match)
    return False
