"""A question taken apart: what it names literally, which words may matter, how its answer is to end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

STOP = frozenset(
    re.findall(
        r"\w+",
        """
    a about above after again all also am an and answer any appear appears are around as at be because been
    before being below between both but by calculate called can code common compute contain containing contains
    context could count data defined describe did do doc document documents does doing done down during each end
    ends entries entry every exactly exist exists explain few file files find first for frequent frequently from
    further get give given had happen happened happens has have having he her here hers him his hold holding
    holds how i identify if in include includes into is it its just last least line lines list log logs long
    level levels
    many may me mention mentioned mentions message messages more most much must my name named names no nor not
    number occur occurrence occurrences occurs of off on once one only or other our out over own per please
    question rank record records report row rows said same say says see seen shall she should show so some speak
    such tell text than that the their them then there these they think this those through times to together too
    total under until up us use used using very was we were what when where which while who whom whose why will
    with without word words would you your anything different distinct something often top type types unique
    value values
    """,
    )
)
"""Words of a question that say nothing about where its answer stands."""

NO_TERM = frozenset(
    re.findall(r"\w+", "ANSWER API AND CSV HTTP HTTPS I ID IDS IP IPS JSON LSP NOT OK OR SQL THE TOP URL URLS XML")
)
"""Capitals that are a kind of thing and not, as ERROR is, something to look for."""

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}


@dataclass(frozen=True, slots=True)
class OfflineDocument:
    """What the rules know of a text before they search it."""

    path: str
    language: str
    lines: int


@dataclass(frozen=True)
class Question:
    text: str
    documents: Sequence[OfflineDocument] = ()

    @cached_property
    def body(self) -> str:
        """The question without its instructions on the answer's form."""
        kept = [line for line in self.text.splitlines() if not re.search(r"\bANSWER\s*:", line)]
        return " ".join(" ".join(kept or self.text.splitlines()).split())

    @cached_property
    def lower(self) -> str:
        return self.body.lower()

    @property
    def wants_answer_line(self) -> bool:
        return re.search(r"\bANSWER\s*:", self.text) is not None

    @cached_property
    def document(self) -> OfflineDocument | None:
        """The one document that the question names: by its path, by a longer path to it, or by its file name."""
        longest_first = sorted(self.documents, key=lambda document: -len(document.path))
        for start, whole in ((r"(?<![\w/])", True), (r"(?<=/)", True), (r"(?<![\w/])", False)):
            for document in longest_first:
                name = document.path if whole else document.path.rsplit("/", 1)[-1]
                if len(name) > 2 and re.search(rf"{start}{re.escape(name)}(?![\w/])", self.body):
                    return document
        return None

    @cached_property
    def quoted(self) -> tuple[str, ...]:
        """What stands in quotation marks or backticks: to be taken literally."""
        marks = r'"([^"]+)"|`([^`]+)`|“([^”]+)”|«([^»]+)»|(?<!\w)\'([^\']+)\'(?!\w)|‘([^’]+)’'
        found = (next(group for group in match.groups() if group) for match in re.finditer(marks, self.body))
        return tuple(text for text in found if self.document is None or text not in self.document.path)

    @cached_property
    def unquoted(self) -> str:
        rest = self.body
        for name in (
            *self.quoted,
            *((self.document.path, self.document.path.rsplit("/")[-1]) if self.document else ()),
        ):
            rest = rest.replace(name, " ")
        return rest

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Things such as /api/users, status=500 or pay-03: they stand in the text as they stand here."""
        return tuple(re.findall(r"(?<!\S)(?:/[\w./*-]*\w|\w+=[\w.-]+|[a-z]+-\d+)(?=[\s?.,;:!]|$)", self.unquoted))

    @cached_property
    def capitals(self) -> tuple[str, ...]:
        """Words in capitals, and such as CardDeclined and max_retries: ERROR, WARN, GET, E1234."""
        forms = r"[A-Z][A-Z0-9_]{2,}|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|[a-z0-9]+(?:_[a-z0-9]+)+"
        found = re.findall(rf"(?<![\w/-])(?:{forms})(?![\w-])", self.unquoted)
        return tuple(dict.fromkeys(word for word in found if word not in NO_TERM))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that may matter, in the question's spelling and order, without what is quoted or in capitals."""
        rest = self.unquoted
        for path in self.paths:
            rest = rest.replace(path, " ")
        found = [
            word.strip("'’-_").removesuffix("'s").removesuffix("’s")
            for word in re.findall(r"\w(?:[\w:.'’-]*\w)?", rest)
        ]
        words = (word for word in found if len(word) > 1 and word.lower() not in STOP and word not in self.capitals)
        return tuple(dict.fromkeys(words))

    @property
    def explicit(self) -> tuple[str, ...]:
        """Everything that the question names as it stands in the text."""
        return (*self.quoted, *self.paths, *self.capitals)


def number(text: str) -> int | None:
    """5 for "5" and for "five"."""
    return int(text) if text.isdigit() else NUMBERS.get(text.lower())


def singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us")) and len(word) > 3:
            return word[: -len(ending)] + instead
    return word
