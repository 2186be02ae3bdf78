"""Which lines a question is about: its conditions as patterns of lines, by the columns of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rlm_ls.models.offline.parsing.patterns import escaped, literal, word_pattern, words_pattern
from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.stretches import window_pattern
from rlm_ls.models.offline.parsing.vocabulary import NOUNS, WRITTEN, plain, singular
from rlm_ls.models.offline.parsing.windows import Window
from rlm_ls.models.offline.rules.columns import column_of
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.levels import LEVELS, level_said, spellings
from rlm_ls.models.offline.shapes.shape import Shape

FEW_VALUES = 30
"""A word is taken for a value of a column that holds at most so many different ones in the sample."""


@dataclass
class Where:
    """`patterns` are what a line must match, all of them; `unwanted` what it must not; `said` how an answer names them.
    `soft` says that a plain word was looked for in the text: where no line has it, it may mean something else.
    `unclear` are words that nothing in the text explains: then there is no number."""

    patterns: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    soft: bool = False
    absent: bool = False
    """A word of a whole text was looked for that it has in no form: no line can be meant."""
    times: list[str] = field(default_factory=list)
    """How an answer names the times."""
    loose: str = ""
    """A pattern that must match no more lines than all of `patterns` do, or it is not sure what was meant."""
    alternatives: list[tuple[str, str]] = field(default_factory=list)
    """The values of one column any of which will do, with their patterns: an answer gives each one's share."""
    columns: dict[str, int] = field(default_factory=dict)
    """By a column's name, which of `patterns` it is held to."""
    labels: dict[str, str] = field(default_factory=dict)

    def add(self, pattern: str, said: str) -> None:
        self.patterns.append(pattern)
        self.said.append(said)

    def hold(self, column: Column, value: str, said: str, label: str = "") -> None:
        """A line holds one value in a column: of several that are asked for, any will do. `label` is what its share is
        shown with, where that is not `said`."""
        pattern = column.holding(value)
        if (at := self.columns.get(column.name)) is None:
            self.columns[column.name] = len(self.patterns)
            self.labels[column.name] = label or said
            self.add(pattern, said)
        elif self.patterns[at] != pattern:
            if not self.alternatives:
                self.alternatives.append((self.labels[column.name], self.patterns[at]))
            self.alternatives.append((label or said, pattern))
            self.patterns[at] = f"{self.patterns[at]}|{pattern}"
            self.said = [f"{known} or {said}" if known == self.said[at] else known for known in self.said]

    @property
    def phrase(self) -> str:
        return " and ".join(self.said)


def where_of(reading: Reading, shape: Shape, *, language: str = "") -> Where:
    where = Where()
    for condition in reading.conditions:
        _turned(where, condition, reading, shape)
    if reading.window is not None:
        _window(where, reading.window, shape)
    for phrase in reading.rest:
        _phrase(where, phrase, reading, shape)
    if reading.thing == "requests" and shape.entry != "request":
        _requests(where, shape)
    return where


def _named(level: str, word: str) -> str:
    """As the question writes it, where that is a name: ERROR, also of ERRORs."""
    one = word[:-1] if word.endswith("s") else word
    return one if one.isupper() else f"level {level}"


NEGATIONS = {
    "not",
    "no",
    "without",
    "except",
    "excluding",
    "never",
    "neither",
    "nor",
    "other",
    "than",
    "more",
    "less",
    "fewer",
    "before",
    "after",
    "non",
    "both",
    "consecutive",
    "longest",
    "shortest",
    "until",
    "since",
    "instead",
    "first",
    "last",
}
"""Words that turn or order what stands beside them: where no step of the reading took them, they were not
understood."""


def _turned(where: Where, condition: Condition, reading: Reading, shape: Shape) -> None:
    if not condition.without:
        _condition(where, condition, reading, shape)
        return
    inner = Where()
    _condition(inner, condition, reading, shape)
    where.unclear += inner.unclear
    where.unwanted += inner.patterns
    where.said += [f"not {said}" for said in inner.said]


