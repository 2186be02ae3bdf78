"""What no step of the reading used: levels, values of columns, words of the lines; the others stay unclear."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rlm_ls.models.offline.grounding.little import ENTITIES, GLUE, HARMLESS, NEGATIONS, SEEN_VERBS, TRADE, TURNING
from rlm_ls.models.offline.grounding.mentions import is_quantity, is_row, part_named, value_named
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.grounding.words import forms, others, stem
from rlm_ls.models.offline.parsing.patterns import escaped, word_pattern
from rlm_ls.models.offline.parsing.reading import OPERATION
from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION, WRITTEN, singular
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.rules.conditions import Where, _condition
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
    while at < len(words.tokens):
        token = words.tokens[at]
        if words.used[at]:
            negated = negated and not token.stop
            at += 1
            continue
        lower = token.lower
        if lower in NEGATIONS:
            negated = True
            words.use(at, at + 1)
            at += 1
            if lower == "other" and at < len(words.tokens) and words.tokens[at].lower == "than":
                words.use(at, at + 1)
                at += 1
            continue
        length = _beside(words, where, at, named, text, negated) or _held(words, text, where, reading, at, negated)
        if length:
            words.use(at, at + length)
            at += length
            continue
        if lower not in FUNCTION and _says_nothing(lower, token.text, text, reading):
            words.use(at, at + 1)
        elif not _empty(lower, token.text):
            plain_words.append((at, token.text, negated))
        at += 1
    _said(plain_words, words, text, where, reading, named)


def _empty(lower: str, written: str) -> bool:
    """Whether a word may say nothing at all; what is then made of it is the guard's to say."""
    return lower in FUNCTION or (lower in HARMLESS | SEEN_VERBS and not _capital(written))


def _says_nothing(lower: str, written: str, text: Text, reading: Reading) -> bool:
    """Whether a word says nothing of this text: what a line of it is, or what is done in each of them."""
    if lower in TURNING:
        return False
    shape = text.shape
    if lower in WRITTEN and (reading.thing not in {"", "lines"} or shape.entry in {"row", "request"}):
        return True
    status = any(condition.kind == "status" for condition in reading.conditions)
    if status and re.fullmatch("fail(?:ed|ing|s|ures?)?|succe(?:eded|ssful|ss)|error(?:ed|s)?", lower):
        return True
    if lower in {"api", "http", "web", "rest"} and (shape.entry == "request" or status):
        return True
    if (reading.comparison or reading.ask in {"numbers", "extreme"}) and (
        is_quantity(lower) or re.fullmatch(OPERATION, lower)
    ):
        return True
    if (
        shape.entry == "request"
        and reading.measure in {"size", "bytes", "traffic", "data"}
        and re.fullmatch(TRANSFERRED, lower)
    ):
        return True
    if _capital(written):
        return False
    keyed = shape.entry in {"row", "request"} or shape.name in {"JSON lines", "logfmt"}
    if shape.entry == "row" and lower in TRADE:
        return True
    if lower in GLUE and (keyed or not text.vocabulary.knows(lower)):
        return True
    return is_row(shape, lower) or lower in shape.entries


def _beside(words: Words, where: Where, at: int, named: Names, text: Text, negated: bool) -> int:
    """How many words from here on are a column and a value of it, in either order: status FAULT, the reporting user."""
    for here in (at, at + 1):
        thing, end = named.get(here, (None, here))
        place = end if here == at else at
        said = words.tokens[place : place + 1]
        if thing is None or thing.column is None or not said or said[0].stop or not words.free(place, place + 1):
            continue
        same = [v for v in text.values(thing.column) if v.lower() == said[0].lower]
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
        if length == 1 and (level := level_said(said[0])) is not None and text.shape.level() is not None:
            if reading.contains and said[0].isupper() and not negated:
                where.add(rf"\b{escaped(said[0])}\b", said[0])
                return 1
            return _level(words, text, where, reading, at, level, negated)
        column = text.shape.level()
        own = (
            [v for v in column.values if v.lower() == singular(said[0].lower()) and v.upper() not in NO_LEVELS]
            if column is not None
            else []
        )
        if length == 1 and column is not None and own:
            where.hold(column, "|".join(map(escaped, own)), own[0])
            return 1
        if said[0].lower() in FUNCTION or (length == 1 and said[0].lower() in GLUE | FILLER and not _capital(said[0])):
            if length == 1:
                return 0
            continue
        held = value_named(text, said)
        if held is None and length == 1 and text.shape.entry in {"request", "row"}:
            held = part_named(text, said[0])
        if held is None:
            continue
        if negated:
            where.unwanted.append(held.column.holding(held.pattern))
            where.said.append(f"not {held.said}")
        else:
            where.hold(held.column, held.pattern, held.said, " ".join(said))
        return length
    return 0


