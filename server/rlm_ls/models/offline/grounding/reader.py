"""A question read by what the text holds: columns and values first, then what is asked, then the words of lines. All
that carries meaning must be used."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace

from rlm_ls.models.offline.grounding.asking import Mention, Roles, asks
from rlm_ls.models.offline.grounding.cues import PER, Cues, cues
from rlm_ls.models.offline.grounding.embedded import numbers_by
from rlm_ls.models.offline.grounding.little import ACTORS
from rlm_ls.models.offline.grounding.mentions import column_named, is_entry, is_quantity, thing_named
from rlm_ls.models.offline.grounding.rest import explain
from rlm_ls.models.offline.grounding.slots import slot_named
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.parsing.forms import FORMS
from rlm_ls.models.offline.parsing.reading import prepared
from rlm_ls.models.offline.parsing.sentence import Reading, Sentence
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION, UNITS
from rlm_ls.models.offline.question import Question
from rlm_ls.models.offline.rules.columns import Thing, quantities_of
from rlm_ls.models.offline.rules.conditions import Where, where_of
from rlm_ls.models.offline.shapes.column import Column

LONGEST_NAME = 3
NOT_NOUNS = frozenset(re.findall(r"\w+", "can will could would should percentage percent share"))
TAIL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "and how long much many often big large what which who when where whose time times did do does was were is are it "
        "take took last lasted happen happened seconds ms milliseconds minutes bytes date day hour each them they line value",
    )
)
"""What may be asked behind a question: the line that is found shows it."""
VERBS = frozenset(
    re.findall(
        r"\w+",
        "did do does were are was is have had has used took that which with came served got went ended resulted returned "
        "failed led contain contained whose where responded needed lasted",
    )
)
"""Behind the first of these a question for a share says which part is meant."""
WHO = frozenset(["from", "sender", "author", "owner", "customer", "user", "username", "name", "driver", "by"])
UNITS_OF_NUMBERS = (
    r"bytes|(?:milli|micro|nano)?seconds|minutes|hours|days|rows|buffers|pages|ticks|items|tokens|degrees|percent|files"
)
"""What may stand beside numbers in a sentence."""
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


@dataclass(frozen=True, slots=True)
class Front:
    """What a question asks, with the columns that its nouns mean. `left` are the words that nothing used; `wanted` the
    columns that are asked of the one line that is found."""

    reading: Reading
    where: Where
    thing: Thing | None = None
    group: Thing | None = None
    measure: Column | None = None
    wanted: tuple[Column, ...] = ()
    left: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    """The lines of which a share is asked for; none: all."""


def grounded(question: Question, text: Text) -> Front | None:
    """None where what is asked is not clear; with `where.unclear` where words that carry meaning are left."""
    sentence = prepared(question)
    if any(form(sentence) for form in FORMS):
        return _formed(text, sentence)
    front = _Reader(text, sentence, Words(sentence.text)).front()
    if text.shape.entry != "event":
        return front
    if front is None or front.where.unclear:
        return _by_slot(text, sentence) or front
    if _held_by_few(text, front):
        return _by_slot(text, sentence)
    return front


def _held_by_few(text: Text, front: Front) -> bool:
    """Whether the lines that are meant have not what is asked of them: `user=` stands in others than those of logins."""
    asked = [thing for thing in (front.thing, front.group) if thing is not None and thing.column is not None]
    if not front.where.patterns or text.shape.name in {"JSON lines", "logfmt"}:
        return False
    lines = [line for line in text.lines if all(re.search(one, line) for one in front.where.patterns)]
    lines = [line for line in lines if not any(re.search(one, line) for one in front.where.unwanted)]
    return any(sum(re.search(one.capture, line) is not None for line in lines) < 0.5 * len(lines) for one in asked)


PENDING = (
    r"\b(?:which|what|whose)(?: of the)? (?P<noun>[a-z][\w-]*)",
    r"\b(?:per|for each|for every|by|each|every)(?: the)? (?P<noun>[a-z][\w-]*)",
    r"\b(?:different|distinct|unique|separate) (?P<noun>[a-z][\w-]*)",
    r"^\W*(?P<noun>who)\b",
    r"^\W*(?:list|name|names of)(?: all)?(?: of)?(?: the)? (?P<noun>[a-z][\w-]*)",
)
"""Where the noun stands that must be found in the text."""


def _by_slot(text: Text, sentence: Sentence) -> Front | None:
    """The question read with a noun that is no column and may be what differs between the lines it is about."""
    for pattern in PENDING:
        match = re.search(pattern, sentence.text, re.IGNORECASE)
        if match is None or is_entry(match["noun"]) or re.fullmatch(UNITS, match["noun"], re.IGNORECASE):
            continue
        words = Words(sentence.text)
        at = next((n for n, token in enumerate(words.tokens) if token.start == match.start("noun")), None)
        if at is None:
            continue
        words.use(at, at + 1)
        cues(words)
        words.take(PER)
        reading = Reading(ask="count", thing="lines", conditions=tuple(sentence.conditions))
        where = where_of(reading, text.shape)
        explain(words, text, where, reading, {})
        if where.unclear or not where.patterns:
            continue
        lines = [line for line in text.lines if all(re.search(one, line) for one in where.patterns)]
        column = slot_named(match["noun"], lines, text.shape)
        if column is None:
            continue
        mention = Mention(at, at + 1, match["noun"], Thing(match["noun"], column.capture, column), True)
        front = _Reader(text, sentence, Words(sentence.text), slot=mention).front()
        if front is not None and not front.where.unclear and (front.thing or front.group):
            return front
    return None


def _formed(text: Text, sentence: Sentence) -> Front:
    """A question that is told by its form."""
    known = {field.name for field in fields(Reading)}
    found = {name: value for name, value in sentence.found.items() if name in known}
    reading = Reading(conditions=tuple(sentence.conditions), **found)  # type: ignore[arg-type]
    words = Words(sentence.text)
    where = where_of(reading, text.shape)
    explain(words, text, where, reading, {})
    return Front(reading, where, left=tuple(words.left()))


@dataclass
class _Reader:
    text: Text
    sentence: Sentence
    words: Words
    mentions: list[Mention] = field(default_factory=list)
    slot: Mention | None = None
    """A noun that is known to mean what differs between lines."""

    def front(self) -> Front | None:
        self._names()
        asked = cues(self.words)
        group = self._group()
        if group is False:
            return None
        return self._front(asked, group if isinstance(group, Mention) else None)

    def _names(self) -> None:
        """The longest runs of words that name something."""
        tokens, at = self.words.tokens, 0
        if self.slot is not None:
            self.mentions.append(self.slot)
            self.words.use(self.slot.start, self.slot.end)
        while at < len(tokens):
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
        if not is_quantity(noun) and not re.fullmatch(UNITS_OF_NUMBERS, noun, re.IGNORECASE):
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
                self.words.take(re.escape(match[0]))
                self.words.use(mention.start, mention.end)
                self.mentions.remove(mention)
                return mention
            if match[0].lower() not in {"by", "each", "every"}:
                return False
        return None

    # What is asked.

    def _front(self, asked: Cues, group: Mention | None) -> Front | None:
        target = self._target(asked)
        if target is None and group is None and self.slot is not None:
            target = self.slot
        if asked.breakdown and group is None and target is not None:
            group, target = target, None
            self.words.use(group.start, group.end)
        if asked.who and target is None and not asked.first and not asked.edge:
            return None
        measure = self._measure(asked, target)
        reading = asks(asked, self.sentence, Roles(target, measure, group), self.text.shape)
        if reading is None:
            return None
        if reading.ask in {"groups", "count", "lines", "exists"} and (
            not reading.thing or reading.thing in {"lines", "any"}
        ):
            target = None
        for mention in (target, measure):
            if mention is not None:
                self.words.use(mention.start, mention.end)
        for mention in self.mentions:
            if mention.sure and mention not in (target, measure):
                self.words.used[mention.start : mention.end] = [False] * (mention.end - mention.start)
        where = where_of(reading, self.text.shape)
        wanted = self._wanted(asked, reading, where)
        explain(
            self.words,
            self.text,
            where,
            reading,
            {m.start: (m.thing, m.end) for m in self.mentions if m.thing is not None},
        )
        base = self._base(reading, where) if reading.ask == "share" else ()
        where.unclear += self._asked_for(asked, wanted[0] if wanted else target, measure)
        column = target.thing.column if target is not None and target.thing is not None else None
        lines_of_it = column is not None and column.name in where.columns and asked.distinct < 0
        if lines_of_it and reading.ask == "distinct" and reading.many:
            reading = replace(reading, ask="count", thing="lines")  # how many console logins failed: those lines
        return Front(
            reading,
            where,
            target.thing if target else None,
            group.thing if group else None,
            measure.thing.column if measure is not None and measure.thing is not None and measure.sure else None,
            tuple(m.thing.column for m in wanted if m.thing is not None and m.thing.column is not None),
            tuple(self.words.left()),
            base,
        )

    def _base(self, reading: Reading, where: Where) -> tuple[str, ...]:
        """The patterns of the lines of which a part is asked for: the slow queries of `percentage of the slow queries did
        a collection scan`."""
        if len(where.patterns) < 2 and not reading.comparison:
            return ()
        words = Words(self.words.text)
        cues(words)
        verb = next((n for n, t in enumerate(words.tokens) if t.lower in VERBS and not words.used[n]), None)
        if verb is None or reading.conditions or reading.window:
            if len(where.patterns) > 1 and not reading.comparison:
                where.unclear.append("share")
            return ()
        words.use(verb, len(words.tokens))
        inner = Where()
        explain(words, self.text, inner, replace(reading, comparison=None), {})
        where.unclear += inner.unclear
        return tuple(inner.patterns)

    def _wanted(self, asked: Cues, reading: Reading, where: Where) -> list[Mention]:
        """The columns that are asked of the one line that is found: which path did the slowest request ask for, and of
        what is asked behind it: and which user was it."""
        found = []
        if reading.ask == "numbers" and set(reading.aggregates) <= {"min", "max"}:
            near = [m for m in self.mentions if m.sure or (m.thing is not None and m.thing.column is not None)]
            found = [
                m
                for m in near
                if asked.wh >= 0 and m.start == asked.wh + 1 and m.thing is not None and not m.thing.time
            ][:1]
            for mention in found:
                self.words.use(mention.start, mention.end)
            if asked.who:
                who = [c for c in self.text.shape.columns if c.kind == "user" or c.name.lower() in WHO]
                found = [Mention(asked.wh, asked.wh + 1, c.name, Thing(c.name, c.capture, c), True) for c in who]
                found = found if len(found) == 1 else []
        if reading.tail:
            tail = Words(reading.tail)
            for token in tail.tokens:
                named = None if token.stop or token.lower in NO_NAMES else thing_named(self.text, [token.text])
                if named is not None and named[0].column is not None and not named[0].time and not is_entry(token.text):
                    found.append(Mention(0, 0, token.text, named[0], True))
                elif reading.ask != "first" and not (
                    token.stop or token.lower in TAIL_WORDS or token.lower in FUNCTION
                ):
                    where.unclear.append(token.text)
        return found

    def _asked_for(self, asked: Cues, target: Mention | None, measure: Mention | None) -> list[str]:
        """The noun of which, what, whose or how many, where the answer would be something else."""
        at = asked.wh + 1
        if asked.who and target is not None:
            return []
        if asked.count >= 0 and target is None and measure is None:
            if self.text.shape.entry == "row":
                return []
            near = [t for n, t in enumerate(self.words.tokens) if n > asked.count and not self.words.used[n]][:1]
            near += self.words.tokens[asked.count + 2 : asked.count + 3]
            return [token.text for token in near if token.lower in ACTORS][:1]
        if asked.wh < 0 or at >= len(self.words.tokens) or self.words.tokens[at].stop:
            return []
        word = self.words.tokens[at]
        taken = [m for m in (target, measure) if m is not None and at <= m.start <= at + 2]
        if asked.who and target is None and not asked.first:
            return ["who"]
        if taken or word.lower in FUNCTION or is_entry(word.text) or re.fullmatch(UNITS, word.lower):
            return []
        return [word.text] if word.lower not in NOT_NOUNS else []

    def _target(self, asked: Cues) -> Mention | None:
        """What is ranked, listed or counted by its different values."""
        tokens = self.words.tokens
        for mention in self.mentions:
            # In brackets, in the text's own terms: who reads it most (display_name).
            own = mention.start and tokens[mention.start - 1].text == "(" and tokens[mention.end : mention.end + 1]
            if own and own[0].text == ")" and (asked.wh >= 0 or asked.top >= 0 or asked.distinct >= 0):
                return mention
        free = [m for m in self.mentions if m.thing is not None and not (asked.keys and m.numeric and not m.thing.time)]
        if asked.who and not any(m.start == asked.wh + 1 for m in free):
            for kind in ("user", "client"):
                named = column_named(self.text.shape, [kind])
                if named is not None and named.column.kind == kind:
                    return Mention(
                        asked.wh, asked.wh + 1, kind, Thing(f"{kind}s", named.column.capture, named.column), True
                    )
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
                if not self._with_value(m) and place < m.start <= place + 4 and self._joined(place + 1, m.start)
            ]
            if near:
                return self._head(near)
        if asked.edge_at >= 0 and len(asked.keys) > 1:
            # The slowest urls by average time.
            near = [m for m in free if m.start == asked.edge_at + 1 and not m.numeric]
            if near:
                return self._head(near)
        if asked.top >= 0 or asked.breakdown:
            nouns = [m for m in free if m.sure and (not m.numeric or m.thing.time)]  # type: ignore[union-attr]
            return nouns[0] if nouns else None
        return None

    def _with_value(self, mention: Mention) -> bool:
        """Whether a value of the column follows: status FAULT."""
        at = next((n for n in range(mention.end, len(self.words.tokens)) if not self.words.tokens[n].stop), None)
        if at is None or mention.thing is None or mention.thing.column is None:
            return False
        return any(value.lower() == self.words.tokens[at].lower for value in self.text.values(mention.thing.column))

    def _head(self, near: list[Mention]) -> Mention:
        """Of nouns in a row the last: `backend server`."""
        head = near[0]
        for mention in near[1:]:
            if mention.start == head.end and mention.sure and not mention.numeric:
                head = mention
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

    def _measure(self, asked: Cues, target: Mention | None) -> Mention | None:
        if not (asked.keys or asked.top >= 0 or asked.count >= 0 or asked.how_long or asked.amount):
            return None
        if asked.amount == "money" and (column := column_named(self.text.shape, ["amount"])) is not None:
            return Mention(0, 0, "amount", Thing("amount", column.column.capture, column.column), True)
        free = [m for m in self.mentions if m is not target and m.numeric and not (m.thing and m.thing.time)]
        if not asked.keys and asked.top >= 0:
            # The most bytes: what stands behind the word.
            near = [m for m in free if asked.top < m.start <= asked.top + 3 and not re.match("t[ao]", m.noun.lower())]
            free = [m for m in free if re.search(r"\bby(?: total| the| average)?$", self.words.before(m.start))] or near
        if not free and asked.keys == ("sum",) and (named := self._total()) is not None:
            return named
        return next((m for m in free if m.sure), free[0] if free else None)

    def _total(self) -> Mention | None:
        """The total of the orders, where a column is called so."""
        found = [c for c in self.text.shape.columns if c.numeric and c.name.lower() == "total"]
        at = next((n for n, token in enumerate(self.words.tokens) if token.lower == "total"), None)
        return (
            None
            if at is None or len(found) != 1
            else Mention(at, at + 1, "total", Thing("total", found[0].capture, found[0]), True)
        )
