"""What no step of the reading used: levels, values of columns, words of the lines; the others stay unclear."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rlm_ls.models.offline.grounding.lines import Left, said_of_lines
from rlm_ls.models.offline.grounding.little import (
    ENTITIES,
    GLUE,
    HARMLESS,
    NEGATIONS,
    ROWS,
    SEEN_VERBS,
    SERVERS,
    TRADE,
    TURNING,
)
from rlm_ls.models.offline.grounding.mentions import (
    Held,
    boolean,
    called,
    coded,
    is_entry,
    is_quantity,
    is_row,
    part_named,
    typed,
    value_named,
)
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.grounding.words import stem
from rlm_ls.models.offline.parsing.patterns import escaped
from rlm_ls.models.offline.parsing.reading import OPERATION
from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION, WRITTEN, plain, singular
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.rules.conditions import Where, _condition, spelled
from rlm_ls.models.offline.shapes.column import KINDS
from rlm_ls.models.offline.shapes.levels import RISING, level_said

Names = Mapping[int, tuple[Thing | None, int]]
"""What is named from a word on, and where the words end that name it."""
LONGEST_VALUE = 3
TRANSFERRED = r"(?:down|up)load(?:ed|s)?|transfer(?:red|s)?|sent|sends?|served|received|returned|consumed"
NO_LEVELS = {"STATEMENT", "DETAIL", "HINT", "CONTEXT", "LOG", "DEFAULT", "SYSTEM", "ACTIVITY"}
"""What stands among levels, and is the name of something else in a question."""


def explain(words: Words, text: Text, where: Where, reading: Reading, named: Names) -> None:
    """Hold the lines to what the words that are left say; `where.unclear` are those that nothing explains."""
    at, negated, plain_words = 0, False, []
    turns = ""  # a negation that has turned nothing yet
    while at < len(words.tokens):
        token = words.tokens[at]
        if words.used[at]:
            negated = negated and not token.stop
            at += 1
            continue
        lower = token.lower
        if lower in NEGATIONS and (end := _no_value(where, at + 1, named, text)):
            words.use(at, end)
            at = end
            continue
        if lower in NEGATIONS:
            negated, turns = True, lower
            words.use(at, at + 1)
            at += 1
            if lower == "other" and at < len(words.tokens) and words.tokens[at].lower == "than":
                words.use(at, at + 1)
                at += 1
            continue
        length = (
            _empty_cell(words, where, at, named, text)
            or _phrase(words, where, at, text, negated)
            or _beside(words, where, at, named, text, negated)
            or _held(words, text, where, reading, at, negated)
        )
        if length:
            words.use(at, at + length)
            turns = ""
            at += length
            continue
        if lower not in FUNCTION and _says_nothing(lower, token.text, text, reading):
            words.use(at, at + 1)
            turns = "" if lower in HARMLESS and where.patterns else turns  # requests, not the responses
        elif where.columns and _has_id(lower, text):
            words.use(at, at + 1)
        elif not negated and (end := _own_server(words, at, text)):
            words.use(at, end)
            at = end
            continue
        elif not _empty(lower, token.text):
            plain_words.append((at, token.text, negated))
            turns = ""
        at += 1
    where.unclear += [turns] if turns else []
    said_of_lines(Left(tuple(plain_words), words, text, where, reading))


def _has_id(word: str, text: Text) -> bool:
    """Whether each row tells by an id which of these it is of: the search container."""
    columns = text.shape.columns
    return text.shape.entry == "row" and bool(columns) and plain(columns[0].name) == f"{plain(word)} id"


def _empty(lower: str, written: str) -> bool:
    """Whether a word may say nothing at all; what is then made of it is the guard's to say."""
    return lower in FUNCTION or (lower in HARMLESS | SEEN_VERBS and not _capital(written))


