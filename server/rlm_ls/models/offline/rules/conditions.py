"""Which lines a question is about: its conditions as patterns of lines, by the columns of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rlm_ls.models.offline.parsing.patterns import escaped, literal, word_pattern
from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.stretches import window_pattern
from rlm_ls.models.offline.parsing.windows import Window
from rlm_ls.models.offline.rules.columns import column_of
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.levels import LEVELS, level_said, spellings
from rlm_ls.models.offline.shapes.shape import Shape


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
    partly: bool = False
    """A column is held to a part or another form of a value: where no line has it, something else may be meant."""
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
    held: dict[str, str] = field(default_factory=dict)
    """By a column's name, how `said` names what it is held to."""

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
            self.held[column.name] = said
            self.add(pattern, said)
        elif self.patterns[at] != pattern:
            if not self.alternatives:
                self.alternatives.append((self.labels[column.name], self.patterns[at]))
            self.alternatives.append((label or said, pattern))
            self.patterns[at] = f"{self.patterns[at]}|{pattern}"
            before = self.held[column.name]
            self.held[column.name] = f"{before} or {said}"
            self.said = [self.held[column.name] if known == before else known for known in self.said]

    @property
    def anywhere(self) -> list[str]:
        """Words of the lines' own, which a line of another format would hold too, if it was meant."""
        return [pattern for pattern in self.patterns if not pattern.startswith("^")]

    @property
    def each(self) -> list[str]:
        """Where several columns are held to values: the patterns, each of which some line matches, or not all of them
        are what was meant."""
        return [self.patterns[at] for at in self.columns.values()] if len(self.columns) > 1 else []

    @property
    def phrase(self) -> str:
        return " and ".join(self.said)


def where_of(reading: Reading, shape: Shape) -> Where:
    where = Where()
    for condition in reading.conditions:
        _turned(where, condition, reading, shape)
    if reading.window is not None:
        _window(where, reading.window, shape)
    if reading.thing == "requests" and shape.entry != "request":
        _requests(where, shape)
    return where


def _named(level: str, word: str) -> str:
    """As the question writes it, where that is a name: ERROR, also of ERRORs."""
    one = word[:-1] if word.endswith("s") else word
    return one if one.isupper() else f"level {level}"


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
        columns = [column for column in shape.columns if value in column.values] if shape.entry != "line" else []
        if len(columns) == 1 and shape.name in {"JSON lines", "logfmt", "a table"} and not reading.contains:
            where.hold(columns[0], escaped(value), f"{columns[0].name} {value}", value)
        else:
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
    if column is not None and level in {"panic", "fatal"} and said and not spelled(column, level):
        # A program that panics writes so, at whatever level its log has.
        where.add(word_pattern(word), f"the word {level}")
        where.soft = True
        return
    if column is not None:
        known = "|".join(LEVELS[level].split("|"))
        has = any(re.fullmatch(f"(?i:{known})", value) or value.isdigit() for value in column.values)
        own = spelled(column, level)
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


def spelled(column: Column, level: str) -> list[str]:
    """How a column of levels writes one of them."""
    pattern = spellings(level, column.values)
    return [value for value in column.values if re.fullmatch(pattern, value)]


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
