"""A question taken apart: what it quotes, which document it names, how its answer is to end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

MOST = 4_000
"""Characters of a question that are looked at: patterns may take the square of its length."""
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}


@dataclass(frozen=True, slots=True)
class OfflineDocument:
    """What the rules know of a text before they search it. `sample` are some of its lines, the first among them."""

    path: str
    language: str
    lines: int
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    text: str
    documents: Sequence[OfflineDocument] = ()

    @cached_property
    def body(self) -> str:
        """The question without its instructions on the answer's form."""
        kept = [line for line in self.text.splitlines() if not re.search(r"\bANSWER\s*:", line)]
        return " ".join(" ".join(kept or self.text.splitlines()).split())[:MOST]

    @cached_property
    def lower(self) -> str:
        return self.body.lower()

    @property
    def wants_answer_line(self) -> bool:
        return re.search(r"\bANSWER\s*:", self.text) is not None

    @cached_property
    def document(self) -> OfflineDocument | None:
        """The one document that the question names: by its path, by a longer path to it, or by its file name."""
        # Most of 100,000 names are in no question: a look without a pattern first.
        near = [document for document in self.documents if document.path.rsplit("/", 1)[-1] in self.body]
        longest_first = sorted(near, key=lambda document: -len(document.path))
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
    def unnamed(self) -> str:
        """The body without the document's name."""
        text = self.body
        if self.document is not None:
            name = self.document.path.rsplit("/", 1)[-1]
            text = re.sub(
                rf"(?:\b(?:in|of|from|does|do) )?[`'\"]?[\w./-]*{re.escape(name)}[`'\"]?",
                " in the file ",
                text,
                count=1,
            )
        return text


def number(text: str) -> int | None:
    """5 for "5" and for "five"."""
    return int(text) if text.isdigit() else NUMBERS.get(text.lower())