def _says_nothing(lower: str, written: str, text: Text, reading: Reading) -> bool:
    """Whether a word says nothing of this text: what a line of it is, or what is done in each of them."""
    if lower in TURNING:
        return False
    shape = text.shape
    spoken = any(column.name == "speaker" for column in shape.columns)
    if lower in WRITTEN and (spoken or reading.thing not in {"", "lines"} or shape.entry in {"row", "request"}):
        return True
    status = any(condition.kind == "status" for condition in reading.conditions)
    if status and re.fullmatch("fail(?:ed|ing|s|ures?)?|succe(?:eded|ssful|ss)|error(?:ed|s)?", lower):
        return True
    if lower in {"api", "http", "web", "rest"} and (shape.entry == "request" or status):
        return True
    if (reading.comparison or reading.ask in {"numbers", "extreme"}) and (
        is_quantity(lower) or re.fullmatch(OPERATION, lower)
    ):
        # A log says itself which of its lines are of queries, but where it has a column of their durations.
        timed = any(re.fullmatch(KINDS["duration"], column.name.lower()) for column in shape.of_kind("duration"))
        return timed or shape.entry != "event" or not re.fullmatch(r"quer(?:y|ies)|operations?", lower)
    if (
        shape.entry == "request"
        and reading.measure in {"size", "bytes", "traffic", "data"}
        and re.fullmatch(TRANSFERRED, lower)
    ):
        return True
    if _capital(written):
        return False
    keyed = shape.entry in {"row", "request"} or shape.name in {"JSON lines", "logfmt"}
    if shape.entry == "row" and (lower in TRADE or (lower in ROWS and not text.vocabulary.knows(lower))):
        return True
    if lower in GLUE and (keyed or not text.vocabulary.knows(lower)):
        return True
    return is_row(shape, lower) or lower in shape.entries


def _own_server(words: Words, at: int, text: Text) -> int:
    """Where the words end that name what has answered all of the requests, the load balancer, or wrote the log: did the
    broker log; 0 where they do not."""
    end = at
    behind = words.tokens[at + 1].lower if at + 1 < len(words.tokens) else ""
    if at and words.tokens[at - 1].lower == "the" and words.tokens[at].lower in ENTITIES and behind in {"log", "write"}:
        return at + 1
    while end < len(words.tokens) and words.free(end, end + 1) and words.tokens[end].lower in SERVERS:
        end += 1
    article = at and words.tokens[at - 1].lower in {"the", "our", "this"}
    return end if end > at and article and text.shape.entry == "request" else 0


def _no_value(where: Where, at: int, named: Names, text: Text) -> int:
    """Where the words end that say that a row has no value of a column: no shipping date; 0 where they do not."""
    thing, end = named.get(at, (None, at))
    if text.shape.entry != "row" or thing is None or thing.column is None or not text.values_missing(thing.column):
        return 0
    where.hold(thing.column, EMPTY_CELL, f"no {thing.column.name}")
    return end


MISSING = frozenset(["missing", "empty", "blank", "lacking", "absent", "null", "unknown"])


def _empty_cell(words: Words, where: Where, at: int, named: Names, text: Text) -> int:
    """How many words from here on say that a column is empty: missing temperature, no shipping date, a blank status."""
    lower, shape = words.tokens[at].lower, text.shape
    if shape.entry != "row":
        return 0
    if lower in MISSING:
        near = [n for n in named if at - 4 <= n <= at + 2]
    else:
        return 0
    columns = {thing.column.name: thing.column for n in near if (thing := named[n][0]) is not None and thing.column}
    if len(columns) != 1:
        return 0
    column = next(iter(columns.values()))
    where.hold(column, EMPTY_CELL, f"no {column.name}")
    for n in near:
        words.use(n, named[n][1])
    return 1


EMPTY_CELL = r"-|--|null|NULL|None|NA|N/A|n/a|nan|NaN|\s*"


def _phrase(words: Words, where: Where, at: int, text: Text, negated: bool) -> int:
    """How many words from here on stand beside each other in lines of a log: slow query, missed heartbeats."""
    if negated or text.shape.entry != "event":
        return 0
    for length in (3, 2):
        run = words.tokens[at : at + length]
        if len(run) < length or not words.free(at, at + length):
            continue
        said = [token.text for token in run]
        if any(word.lower() in FUNCTION | HARMLESS | TURNING or level_said(word) or len(word) < 3 for word in said):
            continue
        if value_named(text, said) is not None:
            return 0
        pattern = r"[\s_-]+".join(rf"{escaped(stem(word))}\w{{0,5}}" for word in said)
        pattern = rf"(?i)(?:^|[^a-z]){pattern}"
        if any(re.search(pattern, line) for line in text.lines):
            where.add(pattern, " ".join(said))
            where.soft = True
            return length
    return 0


