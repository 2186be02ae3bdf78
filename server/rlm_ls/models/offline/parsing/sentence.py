"""What the steps of reading a question work on: the sentence, of which they take what they understand, and what comes
out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from rlm_ls.models.offline.parsing.vocabulary import QUANTITIES
from rlm_ls.models.offline.parsing.windows import Window

Ask = Literal[
    "count",
    "distinct",
    "top",
    "groups",
    "numbers",
    "extreme",
    "first",
    "ends",
    "lines",
    "share",
    "ratio",
    "span",
    "gap",
    "exists",
    "which",
    "what",
]

GAP = "\x00"
"""Stands where words were taken out: what is left on its sides is no phrase."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind` is text (as it stands), word (in any case), level, status, pair (`name`=value), address, path, method.
    `without` turns it around."""

    kind: Literal["text", "word", "level", "status", "pair", "address", "path", "method"]
    value: str
    name: str = ""
    without: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity against a number: `measure` as the question names it, "" where only the unit says what is meant."""

    measure: str
    sign: Literal[">", ">=", "<", "<="]
    number: str
    unit: str

    @property
    def said(self) -> str:
        return f"{self.measure or 'a quantity'} {self.sign} {self.number}{' ' if self.unit else ''}{self.unit}"


@dataclass(frozen=True, slots=True)
class Reading:
    """`thing` is the noun that is counted, ranked or asked for ("" : lines); `by` what the counts or numbers are kept
    apart by; `measure` the quantity that is calculated with."""

    ask: Ask = "what"
    thing: str = ""
    by: str = ""
    measure: str = ""
    n: int | None = None
    least: bool = False
    last: bool = False
    many: bool = False
    listed: bool = False
    occurrences: bool = False
    contains: bool = False
    aggregates: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    window: Window | None = None
    comparison: Comparison | None = None
    tail: str = ""
    """What else is asked of the line that is found; it is shown."""


NOT = r"(?P<not>\b(?:non[- ]?|not (?:an? )?|other than |except (?:for )?|excluding |without (?:an? |any )?))?"


@dataclass
class Sentence:
    text: str
    found: dict[str, object] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)

    def take(self, pattern: str) -> re.Match[str] | None:
        """Find a pattern, in any case, and take it out."""
        match = re.search(pattern, self.text, re.IGNORECASE)
        if match:
            self.text = self.text[: match.start()] + GAP + self.text[match.end() :]
        return match


PLACE = (
    r"\b(?:in|of|on|from) (?:the|this|my|our) (?:account|statement|list|sheet|race|results)\b"
    r"(?=\W*(?:$|\x00|(?:and|is|was|in|for|with|by|per)\b))|"
    r"\bin (?:the|this) (?:story|tale|novel|poem|letter|article|book|journal|diary)(?=\W*$)|"
    r"\b(?:over|across|throughout) (?:all|the whole|the entire) (?:of )?(?:the )?\w+\b|"
    r"\b(?:in|of|from|within|across|throughout|does|do|for) (?:all (?:of )?)?(?:the|this|that|these|those|my|"
    r"our)? ?(?:\w+ ){0,2}?"
    r"(?:logs?|log ?files?|files?|documents?|texts?|traces?|dumps?|datasets?|data|csv|table|output)\b(?! "
    r"(?:level|line|entr|message))"
)
POLITE = (
    r"^\W*(?:please )?(?:make|draw|produce|print|display|output|give|show|list|compute|calculate|report"
    r"|tell)(?: me| us)? "
    r"(?:an? |the )?(?:table|list|breakdown|summary|overview)(?: of| with| showing|:)?|^\W*table: "
    r"|\bas an? (?:table|list)\b|"
    r"\b(?:please|can you|could you|tell me|show me|give me|i (?:want|need|would like|'d like) to know|do "
    r"you know|what would be|took how long|how long (?:did|does) (?:it|that) take)\b"
)

QUANTITY = "|".join(f"(?:{noun})" for noun, _ in QUANTITIES)
