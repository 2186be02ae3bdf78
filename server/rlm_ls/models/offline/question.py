"""A question taken apart: what it quotes, which document it names, how its answer is to end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rlm_ls.context.columns.rows import Made

MOST = 4_000
"""Characters of a question that are looked at: patterns may take the square of its length."""
NUMBERS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}


@dataclass(frozen=True, slots=True)
class OfflineDocument:
    """What the rules know of a text before they search it. `sample` are some of its lines, the first among them."""

    path: str
    language: str
    lines: int
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfflineDocuments(Made[OfflineDocument]):
    """The texts in columns, for they may be a million: one is made when it is asked for. `samples` are by number."""

    paths: Sequence[str]
    lines: Sequence[int]
    samples: Mapping[int, tuple[str, ...]]
    language: Callable[[int], str]

    @classmethod
    def of(cls, documents: Sequence[OfflineDocument]) -> OfflineDocuments:
        if isinstance(documents, cls):
            return documents
        samples = {number: one.sample for number, one in enumerate(documents) if one.sample}
        paths, lines = [one.path for one in documents], [one.lines for one in documents]
        return cls(paths, lines, samples, lambda number: documents[number].language)

    def __len__(self) -> int:
        return len(self.paths)

    def made(self, number: int) -> OfflineDocument:
        sample = self.samples.get(number, ())
        return OfflineDocument(self.paths[number], self.language(number), self.lines[number], sample)

    @property
    def sampled(self) -> list[OfflineDocument]:
        """Those of which lines are known."""
        return [self[number] for number in sorted(self.samples) if self.samples[number]]


@dataclass(frozen=True)
class Question:
    text: str
    documents: Sequence[OfflineDocument] = ()

    @cached_property
    def columns(self) -> OfflineDocuments:
        """The documents: what is asked of all of them is asked here."""
        return OfflineDocuments.of(self.documents)

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
        paths = self.columns.paths
        near = [self.documents[at] for at, path in enumerate(paths) if path[path.rfind("/") + 1 :] in self.body]
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
