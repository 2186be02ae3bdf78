"""Which lines a question is about: its conditions as patterns of lines, by the columns of the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.vocabulary import NOUNS, plain, singular
from rlm_ls.models.offline.parsing.windows import Moment, Window
from rlm_ls.models.offline.rules.columns import column_of
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.levels import LEVELS, spellings
from rlm_ls.models.offline.shapes.shape import Shape
from rlm_ls.models.offline.shapes.times import clock_range, date_text

MOST_DAYS = 62
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
    times: list[str] = field(default_factory=list)
    """How an answer names the times."""
    loose: str = ""
    """A pattern that must match no more lines than all of `patterns` do, or it is not sure what was meant."""
    alternatives: list[tuple[str, str]] = field(default_factory=list)
    """The values of one column any of which will do, with their patterns: an answer gives each one's share."""
    columns: dict[str, int] = field(default_factory=dict)
    """By a column's name, which of `patterns` it is held to."""

    def add(self, pattern: str, said: str) -> None:
        self.patterns.append(pattern)
        self.said.append(said)

    def hold(self, column: Column, value: str, said: str) -> None:
        """A line holds one value in a column: of several that are asked for, any will do."""
        pattern = column.holding(value)
        if (at := self.columns.get(column.name)) is None:
            self.columns[column.name] = len(self.patterns)
            self.add(pattern, said)
        elif self.patterns[at] != pattern:
            if not self.alternatives:
                self.alternatives.append((self.said[at], self.patterns[at]))
            self.alternatives.append((said, pattern))
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
        _level(where, value, condition.name, shape)
    elif condition.kind == "status":
        column = column_of(shape, "status")
        if column is None:
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


def _level(where: Where, level: str, word: str, shape: Shape) -> None:
    column = shape.level()
    if column is not None:
        known = "|".join(LEVELS[level].split("|"))
        has = any(re.fullmatch(f"(?i:{known})", value) or value.isdigit() for value in column.values)
        where.hold(column, spellings(level, column.values), _named(level, word))
        if level == "error" and not has and any(re.fullmatch("(?i:fatal|critical|failure)", v) for v in column.values):
            where.notes.append("other levels of this text say worse than error; they are not counted")
        return
    if word.isupper() and len(word) > 2:
        where.add(rf"\b{word}\b", word)
        return
    if shape.entry in {"request", "row"}:
        where.unclear.append(word)
        return
    stem = {"warning": "warn(?:ing)?", "error": "error"}.get(level, level)
    where.add(rf"(?i)(?:^|[^a-z]){stem}s?(?:[^a-z]|$)", f"the word {level}")
    where.unwanted.append(
        rf"(?i)\b{stem}s?\"?\s?[=:]\s?\"?(?:0|null|none|nil|false|\"|-|,|$)|\b(?:no|without|0) {stem}s?\b"
    )
    where.soft = True
    where.loose = rf"(?i){stem}"


def _phrase(where: Where, phrase: str, reading: Reading, shape: Shape) -> None:
    """Words that no step of the reading took: values of columns, then words of the text."""
    words = [word for word in phrase.split() if not _row_noun(word, shape)]
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
        following = words[at + 1] if at + 1 < len(words) else ""
        noun = _noun(shape, word)
        if noun is not None and following and _value_of(noun, following) is not None:
            where.add(noun.holding(_value(noun, following)), f"{noun.name} {following}")
            at += 2
            continue
        column = _column_holding(shape, word)
        if column is not None:
            where.hold(column, _value(column, word), f"{column.name} {word}")
            at += 2 if following and _noun(shape, following) is column else 1
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
    left = [word for word in left if word.lower() not in {"time", "log"}]
    if prose:
        where.add(words_pattern(left, strict=True), " ".join(left))
    for word in () if prose else left:
        where.add(word_pattern(word), word)
    where.soft = True


def _row_noun(word: str, shape: Shape) -> bool:
    """Whether a word is what a row is: orders, where the first column is the order's id or the file is orders.csv."""
    if shape.entry != "row":
        return False
    one = plain(word)
    first = plain(shape.columns[0].name) if shape.columns else ""
    return first in {f"{one} id", f"{one} number", f"{one} no"} or one == shape.row


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


def _value_of(column: Column, word: str) -> str | None:
    """Whether a word can be a value of the column: one of the sample's, or written as no plain word is."""
    if any(value.lower() == word.lower() for value in column.values):
        return word
    return word if re.search(r"[\d_.@/-]", word) else None


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
    pattern = window_pattern(window, shape)
    if pattern is None:
        where.unclear.append(window.said)
    else:
        where.patterns.append(pattern)
        where.times.append(window.said)


