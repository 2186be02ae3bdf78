"""What a question asks, put together of what its words name: columns and values first, then what is asked of them, then
the words of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rlm_ls.models.offline.grounding.asking import Mention, Roles, asks
from rlm_ls.models.offline.grounding.cues import CALCULATED, UNIT_AT_END, Cues, cues
from rlm_ls.models.offline.grounding.little import ACTORS, ENTITIES, ROWS
from rlm_ls.models.offline.grounding.mentions import called, column_named, is_entry, thing_named, value_named
from rlm_ls.models.offline.grounding.naming import NO_NAMES, Naming, is_person
from rlm_ls.models.offline.grounding.rest import explain
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.parsing.sentence import GAP, Comparison, Reading
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION, UNITS, plain
from rlm_ls.models.offline.rules.columns import Thing, quantities_of
from rlm_ls.models.offline.rules.conditions import Where, where_of
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.embedded import numbers_by

NOT_NOUNS = frozenset(re.findall(r"\w+", "can will could would should percentage percent share"))

TAIL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "and how long much many often big large high low fast slow far old hot cold what which who when where whose"
        " time times did do does was were is"
        " are it "
        "take took last lasted happen happened seconds ms milliseconds minutes bytes date day hour each them they"
        " line value taken ran run db",
    )
)
"""What may be asked behind a question: the line that is found shows it."""

VERBS = frozenset(
    re.findall(
        r"\w+",
        "did do does were are was is have had has used took that which with came served got went ended resulted"
        " returned "
        "failed led contain contained whose where responded needed lasted",
    )
)
"""Behind the first of these a question for a share says which part is meant."""

SAYING = r"\b(?:sa(?:id|ys?)|wr[io]te|written|ask\w*|mention\w*|post\w*|talk\w*|sen[dt]|use[ds]?|repl\w+|answer\w*)\b"
WHO = frozenset(["from", "sender", "author", "owner", "customer", "user", "username", "name", "driver", "by"])


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


def _measured_in(column: Column | None, kind: str) -> bool:
    """Whether a column's numbers may be bytes, or seconds: by its kind, its name or what is written behind them."""
    return (
        column is None
        or column.kind == kind
        or column.unit != ""
        or any(value[-1:].isalpha() for value in column.values)
    )