def _condition(where: Where, condition: Condition, reading: Reading, shape: Shape) -> None:
    value = condition.value
    if condition.kind == "text":
        where.add(literal(value), value)
    elif condition.kind == "level":
        _level(where, value, condition.name, reading, shape)
    elif condition.kind == "status":
        column = column_of(shape, "status")
        if column is None and shape.entry == "event" and value.isdigit():
            where.add(rf"(?:^|[^\w.]){value}(?:[^\w.]|$)", value)
        elif column is None:
            where.unclear.append(value)
        else:
            where.hold(column, value.replace("xx", r"\d\d"), f"status {value}")
    elif condition.kind == "pair":
        column = column_of(shape, condition.name)
        said = f"{condition.name}={value}"
        pattern = rf"(?:^|[^\w.]){escaped(condition.name)}=[\"']?{escaped(value)}(?:[^\w.-]|$)"
        if column is not None:
            where.hold(column, escaped(value), said)
        else:
            where.add(pattern, said)
    elif condition.kind == "address":
        column = column_of(shape, "client")
        if column is not None and not reading.contains:
            where.hold(column, escaped(value), value)
        else:
            where.add(rf"(?:^|[^\d.]){escaped(value)}(?:[^\d]|$)", value)
    elif condition.kind == "path":
        column = column_of(shape, "path")
        if column is not None and not reading.contains:
            tail = "" if "?" in value else r"(?:\?[^\s\"]*)?"
            body = escaped(value).replace(r"\*", r"[^\s\"?]*")
            where.hold(column, body + ("" if value.startswith("http") and "*" in value else tail), value)
        else:
            where.add(rf"(?:^|[^\w/]){escaped(value)}(?:[^\w/-]|$)", value)
    elif condition.kind == "method":
        column = column_of(shape, "method")
        if column is not None:
            where.hold(column, value, value)
        else:
            where.add(rf"\b{value}\b", value)


def _level(where: Where, level: str, word: str, reading: Reading, shape: Shape) -> None:
    column = shape.level()
    said = level_said(word) == level and word.islower()
    if column is not None and level in {"panic", "fatal"} and said and not _spelled(column, level):
        # A program that panics writes so, at whatever level its log has.
        where.add(word_pattern(word), f"the word {level}")
        where.soft = True
        return
    if column is not None:
        known = "|".join(LEVELS[level].split("|"))
        has = any(re.fullmatch(f"(?i:{known})", value) or value.isdigit() for value in column.values)
        own = _spelled(column, level)
        where.hold(column, spellings(level, column.values), _named(level, word), own[0] if len(own) == 1 else level)
        if level == "error" and not has and any(re.fullmatch("(?i:fatal|critical|failure)", v) for v in column.values):
            where.notes.append("other levels of this text say worse than error; they are not counted")
        return
    if word.isupper() and len(word) > 2:
        where.add(rf"\b{word}\b", word)
        return
    if shape.entry in {"request", "row"} or reading.ask not in {"count", "exists", "first", "lines"}:
        # What has no levels has none to rank, share or keep apart: the word may stand in any line, for anything.
        where.unclear.append(word)
        return
    stem = {"warning": "warn(?:ing)?", "error": "error"}.get(level, level)
    where.add(rf"(?i)(?:^|[^a-z]){stem}s?(?:[^a-z]|$)", f"the word {level}")
    where.unwanted.append(
        rf"(?i)\b{stem}s?\"?\s?[=:]\s?\"?(?:0|null|none|nil|false|\"|-|,|$)|\b(?:no|without|0) {stem}s?\b"
    )
    where.soft = True
    where.loose = rf"(?i){stem}"


def _spelled(column: Column, level: str) -> list[str]:
    """How a column of levels writes one of them."""
    pattern = spellings(level, column.values)
    return [value for value in column.values if re.fullmatch(pattern, value)]