def window_pattern(window: Window, shape: Shape) -> str | None:
    """The pattern of lines whose own time is in the window, or None where that cannot be said of this text."""
    if shape.time is None or shape.time.format.epoch:
        return None
    if not shape.time.format.hour and (window.start.clock or (window.end is not None and window.end.clock)):
        return None
    known, start, end = shape.time.format, window.start, window.end

    def day_of(at: Moment) -> str | None:
        if at.month is None or at.day is None:
            return known.day
        return date_text(known, at.year, at.month, at.day)

    def stretch(at: Moment, first: str, last: str) -> str | None:
        day = day_of(at)
        return None if day is None else f"{day}{known.gap}{clock_range(known, first, last)}"

    parts: list[str | None] = []
    if window.form == "on":
        if not start.clock:
            parts = [day_of(start)]
        else:
            hour = start.precision == 2 or "hour" in window.said.lower()
            first = start.clock[:2] + "0000" if hour else start.clock
            parts = [stretch(start, first, _next(start.clock, 2 if hour else start.precision))]
    elif window.form == "between" and end is not None:
        parts = _between(start, end, stretch, day_of)
    elif window.form == "after" and start.clock:
        parts = [stretch(start, start.clock, "240000")] if start.month is None or not known.day else [None]
    elif window.form == "before" and start.clock:
        parts = [stretch(start, "000000", start.clock)] if start.month is None or not known.day else [None]
    else:
        parts = [None]
    if not parts or any(part is None for part in parts):
        return None
    return shape.time.before + "(?:" + "|".join(part for part in parts if part) + ")"


def _between(start: Moment, end: Moment, stretch, day_of) -> list[str | None]:  # type: ignore[no-untyped-def]
    last = _end(end)
    if start.clock and end.clock:
        same = (end.month, end.day) in {(None, None), (start.month, start.day)}
        if same and start.clock < last:
            return [stretch(start, start.clock, last)]
        if start.year is None or end.month is None:
            return [None]
    if start.month is None or end.month is None or start.day is None or end.day is None:
        return [None]
    year = start.year or 2000
    first_day, last_day = date(year, start.month, start.day), date(end.year or year, end.month, end.day)
    days = [first_day + timedelta(n) for n in range((last_day - first_day).days + 1)][: MOST_DAYS + 1]
    if not days or len(days) > MOST_DAYS:
        return [None]
    moments = [Moment(start.year, day.month, day.day) for day in days]
    parts: list[str | None] = [day_of(at) for at in moments]
    if start.clock:
        parts[0] = stretch(moments[0], start.clock, "240000")
    if end.clock:
        parts[-1] = stretch(moments[-1], "000000", last) if last > "000000" else ""
    return parts


def _end(end: Moment) -> str:
    """Up to 11:00 ends before it; up to 10:59, or with seconds, takes the minute or the second in."""
    if end.precision == 6 or end.clock[2:4] == "59":
        return _next(end.clock, end.precision)
    return end.clock


def _next(clock: str, precision: int) -> str:
    seconds = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:])
    seconds += {2: 3600, 4: 60}.get(precision, 1)
    return f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"


def escaped(text: str) -> str:
    """As re.escape, but blanks and hyphens stay readable."""
    return re.sub(r"([.^$*+?{}\[\]()|\\])", r"\\\1", text)


def literal(text: str) -> str:
    """A pattern that matches `text` as it stands. Words end where it begins or ends in one, but for scripts that write
    none between their words."""
    if not text.isascii():
        return escaped(text)
    start = r"\b" if re.match(r"\w", text) else ""
    end = r"\b" if re.search(r"\w$", text) else ""
    return f"{start}{escaped(text)}{end}"


def words_pattern(words: Sequence[str], *, strict: bool = False) -> str:
    """Whole words as they stand beside each other, in any case, with a blank, a hyphen or an underscore between."""
    body = r"[\s_-]+".join(_stem(word) for word in words)
    if not words[0].isascii():
        return body
    return rf"(?i)\b{body}(?:s|es)?\b" if singular(words[-1].lower()) != words[-1].lower() else rf"(?i)\b{body}\b"


def word_pattern(word: str) -> str:
    """A plain word as people write it: any case, one or several of it, any of its forms, also within a longer name:
    `failing` finds `failed`, and `timeout` both `read_timeout` and `timed out`."""
    lower = word.lower()
    if re.fullmatch("time-?outs?", lower):
        return r"(?i)time[sd]?[\s_-]?out"
    if not word.isascii():
        return escaped(word)
    if not re.fullmatch("[a-z]+", lower):
        return rf"(?i)(?:^|\W){escaped(lower)}(?:\W|$)"
    stem = _form(lower)
    if len(lower) < 5:
        return rf"(?i)(?:^|[^a-z]){stem}s?(?:[^a-z]|$)"
    return f"(?i){stem}" if len(lower) > 6 else f"(?i)(?:^|[^a-z]){stem}"


def _form(word: str) -> str:
    """What the forms of a word have in common."""
    one = singular(word)
    for ending in ("ures", "ure", "ings", "ing", "ied", "ed", "es", "e"):
        if one.endswith(ending) and len(one) - len(ending) >= 4:
            return one[: -len(ending)]
    return one


def _stem(word: str) -> str:
    one = singular(word)
    if one == word or not word.isascii() or not word.isalpha():
        return escaped(word)
    return f"(?:{escaped(word)}|{escaped(one)})" if word.endswith("ies") else escaped(one)