def _beside(words: Words, where: Where, at: int, named: Names, text: Text, negated: bool) -> int:
    """How many words from here on are a column and a value of it, in either order: status FAULT, the reporting user."""
    for here in (at, at + 1):
        thing, end = named.get(here, (None, here))
        place = end if here == at else at
        said = words.tokens[place : place + 1]
        if thing is None or thing.column is None or not said or said[0].stop or not words.free(place, place + 1):
            continue
        near = [token.text for token in words.tokens[min(at, place) : max(end, place + 1)]]
        if (whole := value_named(text, near)) is not None and whole.exact:
            continue  # Shed 2, of the column Shed
        values = text.values(thing.column)
        same = [v for v in values if v.lower() == said[0].lower]
        if said[0].text.isdigit() and not any(re.search(r"\d", value) for value in values):
            continue  # severity 3, where severities are words
        if same or (re.search(r"[\d_.@/-]", said[0].text) and here == at):
            pattern = "|".join(map(escaped, same)) or escaped(said[0].text)
            if negated:
                where.unwanted.append(thing.column.holding(pattern))
                where.said.append(f"not {thing.column.name} {said[0].text}")
            else:
                where.hold(thing.column, pattern, f"{thing.column.name} {said[0].text}", said[0].text)
            return max(end, place + 1) - at
    return 0


def _capital(word: str) -> bool:
    return word.isupper() and len(word) > 2 and word not in {"API", "HTTP", "UTC", "GMT"}


def _held(words: Words, text: Text, where: Where, reading: Reading, at: int, negated: bool) -> int:
    """How many words from here on name a level or values of a column, to which lines are then held."""
    tokens = words.tokens
    for length in range(LONGEST_VALUE, 0, -1):
        run = tokens[at : at + length]
        if len(run) < length or not words.free(at, at + length):
            continue
        said = [token.text for token in run]
        column = text.shape.level()
        level = level_said(said[0]) if length == 1 else None
        if level is not None and column is not None and not (not spelled(column, level) and value_named(text, said)):
            if reading.contains and said[0].isupper() and not negated:
                where.add(rf"\b{escaped(said[0])}\b", said[0])
                return 1
            return _level(words, text, where, reading, at, level, negated)
        own = (
            [v for v in column.values if v.lower() == singular(said[0].lower()) and v.upper() not in NO_LEVELS]
            if column is not None and not said[0].isdigit()
            else []
        )
        if length == 1 and column is not None and own:
            where.hold(column, "|".join(map(escaped, own)), own[0])
            return 1
        if said[0].lower() in FUNCTION and length > 1:
            continue
        held = _value(said, text)
        if held is None:
            continue
        if negated:
            where.unwanted.append(held.column.holding(held.pattern))
            where.said.append(f"not {held.said}")
        else:
            where.hold(held.column, held.pattern, held.said, " ".join(said))
        where.partly = where.partly or not held.exact
        return length
    return 0


def _value(said: list[str], text: Text) -> Held | None:
    """The values that words name. Of those that mostly say nothing, return or request, only a type's."""
    keyed = text.shape.entry in {"request", "row"} or text.shape.name in {"JSON lines", "logfmt"}
    little = len(said) == 1 and said[0].lower() in GLUE | FILLER and not _capital(said[0])
    if said[0].lower() in FUNCTION or (little and is_entry(said[0])):
        return None
    held = value_named(text, said)
    if little:
        plain_value = held is not None and held.exact and held.column.kind != "method"
        return held if plain_value else typed(text, said[0]) if keyed else None
    if held is None and len(said) == 1 and text.shape.entry in {"request", "row"}:
        held = boolean(text, said[0]) or called(text, said[0]) or part_named(text, said[0])
    return coded(text, said[0]) if held is None and len(said) == 1 and keyed else held


def _same_in_numbers(words: Words) -> None:
    """Use what says the same in numbers: errors or worse (priority 3 and below)."""
    said = r"\((?:priority|level|severity) \d (?:and|or) (?:below|lower|worse|above|higher)\)"
    if match := re.search(said, words.text, re.IGNORECASE):
        at = [n for n, token in enumerate(words.tokens) if match.start() <= token.start < match.end()]
        words.use(at[0], at[-1] + 1)


def _level(words: Words, text: Text, where: Where, reading: Reading, at: int, level: str, negated: bool) -> int:
    written = words.tokens[at].text
    behind = " ".join(token.lower for token in words.tokens[at + 1 : at + 4])
    if match := re.match(r"(?:(?:or|and) (?:worse|above|higher|more severe))\b", behind):
        for worse in RISING[RISING.index(level) :]:
            _condition(where, Condition("level", worse, written), reading, text.shape)
        _same_in_numbers(words)
        return 1 + len(match[0].split())
    if negated:
        inner = Where()
        _condition(inner, Condition("level", level, written), reading, text.shape)
        where.unwanted += inner.patterns
        where.said += [f"not {said}" for said in inner.said]
    else:
        _condition(where, Condition("level", level, written), reading, text.shape)
    return 1