def _phrase(where: Where, phrase: str, reading: Reading, shape: Shape) -> None:
    """Words that no step of the reading took: values of columns, then words of the text."""
    words = [word for word in phrase.split() if not _row_noun(word, shape)]
    if reading.conditions or shape.entry == "request" or reading.thing == "lines":
        words = [word for word in words if word.lower() not in WRITTEN]
    if reading.ask == "numbers" and set(reading.aggregates) <= {"min", "max"}:
        # The slowest page: that of the line which is shown.
        words = [word for word in words if shape.entry != "request" or column_of(shape, word) is None]
    if reading.window is not None and shape.entry == "row":
        words = [
            word for word in words if word.lower() not in {"created", "made", "placed", "ordered", "dated", "date"}
        ]
    if not words:
        return
    if any(condition.kind == "status" for condition in reading.conditions):
        words = [
            word
            for word in words
            if not re.fullmatch("(?i)fail(?:ed|ing|s)?|succe(?:eded|ssful|ss)|error(?:ed)?|http", word)
        ]
    if turning := [word for word in words if word.lower() in NEGATIONS]:
        where.unclear += turning
        return
    left: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        level = shape.level()
        spelled = [v for v in level.values if v.lower() == singular(word.lower())] if level is not None else []
        if level is not None and spelled:
            where.hold(level, "|".join(map(escaped, spelled)), spelled[0])
            at += 1
            continue
        following = words[at + 1] if at + 1 < len(words) else ""
        noun = _noun(shape, word)
        if noun is not None and following and _value_of(noun, following) is not None:
            where.hold(noun, _value(noun, following), f"{noun.name} {following}", following)
            at += 2
            continue
        column = _column_holding(shape, word)
        if column is not None:
            where.hold(column, _value(column, word), f"{column.name} {word}", word)
            at += 2 if following and _noun(shape, following) is column else 1
            continue
        column = _column_with_part(shape, word)
        if column is not None:
            values = [value for value in column.values if word.lower() in _parts(value)]
            where.hold(column, "|".join(escaped(value) for value in values), f"{column.name} {word}")
            where.soft = True
            at += 1
            continue
        left.append(word)
        at += 1
    if not left:
        return
    names = all(re.search(r"[\d_/@]|[a-z][A-Z]|^[A-Z]{3,}", word) and not word.isdigit() for word in left)
    if shape.entry in {"request", "row"} and not reading.contains and not names:
        where.unclear += left
        return
    if len(left) > 4 or any(re.fullmatch(noun, " ".join(left), re.I) for noun, _ in NOUNS):
        where.unclear += left
        return
    prose = shape.entry == "line"
    left = [word for word in left if word.lower() not in {"time", "log", "container", "app", "application", "server"}]
    if prose:
        where.add(words_pattern(left), " ".join(left))
    for word in () if prose else left:
        where.add(word_pattern(word), word)
    where.soft = True


def _row_noun(word: str, shape: Shape) -> bool:
    """Whether a word is what a row is: orders, where the first column is the order's id or the file is orders.csv."""
    if shape.entry != "row":
        return False
    one = plain(word)
    first = plain(shape.columns[0].name) if shape.columns else ""
    return first in {f"{one} id", f"{one} number", f"{one} no"} or one in shape.row.split()


def _noun(shape: Shape, word: str) -> Column | None:
    column = column_of(shape, word)
    return column if column is not None and column.kind != "message" else None


def _column_holding(shape: Shape, word: str) -> Column | None:
    found = [
        column
        for column in shape.columns
        if column.kind not in {"message", "time", "pid", "level", "line"}
        and len(column.values) <= FEW_VALUES + 10
        and any(value.lower() == word.lower() for value in column.values)
        and not (word.isdigit())
    ]
    return found[0] if len(found) == 1 else None


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"[_/.:-]", value.lower()) if part]


def _column_with_part(shape: Shape, word: str) -> Column | None:
    """The one column of a request that has few values, in capitals as codes are, some with this word: TCP_DENIED."""
    found = [
        column
        for column in shape.columns
        if shape.entry == "request" and column.kind not in {"path", "agent", "referer", "user", "client", "method"}
        if len(column.values) <= FEW_VALUES and all(value == value.upper() for value in column.values)
        if any(word.lower() in _parts(value) for value in column.values) and not word.isdigit()
    ]
    return found[0] if len(found) == 1 else None


def _value_of(column: Column, word: str) -> str | None:
    """Whether a word can be a value of the column: one of the sample's, or written as no plain word is."""
    if any(value.lower() == word.lower() for value in column.values):
        return word
    return word if re.search(r"[\d_.@/-]|^[A-Z]{3,}$", word) else None


def _value(column: Column, word: str) -> str:
    same = [value for value in column.values if value.lower() == word.lower()]
    return "|".join(escaped(value) for value in same) or escaped(word)


def _requests(where: Where, shape: Shape) -> None:
    """In a log of other events too, a request is a line with a path or a method."""
    if any("status" in said or said.isupper() for said in where.said):
        return
    column = column_of(shape, "path") or column_of(shape, "method") or column_of(shape, "status")
    if column is None:
        if not where.patterns:
            where.unclear.append("requests")
        return
    where.patterns.append(column.capture.replace("(" + column.value + ")", f"(?:{column.value})"))


def _window(where: Where, window: Window, shape: Shape) -> None:
    pattern = window_pattern(window, shape.time)
    if pattern is None:
        where.unclear.append(window.said)
    else:
        where.patterns.append(pattern)
        where.times.append(window.said)
