"""What is asked, by the words that say so and by what the question names: a Reading whose nouns are resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rlm_ls.models.offline.grounding.cues import IMPLIED, SPEED, Cues
from rlm_ls.models.offline.grounding.mentions import column_names, is_entry, is_quantity
from rlm_ls.models.offline.parsing.reading import INTERROGATIVE
from rlm_ls.models.offline.parsing.sentence import Reading, Sentence
from rlm_ls.models.offline.parsing.vocabulary import plain, singular
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Mention:
    """Words from `start` up to `end` that name something of the text; without a thing, a quantity that may be in it."""

    start: int
    end: int
    noun: str
    thing: Thing | None = None
    sure: bool = False

    @property
    def numeric(self) -> bool:
        return self.thing is None or (self.thing.column is not None and self.thing.column.quantity)

    @property
    def plural(self) -> bool:
        return singular(self.noun.lower()) != self.noun.lower()

    @property
    def loose(self) -> bool:
        """Whether nothing but the words beside it name its column."""
        return self.thing is not None and self.thing.column is not None and self.thing.column.loose

    @property
    def embedded(self) -> bool:
        """Whether it is only what stands behind a noun in some lines."""
        return self.thing is not None and self.thing.column is not None and self.thing.column.kind == "embedded"


@dataclass(frozen=True, slots=True)
class Roles:
    """What of the named is ranked or listed, what is calculated with, and what the answer is kept apart by."""

    target: Mention | None
    measure: Mention | None
    group: Mention | None


TAKEN_OVER = ("window", "comparison", "contains", "tail")
"""What the sentence was found to say before its words were held against the text."""


def asks(cues: Cues, sentence: Sentence, roles: Roles, shape: Shape) -> Reading | None:
    """None where the words that say what is asked do not go together, or not with what is named."""
    found = {name: sentence.found[name] for name in TAKEN_OVER if name in sentence.found}
    base = Reading(
        conditions=tuple(sentence.conditions),
        n=cues.n,
        least=cues.least,
        listed=bool(cues.n) or (roles.target is not None and roles.target.plural),
        **found,  # type: ignore[arg-type]
    )
    if base.comparison is not None:
        alone = (cues.count >= 0 or cues.share) and roles.group is None and roles.target is None
        return replace(base, ask="share" if cues.share else "count") if alone else None
    if shape.entry == "row" and cues.count >= 0 > cues.distinct and MISSING.search(str(sentence.found["whole"])):
        return replace(base, ask="count", thing="lines")
    if cues.share:
        return replace(base, ask="share") if roles.group is None and roles.target is None else None
    if cues.count >= 0 and set(cues.keys) - {"sum"} and not _near(roles.measure, cues.count):
        return None  # how many rows the slowest query returned
    if cues.amount and not cues.keys:
        cues = replace(cues, keys=("sum",))
    if cues.much >= 0 and roles.measure is not None and roles.measure.sure and roles.measure.start == cues.much + 1:
        cues = replace(cues, keys=("sum",))
    if cues.keys:
        return _calculated(cues, base, roles, sentence)
    if cues.top >= 0:
        if (
            (shape.entry == "row" or shape.name == "JSON lines")
            and roles.measure is None
            and TRADED.search(str(sentence.found["whole"]))
        ):
            return None  # how much, or how often
        return _ranked(cues, base, roles)
    if roles.group is not None:
        return _grouped(cues, base, roles, roles.group, shape)
    if roles.target is not None and not is_entry(roles.target.noun):
        return _of_target(cues, base, roles.target, shape)
    return _of_lines(cues, base, roles, sentence)


def _near(measure: Mention | None, place: int) -> bool:
    """Whether a quantity is what stands behind how many."""
    return measure is not None and place < measure.start <= place + 3


TRADED = re.compile(
    r"\b(?:sold|sells?|bought|spen[dt]s?|pa(?:id|ys?)|earn(?:ed|s)?)(?: me)? the (?:most|least)\b", re.IGNORECASE
)
MISSING = re.compile(r"\b(?:missing|empty|blank)\b", re.IGNORECASE)
WAITED = re.compile(r"\b(?:pauses?|delays?|waits?|stalls?|down ?times?)\b", re.IGNORECASE)


SEVERAL = re.compile(
    r"\b(?:how many|number of|count|(?:total|sum)(?: of)?(?: the)?(?: \w+){0,3} [a-z]+s)\b|"
    r"\b[a-z]{3,}[^\Wsu]s\b.*\b(?:total|altogether|overall|combined)\b",
    re.IGNORECASE,
)
"""Several of something: their total is how many there are."""
TAKEN = re.compile(r"\b(?:took|takes?|taken)\b", re.IGNORECASE)


def _lasts(measure: Mention) -> bool:
    """Whether a quantity may be a time: what took longest is told by no other."""
    column = measure.thing.column if measure.thing is not None else None
    return column is None or column.kind == "duration" or any(re.search(r"\d ?[a-zµ]", v) for v in column.values)


def _calculated(cues: Cues, base: Reading, roles: Roles, sentence: Sentence) -> Reading | None:
    keys, target, measure = cues.keys, roles.target, roles.measure
    if measure is not None and measure.noun.lower().endswith("total") and len(keys) > 1:
        keys = tuple(key for key in keys if key != "sum")
    if measure is not None:
        if TAKEN.search(str(sentence.found["whole"])) and SPEED.search(cues.edge) and not _lasts(measure):
            return None
        said = measure.noun
    elif cues.amount:
        said = cues.amount
    elif cues.how_long or SPEED.search(cues.edge):
        said = "duration"
    elif WAITED.search(str(sentence.found["whole"])):
        said = "duration"  # and the word itself is looked for in the lines
    else:
        said = next(
            (noun for edge, noun in IMPLIED if re.match(edge, cues.edge.removeprefix("most ").removeprefix("least "))),
            "",
        )
    if not said and keys == ("sum",) and not SEVERAL.search(str(sentence.found["whole"])):
        return None  # total salary
    if not said and keys == ("sum",):
        return (
            replace(base, ask="groups", by=roles.group.noun)
            if roles.group
            else replace(base, ask="count", thing="lines")
        )
    if not said or (roles.group is not None and len(keys) > 1):
        return None
    inner = tuple(key for key in keys if key not in {"min", "max"} or not cues.edge)
    if target is not None and target.thing is not None and not target.numeric:
        if roles.group is not None:
            return None
        if inner or cues.top >= 0 or cues.n:
            return replace(base, ask="extreme", thing=target.noun, measure=said, aggregates=inner[:1])
    by = roles.group.noun if roles.group is not None else ""
    return replace(base, ask="numbers", measure=said, aggregates=keys, by=by)


def _ranked(cues: Cues, base: Reading, roles: Roles) -> Reading | None:
    if roles.target is None or roles.group is not None:
        return None
    measure = roles.measure
    if roles.target.numeric and roles.target.sure and not roles.target.plural and base.n is None and not base.least:
        time = roles.target.thing is not None and roles.target.thing.time
        if not time and measure is None and cues.high:
            return replace(base, ask="numbers", measure=roles.target.noun, aggregates=("max",))  # top wind speed
    if measure is not None and (measure.sure or is_quantity(measure.noun)):
        return replace(base, ask="extreme", thing=roles.target.noun, measure=measure.noun, aggregates=("sum",))
    return replace(base, ask="top", thing=roles.target.noun)


def _is_amount(target: Mention, shape: Shape) -> bool:
    """Whether how many of these is a sum: each row says how many, in a column of this name."""
    column = target.thing.column if target.thing is not None else None
    named = column is not None and target.numeric and target.sure and plain(target.noun) in column_names(column)
    return named and shape.entry in {"row", "request"}


def _grouped(cues: Cues, base: Reading, roles: Roles, group: Mention, shape: Shape) -> Reading | None:
    target = roles.target if roles.target is not None and (roles.target.sure or cues.distinct >= 0) else None
    if target is not None and (target.loose or target.numeric) and cues.distinct < 0:
        if cues.count >= 0 and _is_amount(target, shape):
            return replace(base, ask="numbers", measure=target.noun, aggregates=("sum",), by=group.noun)
        target = None  # overloads per lift: the lines that tell of one
    if target is None:
        return replace(base, ask="groups", by=group.noun)
    if cues.distinct >= 0 or (cues.count >= 0 and target.plural and not is_entry(target.noun)):
        return replace(base, ask="groups", by=group.noun, thing=target.noun, many=True)
    return None


def _of_target(cues: Cues, base: Reading, target: Mention, shape: Shape) -> Reading | None:
    if cues.first:
        return replace(base, ask="first", last=cues.last)
    if cues.when:
        return None
    many = cues.count >= 0
    if many and cues.times and target.noun.lower() == "who":
        return replace(base, ask="top", thing=target.noun, listed=True)  # who ran it, and how often
    if many and 0 <= cues.wh < target.start <= cues.wh + 2 < cues.count:
        return replace(base, ask="top", thing=target.noun, listed=True)  # for which reasons, and how many times each
    if many and target.numeric and target.sure:
        summed = _is_amount(target, shape)
        return replace(base, ask="numbers", measure=target.noun, aggregates=("sum",)) if summed else None
    if many and cues.distinct < 0 and target.embedded and not target.sure:
        return replace(base, ask="count", thing="lines")  # how many sessions expired: those lines
    return replace(base, ask="distinct", thing=target.noun, many=many)


SUMMED = {"bytes", "traffic", "data"}


def _of_lines(cues: Cues, base: Reading, roles: Roles, sentence: Sentence) -> Reading | None:
    measure = roles.measure
    if cues.count >= 0 and measure is not None and measure.start <= cues.count + 3 and measure.noun.lower() in SUMMED:
        return replace(base, ask="numbers", measure=measure.noun, aggregates=("sum",))
    if cues.first:
        return replace(base, ask="first", last=cues.last)
    if cues.count >= 0:
        quoted = bool(base.conditions) and all(condition.kind == "text" for condition in base.conditions)
        return replace(base, ask="count", occurrences=cues.times and (quoted or not base.conditions), thing="lines")
    if cues.when:
        return replace(base, ask="lines")
    if cues.exists:
        return replace(base, ask="exists", thing="any" if cues.any else "")
    # "anrs?", "hits from googlebot": a noun alone asks how many there are.
    asked = re.search(rf"{INTERROGATIVE}|\bnames\b|\blines\b", str(sentence.found["whole"]), re.IGNORECASE)
    return None if asked else replace(base, ask="count", thing="lines")
