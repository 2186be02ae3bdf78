"""What the words of a question name: columns, stretches of time, quantities; and which of them is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from rlm_ls.models.offline.grounding.asking import Mention
from rlm_ls.models.offline.grounding.cues import HIGH, LOW, PER, Cues
from rlm_ls.models.offline.grounding.little import ACTORS, ROWS
from rlm_ls.models.offline.grounding.mentions import (
    column_named,
    is_boolean,
    is_entry,
    is_quantity,
    is_row,
    thing_named,
    value_named,
)
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.parsing.sentence import Sentence
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION, plain
from rlm_ls.models.offline.rules.columns import Thing, quantities_of, thing_of
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.embedded import numbers_by
from rlm_ls.models.offline.shapes.levels import level_said

LONGEST_NAME = 3

UNITS_OF_NUMBERS = (
    r"bytes|(?:milli|micro|nano)?seconds|minutes|hours|days|rows|buffers|pages|ticks|items|tokens|degrees|percent|files"
)
"""What may stand beside numbers in a sentence."""

SUMMED = r"\b(?:in total|altogether|on average|in all|overall)\b"
"""Behind a question for how many: lines that tell numbers of them are added up."""

PERSONS = frozenset(
    re.findall(
        r"\w+",
        """
    student player driver author sender customer employee member person speaker nick agent owner runner athlete pupil
    teacher client user name guest patient seller buyer worker candidate assignee reporter borrower
    """,
    )
)
"""Columns of people."""


def is_person(column: Column) -> bool:
    return column.kind == "user" or plain(column.name).removesuffix(" name") in PERSONS


NO_NAMES = FUNCTION | frozenset(
    [
        "first",
        "last",
        "most",
        "least",
        "top",
        "common",
        "unique",
        "distinct",
        "different",
        "individual",
        "separate",
        "hour-by-hour",
        "once",
        "more",
        "less",
        "than",
        "total",
        "number",
    ]
)


@dataclass
class Naming:
    """A question's words, and what was found that they name."""

    text: Text
    sentence: Sentence
    words: Words
    mentions: list[Mention] = field(default_factory=list)
    slot: Mention | None = None
    """A noun that is known to mean what differs between lines."""

    def _names(self) -> None:
        """The longest runs of words that name something."""
        tokens, at = self.words.tokens, 0
        if self.slot is not None:
            self.mentions.append(self.slot)
            self.words.use(self.slot.start, self.slot.end)
        while at < len(tokens):
            at += self._value(at)
            for length in range(LONGEST_NAME, 0, -1):
                run = tokens[at : at + length]
                if len(run) < length or not self.words.free(at, at + length):
                    continue
                if (run[0].lower in NO_NAMES or run[-1].lower in NO_NAMES) and not self._is_total(at + length - 1):
                    continue
                if (found := self._mention(at, [token.text for token in run])) is not None:
                    self.mentions.append(found)
                    if found.sure and not is_entry(found.noun):
                        self.words.use(at, at + length)
                    at += length - 1
                    break
            at += 1

    def _value(self, at: int) -> int:
        """How many words from here on are one value, low_battery, though a part of it names a column."""
        for length in (3, 2):
            run = [token.text for token in self.words.tokens[at : at + length]]
            plain_run = len(run) == length and self.words.free(at, at + length) and all(word.isalpha() for word in run)
            if not plain_run or run[0].lower() in NO_NAMES or run[-1].lower() in NO_NAMES:
                continue
            if (held := value_named(self.text, run)) is not None and column_named(self.text.shape, run) is None:
                return length if held.column.kind not in {"message", "path"} else 0
        return 0

    def _is_total(self, at: int) -> bool:
        """Whether `total` is a noun here: the biggest order total."""
        tokens = self.words.tokens
        last = (
            at + 1 == len(tokens)
            or tokens[at + 1].stop
            or tokens[at + 1].lower in {"over", "in", "for", "per", "by", "of"}
        )
        return (
            tokens[at].lower == "total"
            and at > 0
            and (tokens[at - 1].lower not in FUNCTION or tokens[at - 1].lower == "order")
            and last
        )

    def _mention(self, at: int, run: list[str]) -> Mention | None:
        noun = " ".join(run)
        before = self.words.tokens[at - 1].lower if at else ""
        if re.fullmatch(f"{HIGH}|{LOW}|average|mean|median", noun, re.IGNORECASE) and not re.fullmatch(
            "average|mean|column|field", before
        ):
            return None  # a log of numbers may have a column that is called longest
        if noun.lower() in {"time", "times", "long"} and before in {
            "many",
            "first",
            "last",
            "what",
            "how",
            "most",
            "of",
            "at",
            "all",
        }:
            return None
        named = thing_named(self.text, run)
        if named is not None:
            return Mention(at, at + len(run), noun, named[0], named[1])
        summed = before == "many" and re.search(SUMMED, self.words.text, re.IGNORECASE) and not level_said(noun)
        summed = summed and not is_entry(noun)
        if not is_quantity(noun) and not re.fullmatch(UNITS_OF_NUMBERS, noun, re.IGNORECASE) and not summed:
            return None
        if self.text.shape.entry == "event" and not quantities_of(self.text.shape, noun):
            column = numbers_by(noun, self.text.lines)
            if column is not None:
                return Mention(at, at + len(run), noun, Thing(noun, column.capture, column), True)
        return Mention(at, at + len(run), noun) if is_quantity(noun) else None

    def _group(self) -> Mention | bool | None:
        """What counts or numbers are kept apart by; False where what stands behind `per` names nothing."""
        if found := self.words.take(r"\b(?P<unit>hour|dai|month|week|minute)ly\b"):
            noun = {"dai": "day"}.get(found[0]["unit"].lower(), found[0]["unit"].lower())
            named = thing_named(self.text, [noun])
            return Mention(found[1], found[1] + 1, noun, named[0], True) if named else False
        for match in re.finditer(PER, self.words.text, re.IGNORECASE):
            at = next(
                (n for n, token in enumerate(self.words.tokens) if token.start >= match.end() and not token.stop), None
            )
            while (
                at is not None
                and at < len(self.words.tokens)
                and self.words.tokens[at].lower in {"the", "each", "every", "different", "single", "log"}
                and not any(mention.start == at for mention in self.mentions)
            ):
                at += 1
            mention = next((m for m in self.mentions if m.start == at and m.thing is not None), None)
            if (
                mention is not None
                and match[0].lower() == "by"
                and not mention.sure
                and re.search(r"\b(?:was|were|been|is|are)\b", self.words.text[: match.start()], re.IGNORECASE)
            ):
                continue  # denied by the firewall
            if mention is not None and not (match[0].lower() == "by" and mention.numeric and not mention.thing.time):  # type: ignore[union-attr]
                behind = next((m for m in self.mentions if m.start == mention.end), None)
                word = self.words.tokens[mention.end : mention.end + 1]
                if behind is not None and behind.sure and mention.sure and not behind.numeric:
                    self.mentions.remove(mention)
                    mention = replace(behind, start=mention.start)  # each backend server
                elif word and word[0].lower in ACTORS:
                    return False  # each upstream server, of which only upstream is told
                self.words.take(re.escape(match[0]))
                self.words.use(mention.start, mention.end)
                self.mentions = [other for other in self.mentions if other.end != mention.end]
                return mention
            if match[0].lower() not in {"by", "each", "every"}:
                return False
        return None

    def _target(self, asked: Cues) -> Mention | None:
        """What is ranked, listed or counted by its different values."""
        tokens = self.words.tokens
        for mention in self.mentions:
            # In brackets, in the text's own terms: who reads it most (display_name).
            own = mention.start and tokens[mention.start - 1].text == "(" and tokens[mention.end : mention.end + 1]
            if own and own[0].text == ")" and (asked.wh >= 0 or asked.top >= 0 or asked.distinct >= 0):
                at = mention.start - 2
                while at > max(asked.wh, asked.top, asked.distinct) and tokens[at].lower not in FUNCTION:
                    self.words.use(at, at + 1)  # the noun that the brackets explain
                    at -= 1
                self.mentions = [m for m in self.mentions if not at < m.start < mention.start]
                return mention
        free = [m for m in self.mentions if m.thing is not None and not (asked.keys and m.numeric and not m.thing.time)]
        if asked.who and not any(m.start == asked.wh + 1 for m in free):
            for kind in ("user", "client"):
                named = column_named(self.text.shape, [kind])
                if named is not None and named.column.kind == kind and len(named.column.values) > 1:
                    return Mention(
                        asked.wh, asked.wh + 1, kind, Thing(f"{kind}s", named.column.capture, named.column), True
                    )
            people = [c for c in self.text.shape.columns if is_person(c) and len(c.values) > 1]
            if len(people) == 1:
                return Mention(asked.wh, asked.wh + 1, "who", Thing(people[0].name, people[0].capture, people[0]), True)
        if (row := self._row(asked)) is not None:
            return row
        at = asked.wh + 1
        rows = (
            0 < at < len(tokens)
            and self.text.shape.entry == "row"
            and (tokens[at].lower in ROWS or is_row(self.text.shape, tokens[at].lower))
        )
        if rows and not any(m.start <= at < m.end for m in free):
            return None  # which backup: no column says which
        for place in (asked.wh, asked.distinct, asked.top, asked.listed, asked.count):
            if place < 0:
                continue
            if (
                place == asked.top
                and place + 2 < len(self.words.tokens)
                and self.words.tokens[place + 2].lower in {"the", "a", "an"}
            ):
                continue
            near = [
                m
                for m in free
                if not self._with_value(m)
                and not (place == asked.top and asked.wh >= 0 and m.numeric and m.sure)
                and place < m.start <= place + 4
                and self._joined(place + 1, m.start)
            ]
            if near:
                return self._head(near)
        if asked.top >= 0 and (errors := self._errors(asked)) is not None:
            return errors
        if asked.edge_at >= 0 and len(asked.keys) > 1:
            # The slowest urls by average time.
            near = [m for m in free if m.start == asked.edge_at + 1 and not m.numeric]
            if near:
                return self._head(near)
        if asked.top >= 0 or asked.breakdown:
            nouns = [m for m in free if m.sure and (not m.numeric or m.thing.time)]  # type: ignore[union-attr]
            return nouns[0] if nouns else None
        return None

    def _row(self, asked: Cues) -> Mention | None:
        """The rows themselves, by what they are called: which runner, the names of the pods, who."""
        shape, tokens = self.text.shape, self.words.tokens
        at = asked.wh if asked.who else max(asked.wh, asked.listed) + 1
        while not asked.who and at < len(tokens) and tokens[at].lower in FUNCTION:
            at += 1
        if shape.entry != "row" or max(asked.wh, asked.listed) < 0 or at >= len(tokens):
            return None
        called = [c for c in shape.columns if plain(c.name) in {"name", "title"}]
        word = tokens[at].lower
        if shape.columns and shape.columns[0].key and is_row(shape, word):
            called = [shape.columns[0]]
        if len(called) != 1 or not (asked.who or word in ROWS or is_row(shape, word)):
            return None
        names = [match[1] for line in self.text.lines if (match := re.search(called[0].capture, line))]
        if len(set(names)) < 0.9 * len(names):
            return None  # a row is something else
        found = Mention(at, at + 1, word, Thing(called[0].name, called[0].capture, called[0]), True)
        self.mentions.append(found)
        return found

    def _errors(self, asked: Cues) -> Mention | None:
        """The most common error is one of the messages of that level, or one of the names that errors have."""
        tokens = self.words.tokens
        for n, token in enumerate(tokens):
            said = level_said(token.lower)
            if said not in {"error", "warning"} or not asked.top - 4 <= n <= asked.top + 2 or self.words.used[n]:
                continue
            messages = n + 1 < len(tokens) and re.fullmatch("messages?|texts?", tokens[n + 1].lower)
            if messages:
                own = self.text.shape.of_kind("message")
                thing = Thing("error messages", own[0].capture, own[0]) if len(own) == 1 else None
                return None if thing is None else Mention(n + 1, n + 2, "messages", thing, True)
            if said == "error" and (n + 1 == len(tokens) or tokens[n + 1].stop or tokens[n + 1].lower in FUNCTION):
                thing = thing_of(self.text.shape, "errors")
                return None if thing is None else Mention(n, n + 1, token.text, thing, True)
        return None

    def _with_value(self, mention: Mention) -> bool:
        """Whether a value of the column follows: status FAULT."""
        at = next((n for n in range(mention.end, len(self.words.tokens)) if not self.words.tokens[n].stop), None)
        if at is None or mention.thing is None or mention.thing.column is None:
            return False
        return any(value.lower() == self.words.tokens[at].lower for value in self.text.values(mention.thing.column))

    def _head(self, near: list[Mention]) -> Mention:
        """Of nouns in a row the last, with those before it: `backend server`."""
        head = near[0]
        for mention in near[1:]:
            column = mention.thing.column if mention.thing is not None else None
            verb = column is not None and is_boolean(column)
            if mention.start == head.end and mention.sure and not mention.numeric and not verb:
                head = replace(mention, start=head.start)
        return head

    def _joined(self, start: int, end: int) -> bool:
        """Whether no word between says that another noun is meant."""
        return not any(
            token.stop
            or token.lower in {"of", "with", "in", "for", "by", "has", "have", "had", "did", "does", "from", "to"}
            for token in self.words.tokens[start:end]
        ) or (
            end - start <= 2
            and all(t.lower in {"of", "the", "all", "were", "are"} for t in self.words.tokens[start:end])
        )
