"""Quotations in an answer's own words: which there are, which stand in the cited lines, and marking the others."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from rlm_ls.context.workers.deadline import Deadline

SHORTEST = 20
"""Characters of a quotation worth checking; shorter ones are names and terms."""
LONGEST = 1_000
"""Characters of one that are looked for: its beginning is proof enough."""
FEWEST_WORDS = 4
MOST = 8
"""Quotations looked for; the longest first."""

UNMATCHED = "*(unmatched: not found in the text)*"

_QUOTED = re.compile(r"“([^“”\n]+)”|«([^«»\n]+)»|\"([^\"\n]+)\"|^>\s?(.+)$", re.MULTILINE)
_CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_LEFT_OUT = re.compile(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*")
_APOSTROPHE = "['’‘]"
_WRITTEN_OTHERWISE = re.compile(
    r"(?P<apostrophe>['’‘])|\\(?P<escaped>[!-/:-@\[-`{-~])|&(?:lt|gt|amp|quot|#39);|(?P<mark>[,.;:!?])"
)
"""What an answer may write in another way than the text does: Markdown, or blanks before marks."""


def missing(_clock: Deadline, answer: str, cited: str) -> list[tuple[str, str]]:
    """Quotations that do not stand in `cited`, each with the pattern that finds it: runs of blanks, case and emphasis
    aside."""
    found = [(quote, pattern_of(quote)) for quote in quotations(answer)]
    return [(quote, pattern) for quote, pattern in found if re.search(pattern, cited, re.IGNORECASE) is None]


def quotations(answer: str) -> list[str]:
    """The parts of an answer that claim to be the text's own words, without what was left out of them (`…`)."""
    prose = _CODE.sub(" ", answer)
    quoted = (next(group for group in match.groups() if group) for match in _QUOTED.finditer(prose))
    parts = {part.strip(" .,;:*_") for quote in quoted for part in _LEFT_OUT.split(quote)}
    long = [part for part in parts if len(part) >= SHORTEST and len(part.split()) >= FEWEST_WORDS]
    return sorted(long, key=lambda part: (-len(part), part))[:MOST]


def marked(_clock: Deadline, answer: str, missing: Sequence[str]) -> str:
    """The answer with every such quotation marked, behind its closing quotation mark."""
    for quote in missing:
        answer = re.sub(rf"({re.escape(quote)}[ .,;:*_…]*[”»\"]?)", rf"\1 {UNMATCHED}", answer, count=1)
    return answer


def pattern_of(quote: str) -> str:
    if len(quote) > LONGEST:
        quote = quote[:LONGEST].rpartition(" ")[0] or quote[:LONGEST]
    words = quote.replace("*", "").replace("_", " ").split()
    return r"[\s_*]+".join(map(_word_pattern, words))


def _word_pattern(word: str) -> str:
    parts: list[str] = []
    at = 0
    for other in _WRITTEN_OTHERWISE.finditer(word):
        parts += (re.escape(word[at : other.start()]), _other_pattern(other))
        at = other.end()
    return "".join(parts) + re.escape(word[at:])


def _other_pattern(other: re.Match[str]) -> str:
    if other["apostrophe"]:
        return _APOSTROPHE
    if other["escaped"]:
        return rf"\\?{re.escape(other['escaped'])}"
    if other["mark"]:
        return rf"\s*{re.escape(other[0])}"
    return f"(?:{re.escape(other[0])}|{re.escape(html.unescape(other[0]))})"