class Composer(Naming):
    """A question as it is put together."""

    def front(self) -> Front | None:
        if re.search(CALCULATED, self.words.text, re.IGNORECASE):
            self.words.take(UNIT_AT_END)
        self._compared()
        self._names()
        asked = cues(self.words)
        group = self._group()
        if group is False:
            return None
        return self._front(asked, group if isinstance(group, Mention) else None)

    def _compared(self) -> None:
        """The quantity that is compared, where its name has more words than the one beside the number: historic
        readings below 70, where a column is called historic glucose."""
        found, tokens = self.sentence.found.get("comparison"), self.words.tokens
        if not isinstance(found, Comparison) or not found.measure or quantities_of(self.text.shape, found.measure):
            return
        end = next((n for n, token in enumerate(tokens) if token.text == GAP), 0)
        for start in range(max(0, end - 3), end):
            run = [token.text for token in tokens[start:end]]
            if run[0].lower() in NO_NAMES | {"many"} or not self.words.free(start, end):
                continue
            for said in ([*run, found.measure], run if found.measure.lower() in ROWS else []):
                named = column_named(self.text.shape, said) if said else None
                if named is not None and named.column.quantity:
                    self.words.use(start, end)
                    self.sentence.found["comparison"] = replace(found, measure=named.column.name)
                    return

    def _front(self, asked: Cues, group: Mention | None) -> Front | None:
        target = self._target(asked)
        if self.slot is not None and group is None and (target is None or self.slot.noun.lower() == "who"):
            target = self.slot
        if asked.breakdown and group is None and target is not None:
            group, target = target, None
            self.words.use(group.start, group.end)
        if asked.who and target is None and not asked.first and not asked.edge:
            return None
        if target is not None and self.sentence.found.get("comparison") and self._is_row(target):
            self.words.use(target.start, target.end)
            self.mentions = [mention for mention in self.mentions if mention.start != target.start]
            target = None
        measure = self._measure(asked, target)
        reading = asks(asked, self.sentence, Roles(target, measure, group), self.text.shape)
        if reading is None:
            return None
        if reading.ask in {"groups", "count", "lines", "exists"} and (
            not reading.thing or reading.thing in {"lines", "any"}
        ):
            target = None
        if not reading.measure and measure is not target:
            measure = None  # on how many days did it rain: more than which days there are
        for mention in (target, measure):
            if mention is not None:
                self.words.use(mention.start, mention.end)
        for mention in self.mentions:
            taken = any(one is not None and one.start <= mention.start < one.end for one in (target, measure))
            if mention.sure and not taken:
                self.words.used[mention.start : mention.end] = [False] * (mention.end - mention.start)
        where = where_of(reading, self.text.shape)
        self._what_is_long(asked, reading, measure, where)
        wanted = self._wanted(asked, reading, where)
        if asked.amount == "money" and measure is not None and measure.thing is not None:
            self._by_sign(measure.thing.column, where)
        explain(
            self.words,
            self.text,
            where,
            reading,
            {m.start: (m.thing, m.end) for m in self.mentions if m.thing is not None},
        )
        if reading.ask == "first" and asked.wh >= 0 and target is not None and target.thing and not target.thing.time:
            where.patterns.append(target.thing.capture)  # a line that has what is asked of it
        base = self._base(reading, where) if reading.ask == "share" else ()
        where.unclear += self._asked_for(asked, wanted[0] if wanted else target, measure)
        column = target.thing.column if target is not None and target.thing is not None else None
        where.unclear += ["who"] if where.soft and self._tells_of_others() else []
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

    def _by_sign(self, column: Column | None, where: Where) -> None:
        """Of amounts of both signs, what was spent or what was earned."""
        if column is None or len({value[:1] == "-" for value in column.values if value}) < 2:
            return
        earned = re.search(r"\b(?:earn|receiv)", self.words.text, re.IGNORECASE)
        sign = "(?!-)" if earned else "(?=-)"
        where.patterns.append(f"{column.before}{sign}(?:{column.value}){column.after}")
        where.said.append(f"{column.name} {'above' if earned else 'below'} 0")

    def _tells_of_others(self) -> bool:
        """Whether who did something is asked of a chat: those who write of it need not have done it."""
        spoken = any(column.name == "speaker" for column in self.text.shape.columns)
        asked = re.search(r"\bwho\b", self.words.text, re.IGNORECASE) is not None
        return spoken and asked and re.search(SAYING, self.words.text, re.IGNORECASE) is None

    def _is_row(self, target: Mention) -> bool:
        """Whether each row is one of these days."""
        shape = self.text.shape
        return (
            shape.entry == "row"
            and bool(re.fullmatch("da(?:y|te)s?", target.noun.lower()))
            and shape.time is not None
            and not shape.time.format.hour
            and len(shape.columns[0].values) > 1
            and target.thing is not None
            and len({d for line in self.text.lines for d in re.findall(target.thing.capture, line)})
            >= len(self.text.lines) - 4
        )

    def _what_is_long(self, asked: Cues, reading: Reading, measure: Mention | None, where: Where) -> None:
        """Use the noun of the longest ride, which says what a row is, where the text does not know it. The wettest
        month is none of the rows."""
        at = asked.edge_at + 1
        noun = self.words.tokens[at].text if 0 < at < len(self.words.tokens) else ""
        text = self.text
        if reading.ask != "numbers" or measure is not None or text.shape.entry != "row" or not noun.isalpha():
            return
        if re.fullmatch("(?:month|week|year|hour|minute)s?", noun.lower()):
            where.unclear.append(noun)
        own = [m.thing.column for m in self.mentions if m.start == at and m.thing is not None and m.thing.column]
        if any(plain(column.name).endswith(" id") for column in own):
            self.words.use(at, at + 1)  # the longest session, of which each has a session id
            return
        means = (
            noun.lower() in FUNCTION or text.vocabulary.knows(noun) or value_named(text, [noun]) or called(text, noun)
        )
        if not means:
            self.words.use(at, at + 1)

    def _base(self, reading: Reading, where: Where) -> tuple[str, ...]:
        """The patterns of the lines of which a part is asked for: the slow queries of `percentage of the slow queries
        did a collection scan`."""
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
                if asked.wh >= 0 and self._asks_for(asked.wh, m.start) and m.thing is not None and not m.thing.time
            ][:1]
            for mention in found:
                self.words.use(mention.start, mention.end)
            asks_time = asked.when or (
                asked.wh >= 0 and any(m.thing and m.thing.time and m.start == asked.wh + 1 for m in near)
            )
            if asks_time and (time := self.text.shape.time) is not None:
                column = Column("time", "time", time.before, time.format.pattern)
                found = [Mention(0, 0, "time", Thing("time", column.capture, column), True)]
            if asked.who:
                who = [c for c in self.text.shape.columns if is_person(c) or c.name.lower() in WHO]
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

    def _asks_for(self, wh: int, noun: int) -> bool:
        """Whether a noun stands right behind what or which: which job, what was the id of the job."""
        between = [token.lower for token in self.words.tokens[wh + 1 : noun]]
        return wh < noun and between in ([], ["is", "the"], ["was", "the"])

    def _asked_for(self, asked: Cues, target: Mention | None, measure: Mention | None) -> list[str]:
        """The noun of which, what, whose or how many, where the answer would be something else."""
        at = asked.wh + 1
        noun = self.words.tokens[asked.distinct + 1 : asked.distinct + 2] if asked.distinct >= 0 else []
        if noun and target is not None and target.start > asked.distinct + 1 and noun[0].lower in ACTORS | ENTITIES:
            return [] if any(m.start == asked.distinct + 1 for m in self.mentions) else [noun[0].text]
        if re.search(r"\b(?:is|are|was|were) (?:\w+ ){1,3}doing\b", self.words.text, re.IGNORECASE):
            return ["doing"]
        if asked.who and target is not None:
            column = target.thing.column if target.thing is not None else None
            own = target.start > 0 and self.words.tokens[target.start - 1].text == "("
            somebody = (
                own or target.start == asked.wh or column is None or is_person(column) or column.name.lower() in WHO
            )
            return [] if somebody or asked.keys else ["who"]
        if asked.count >= 0 and target is None and measure is None:
            if self.text.shape.entry == "row":
                return []
            near = [t for n, t in enumerate(self.words.tokens) if n > asked.count and not self.words.used[n]][:1]
            near += self.words.tokens[asked.count + 2 : asked.count + 4]
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

    def _measure(self, asked: Cues, target: Mention | None) -> Mention | None:
        if not (asked.keys or asked.much >= 0 or asked.top >= 0 or asked.count >= 0 or asked.how_long or asked.amount):
            return None
        if asked.amount == "money" and (column := column_named(self.text.shape, ["amount"])) is not None:
            return Mention(0, 0, "amount", Thing("amount", column.column.capture, column.column), True)
        free = [m for m in self.mentions if m is not target and m.numeric and not (m.thing and m.thing.time)]
        if not asked.keys and asked.top >= 0:
            # The most bytes: what stands behind the word.
            near = [m for m in free if asked.top < m.start <= asked.top + 3 and not re.match("t[ao]", m.noun.lower())]
            near = near or [
                m for m in free if m.sure and asked.top - 2 <= m.end <= asked.top
            ]  # where it rained the most
            free = [m for m in free if re.search(r"\bby(?: total| the| average)?$", self.words.before(m.start))] or near
        told = next((m for m in free if asked.count >= 0 and asked.keys and m.start == asked.count + 2), None)
        if told is not None and told.embedded and told.thing is not None:
            # How many buffers a checkpoint writes on average: the number before the noun, not what is behind it.
            numbers = numbers_by(told.noun, self.text.lines)
            return None if numbers is None else replace(told, thing=replace(told.thing, column=numbers), sure=True)
        if asked.amount in {"size", "duration"}:
            free = [m for m in free if m.thing is None or _measured_in(m.thing.column, asked.amount)]
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
