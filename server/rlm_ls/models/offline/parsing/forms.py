"""Questions that are told by their form, not by what the text holds: how long a log is, its first lines, one level to
another, the lines that hold something."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.sentence import GAP, Sentence
from rlm_ls.models.offline.question import number

OWN = (
    r"(?:[ \x00]+(?:the|this|that|whole|entire|log|logs|file|text|trace|recording|run|job|data|entries|lines|in|of"
    r"|by|from|"
    r"does|do|did|is|it|time|build|script|session|test|tests|take))*[ \x00]*"
)
"""Words that may stand between those that tell such a question."""


def span(s: Sentence) -> bool:
    s.found["many"] = bool(re.search(r"\bhow long\b|\bduration\b", s.text, re.I))
    if s.take(
        rf"\b(?:what|which){OWN}\b(?:time ?|date ?)(?:range|period|span|interval|frame)s?(?: of time)?(?: (?:is|"
        rf"are|was|does|do|did))?(?:{OWN} cover(?:s|ed)?)?|"
        rf"\b(?:what|which) period{OWN}\bcover(?:s|ed)?\b|"
        rf"\bhow long{OWN}\b(?:span|cover|last|run|take)\b(?: from the first to the last)?"
        rf"|\bfirst and (?:the )?last (?:time ?stamps?|entr\w+|lines?)\b|"
        rf"\bwhen (?:does|did){OWN}\b(?:start|begin) and (?:end|stop|finish)\b"
    ):
        s.found["ask"] = "span"
        return True
    del s.found["many"]
    match = s.take(
        r"\bwhen (?:does|did|do) (?:the|this) (?:log|file|trace|recording)\w* (?P<how>start|begin|end|stop|finish)\b"
    )
    if match:
        s.found |= {"ask": "first", "last": match["how"].lower() in {"end", "stop", "finish"}}
        return True
    return False


NEIGHBOURS = (
    r"(?: (?:of|in) (?:time|silence))? (?:between|without|with no)\b(?: (?:any|an?|two|the)\b)?"
    r"(?: (?:consecutive|successive|adjacent|neighbou?ring|single)\b)?"
)


def gap(s: Sentence) -> bool:
    """The longest time without a line; the words between say which lines."""
    match = s.take(
        r"\b(?:longest|biggest|largest|greatest) (?:time )?(?:gap|pause|silence|stretch|break|interval|period)"
        + NEIGHBOURS
    )
    if match:
        while s.take(r"^\W*(?:what|which|when|how long)\b|\b(?:was|is|were|did|does|last)\b|\bentry\b|\blog\b"):
            pass
        s.found["ask"] = "gap"
    return bool(match)


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


def versus(s: Sentence) -> bool:
    """stdout vs stderr: how many of each."""
    match = s.take(r"^\W*(?:how many |count (?:of )?|number of )?(?P<a>[\w.-]+) (?:vs\.?|versus) (?P<b>[\w.-]+)")
    if match is None:
        return False
    s.text = f"{match['a']} {match['b']} {GAP} {s.text}"
    while s.take(r"\bcounts?\b|\blines?\b|\brequests?\b"):
        pass
    s.found |= {"ask": "count", "thing": "lines"}
    return True


def ends(s: Sentence) -> bool:
    match = s.take(
        r"\b(?P<which>first|last|final) (?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten) (?:lines|rows|"
        r"entries)\b"
    )
    if match:
        s.found |= {"ask": "ends", "n": number(match["n"]), "last": match["which"].lower() != "first"}
    return bool(match)


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


FORMS = (span, gap, ratio, versus, ends, lines)
"""In order: the first that knows the question."""
