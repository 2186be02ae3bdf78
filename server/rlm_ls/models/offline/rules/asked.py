"""A question and the text it is about, read: what every rule is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from rlm_ls.models.offline.grounding.front import Front
from rlm_ls.models.offline.grounding.mentions import column_named
from rlm_ls.models.offline.grounding.reader import grounded
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.parsing.reading import LONGEST
from rlm_ls.models.offline.parsing.sentence import Reading
from rlm_ls.models.offline.parsing.vocabulary import QUANTITIES, plain
from rlm_ls.models.offline.question import Question
from rlm_ls.models.offline.recognition.blocks import Block, blocks
from rlm_ls.models.offline.recognition.recognition import shape_of
from rlm_ls.models.offline.recognition.records import spans
from rlm_ls.models.offline.rules.columns import Thing, crowded, quantities_of
from rlm_ls.models.offline.rules.conditions import Where
from rlm_ls.models.offline.rules.script import guarded, inside, within
from rlm_ls.models.offline.shapes.column import KINDS, Column
from rlm_ls.models.offline.shapes.embedded import numbers_by
from rlm_ls.models.offline.shapes.keys import only_duration
from rlm_ls.models.offline.shapes.shape import SHORT, Shape

OTHER_TIMES = (
    r"(?i)(?:.*[_.])?(?:consumed|cpu|time-?out|delay|sleep|wait|retry|back-?off|interval|ttl|age|uptime|lock|expir)"
)
"""Durations that nobody means who asks what took longest."""
CONSECUTIVE = 200
"""Lines of a sample that stand one behind the other in the text."""


@dataclass(frozen=True)
class Asked:
    question: Question
    front: Front | None = None
    """What the question was read as by what the text holds; None: by its words alone."""
    block: Block | None = None
    """The table in the text that the question is read by; None: the whole text."""

    @cached_property
    def text(self) -> Text:
        return Text(self.shape, self.sample, whole=self.block is not None or self._whole)

    @property
    def _whole(self) -> bool:
        """Whether the sample is all of the text."""
        lines = [self.question.document.lines] if self.question.document else self.question.columns.lines
        return len(self.sample) >= sum(lines)

    @cached_property
    def grounded(self) -> Asked | None:
        if len(self.question.body) > LONGEST:
            return None
        front = grounded(self.question, self.text)
        return None if front is None else replace(self, front=front)

    @cached_property
    def blocks(self) -> list[Asked]:
        """The same question, of each of the tables that stand in the one text."""
        documents = self.question.documents
        alone = self.question.document is not None or len(documents) == 1
        if self.block is not None or not alone or not self.text.whole or self.shape.entry in {"row", "request"}:
            return []
        return [replace(self, block=block) for block in blocks(self.sample)]

    @property
    def thing(self) -> Thing | None:
        return self.front.thing if self.front else None

    @property
    def group(self) -> Thing | None:
        return self.front.group if self.front else None

    @cached_property
    def measure(self) -> Column | None:
        """The column of the numbers that are calculated with."""
        named = self.front.measure if self.front is not None else None
        column = named if named is not None else self.quantity(self.reading.measure)
        return column if column is not None and column.quantity else None

    @property
    def reading(self) -> Reading:
        return self.front.reading if self.front else Reading()

    @cached_property
    def shape(self) -> Shape:
        documents = [self.question.document] if self.question.document else self.question.documents
        stem = documents[0].path.rsplit("/", 1)[-1].split(".")[0] if len(documents) == 1 else ""
        if self.block is not None:
            return replace(self.block.shape, row=f"{self.block.shape.row} {plain(stem)}")
        shape = shape_of(self.sample, whole=self._whole)
        return replace(
            shape, row=f"{shape.row} {plain(stem)}", crowded=crowded(self.sample), joined=_joined(shape, self.sample)
        )

    @property
    def sample(self) -> list[str]:
        if self.block is not None:
            return list(self.block.rows)
        documents = [self.question.document] if self.question.document else self.question.columns.sampled
        return [line for document in documents for line in document.sample]

    def quantity(self, noun: str) -> Column | None:
        """The column of numbers that a noun means: of several the one that lines of the conditions have, and where
        those are not told apart either, the one that has its name from the text. None where that leaves several."""
        found = quantities_of(self.shape, noun)
        if not found and (named := column_named(self.shape, noun.split())) is not None and named.column.quantity:
            found = [named.column]
        if any(self._of_something_else(column) for column in found):
            found = [column for column in found if not column.loose and not self._of_something_else(column)]
            if not found:
                return None
        if not self.where.patterns:
            found = [column for column in found if not column.loose or column.share >= 0.5]
        elif len(found) > 1:
            found = [c for c in found if not self.meant or any(re.search(c.capture, line) for line in self.meant)]
        if not found and self.shape.entry == "event" and re.fullmatch(QUANTITIES[0][0], noun, re.IGNORECASE):
            found = [column for column in (only_duration(self.meant),) if column is not None]
        if not found and self.shape.entry == "event" and re.fullmatch(QUANTITIES[1][0], noun, re.IGNORECASE):
            found = [column for column in (numbers_by("bytes", self.meant),) if column is not None]
            return found[0] if found else None
        if len(found) > 1:
            found = [column for column in found if not column.loose]
        if len(found) > 1:
            found = [
                column for column in found if re.fullmatch("finish|total|result|net|net time", plain(column.name))
            ] or found
        if len(found) > 1:
            found = [column for column in found if re.fullmatch(KINDS[column.kind], column.name.lower())]
        return found[0] if len(found) == 1 else None

    def _of_something_else(self, column: Column) -> bool:
        """Whether a duration is of what the question does not name: a timeout, the time that a processor took."""
        named = any(
            part in self.question.lower for part in plain(column.name).split() if part not in {"time", "duration"}
        )
        return column.kind == "duration" and re.match(OTHER_TIMES, column.name) is not None and not named

    @cached_property
    def meant(self) -> list[str]:
        """The lines of the sample that the conditions hold of; none where there are no conditions."""
        patterns, unwanted = self.where.patterns, self.where.unwanted
        held = [line for line in self.text.lines if all(re.search(one, line) for one in patterns)] if patterns else []
        return [line for line in held if not any(re.search(one, line) for one in unwanted)]

    @cached_property
    def where(self) -> Where:
        return self.front.where if self.front else Where()

    @property
    def place(self) -> str:
        """Source of where to look: the document that the question names, a table's rows, "" for all."""
        if self.block is not None:
            document = self.question.document or self.question.documents[0]
            parts = [f"lines({first}, {last}, {document.path!r})" for first, last in self.block.parts]
            return parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"
        return repr(self.question.document.path) if self.question.document else ""

    @property
    def glob(self) -> str:
        return repr(self.question.document.path) if self.question.document else ""

    def among(self, patterns: Sequence[str], unwanted: Sequence[str] = ()) -> str:
        """Source of the lines that match all of `patterns` and none of `unwanted`, "" for all; of a text of records the
        lines of the records that do."""
        if not self.shape.record:
            return inside(self.place, tuple(patterns), tuple(unwanted))
        parts: list[list[int]] = []
        for first, last in spans(self.shape.record, self.sample):
            rows = self.sample[first - 1 : last]
            held = all(any(re.search(one, row[:SHORT]) for row in rows) for one in patterns)
            if not held or any(re.search(one, row[:SHORT]) for row in rows for one in unwanted):
                continue
            if parts and parts[-1][1] == first - 1:
                parts[-1][1] = last
            else:
                parts.append([first, last])
        document = self.question.document or self.question.documents[0]
        return f"[{', '.join(f'lines({first}, {last}, {document.path!r})' for first, last in parts)}]"

    @property
    def lines(self) -> str:
        """Source of the lines that the question is about, "" for all."""
        unwanted = (*self.where.unwanted, *((self.shape.header,) if self.shape.header else ()))
        return self.among(self.where.patterns, unwanted)

    @property
    def within(self) -> str:
        """The same as one more argument of a verb."""
        return within(self.lines)

    @property
    def phrase(self) -> str:
        """How an answer names the conditions."""
        conditions = f" with {self.where.phrase}" if self.where.said else ""
        return conditions + "".join(f", {said}" for said in self.where.times)

    def guarded(self, code: str) -> str:
        """`code` with what says how many of the lines were understood."""
        return guarded(code, self.shape, self.place, self.where.anywhere)

    @property
    def notes(self) -> str:
        return "".join(f"\n\nNote: {note}." for note in self.where.notes)


def _joined(shape: Shape, sample: Sequence[str]) -> bool:
    """Whether, of the lines of a log's start, those that do not fit stand in many places, each behind one that does."""
    if shape.entry != "event" or shape.time is None or not shape.head:
        return False
    fits = [re.match(shape.head, line[:SHORT]) is not None for line in sample[:CONSECUTIVE]]
    blocks = sum(before and not fit for before, fit in pairwise(fits))
    return blocks > 3 and blocks >= 0.1 * fits.count(False)