def _level(words: Words, text: Text, where: Where, reading: Reading, at: int, level: str, negated: bool) -> int:
    written = words.tokens[at].text
    behind = " ".join(token.lower for token in words.tokens[at + 1 : at + 4])
    if match := re.match(r"(?:(?:or|and) (?:worse|above|higher|more severe))\b", behind):
        for worse in RISING[RISING.index(level) :]:
            _condition(where, Condition("level", worse, written), reading, text.shape)
        words.take(r"priority \d (?:and|or) (?:below|lower|worse)")
        return 1 + len(match[0].split())
    if negated:
        inner = Where()
        _condition(inner, Condition("level", level, written), reading, text.shape)
        where.unwanted += inner.patterns
        where.said += [f"not {said}" for said in inner.said]
    else:
        _condition(where, Condition("level", level, written), reading, text.shape)
    return 1


def _said(
    left: list[tuple[int, str, bool]], words: Words, text: Text, where: Where, reading: Reading, named: Names
) -> None:
    """Words that lines of a log hold in their messages."""
    if not left:
        return
    left = _names(left, words, text, where)
    unexplained = [word for _, word, _ in left]
    if not left:
        return
    if text.shape.entry in {"row", "request"} or (reading.ask == "share" and text.shape.entry == "line"):
        where.unclear += unexplained
        return
    if len(left) > 5 or any(negated or word.lower() in TURNING for _, word, negated in left):
        where.unclear += unexplained
        return
    lines = (
        [line for line in text.lines if all(re.search(pattern, line) for pattern in where.patterns)]
        if where.patterns
        else []
    )
    plain = [forms(word) for _, word, _ in left if word.lower() not in GLUE | ENTITIES]
    lines = [line for line in lines or text.lines if all(re.search(pattern, line) for pattern in plain)]
    for at, word, _ in left:
        words.use(at, at + 1)
        unknown = word.lower() in ENTITIES and text.whole and not text.vocabulary.knows(word)
        if unknown or (word.lower() in ENTITIES and lines and not any(re.search(forms(word), line) for line in lines)):
            continue  # what the lines are about that meet the other conditions
        if word.lower() in ENTITIES and lines and reading.ask in {"numbers", "extreme"} and not where.soft:
            held = sum(re.search(forms(word), line) is not None for line in lines)
            if held < 0.9 * len(lines):
                where.unclear.append(word)  # what all of them are, or what a few of them say
                continue
        if word.lower() in GLUE and lines and not any(re.search(forms(word), line) for line in lines):
            continue
        if (level := level_said(word)) is not None:
            _condition(where, Condition("level", level, word), reading, text.shape)
            continue
        pattern, said = _pattern(word, text)
        if not pattern and reading.ask == "exists" and (reading.thing == "any" or reading.contains):
            where.add(word_pattern(word), word)
            where.absent = True
            continue
        if not pattern:
            where.unclear.append(word)
            continue
        where.add(pattern, said)
        where.soft = True


def _names(left: list[tuple[int, str, bool]], words: Words, text: Text, where: Where) -> list[tuple[int, str, bool]]:
    """Hold the lines to words in capitals as they stand in the text, ERROR, where no column has them; the others."""
    others_left = []
    for at, word, negated in left:
        if not (re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", word) and any(re.search(rf"\b{word}\b", s) for s in text.lines)):
            others_left.append((at, word, negated))
            continue
        words.use(at, at + 1)
        if negated:
            where.unwanted.append(rf"\b{word}\b")
            where.said.append(f"not {word}")
        else:
            where.add(rf"\b{word}\b", word)
    return others_left


def _pattern(word: str, text: Text) -> tuple[str, str]:
    """The pattern of a word, of what the text calls it, or, of a whole text that has neither, none."""
    known = text.vocabulary
    if re.fullmatch(r"\d+", word):
        return rf"(?:^|[^\w.]){word}(?:[^\w.]|$)", word
    if known.knows(word):
        return forms(word), word
    if (pattern := others(word)) and any(re.search(pattern, line, re.IGNORECASE) for line in known.lines):
        return f"(?i:{pattern})", f"{word} (or what lines call so)"
    if spelled := known.spelled(word):
        return word_pattern(spelled), spelled
    stemmed = stem(word)
    if len(stemmed) >= 4 and any(one.startswith(stemmed) for one in known.stems):
        return f"(?i:{escaped(stemmed)})", word
    return ("", "") if text.whole else (word_pattern(word), word)
