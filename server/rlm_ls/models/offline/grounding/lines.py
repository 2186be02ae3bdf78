"""Words that no column explains: what the lines themselves say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlm_ls.models.offline.grounding.cues import HIGH, LOW
from rlm_ls.models.offline.grounding.little import ENTITIES, GLUE, SEEN_VERBS, TURNING
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.grounding.words import IRREGULAR, forms, others, stem
from rlm_ls.models.offline.parsing.patterns import escaped, word_pattern
from rlm_ls.models.offline.parsing.sentence import Condition, Reading
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION
from rlm_ls.models.offline.rules.columns import ANYWHERE, quantities_of
from rlm_ls.models.offline.rules.conditions import Where, _condition
from rlm_ls.models.offline.shapes.levels import level_said

MOST_WORDS = 5
TRACES = frozenset(["traceback", "tracebacks", "stacktrace", "stacktraces", "stack", "trace", "traces"])
Said = tuple[int, str, bool]
"""Where a word stands, the word, and whether the question turns it around."""


@dataclass(frozen=True, slots=True)
class Left:
    said: tuple[Said, ...]
    words: Words
    text: Text
    where: Where
    reading: Reading


def said_of_lines(left: Left) -> None:
    """Hold the lines to the words that are left; those that nothing explains stay unclear."""
    text, where, reading = left.text, left.where, left.reading
    rest = _numbered(left, _explained(left, _names(left)))
    if not rest:
        return
    closed = text.shape.entry in {"row", "request"} or (reading.ask == "share" and text.shape.entry == "line")
    edges = () if reading.contains else (HIGH, LOW)
    turned = any(
        negated or word.lower() in TURNING or any(re.fullmatch(edge, word, re.IGNORECASE) for edge in edges)
        for _, word, negated in rest
    )
    if closed or turned or len(rest) > MOST_WORDS:
        where.unclear += [word for _, word, _ in rest]
        return
    before = list(where.patterns)
    lines = [line for line in text.lines if all(re.search(pattern, line) for pattern in before)] if before else []
    plain = [forms(word) for _, word, _ in rest if word.lower() not in GLUE | ENTITIES]
    lines = [line for line in lines or text.lines if all(re.search(pattern, line) for pattern in plain)]
    for at, word, _ in rest:
        left.words.use(at, at + 1)
        _word(word, left, lines)
    _exactly(rest, left, len(before))


def _word(word: str, left: Left, lines: list[str]) -> None:
    text, where, reading = left.text, left.where, left.reading
    lower = word.lower()
    held = sum(re.search(forms(word), line) is not None for line in lines)
    implied = reading.measure != "" and reading.measure not in left.words.text.lower()
    if lower in ENTITIES and ((text.whole and not text.vocabulary.knows(word)) or (lines and not held)):
        if implied and text.shape.entry == "event":
            where.unclear.append(word)  # the slowest of these, of which the lines say nothing
        return  # what the lines are about that meet the other conditions
    if (
        lower in ENTITIES
        and lines
        and reading.ask in {"numbers", "extreme"}
        and not where.soft
        and held < 0.9 * len(lines)
    ):
        where.unclear.append(word)  # what all of them are, or what a few of them say
        return
    another = not any(lower in line.lower() for line in lines)  # `run-parts`, of ran
    if lower in GLUE and lines and (not held or (another and _is_part(forms(word), lines))):
        return
    if lower in TRACES and re.fullmatch(ANYWHERE["exception"][0], reading.thing, re.IGNORECASE):
        return  # where exceptions stand
    if (level := level_said(word)) is not None:
        _condition(where, Condition("level", level, word), reading, text.shape)
        return
    pattern, said = _pattern(word, text)
    if pattern and (_is_key(word, text) or (implied and _is_part(pattern, lines))):
        where.unclear.append(word)  # of records with names in each line, or of things that have it in their names
    elif pattern:
        where.add(pattern, said)
        where.soft = True
    elif reading.ask == "exists" and (reading.thing == "any" or reading.contains):
        where.add(word_pattern(word), word)
        where.absent = True
    else:
        where.unclear.append(word)


def _is_key(word: str, text: Text) -> bool:
    """Whether a word is part of a column's name in lines that carry the names, and in no message."""
    if text.shape.name not in {"JSON lines", "logfmt"}:
        return False
    parts = {stem(part) for column in text.shape.columns for part in re.findall(r"[A-Za-z]{3,}", column.name)}
    spoken = [value for column in text.shape.of_kind("message") for value in column.values]
    return stem(word) in parts and not any(re.search(forms(word), value) for value in spoken)


def _is_part(pattern: str, lines: list[str]) -> bool:
    """Whether a word stands in no line but as a part of a path or of a file's name."""
    held = [line for line in lines if re.search(pattern, line)]
    return bool(held) and not any(re.search(pattern, re.sub(r"\S*\w[./-]\w\S*", " ", line)) for line in held)


def _names(left: Left) -> list[Said]:
    """Hold the lines to words that are written as names are and stand so in the text, ERROR, TLSv1.3, web-03, where no
    column has them; the others."""
    rest = []
    for at, word, negated in left.said:
        pattern = rf"(?:^|[^\w]){re.escape(word)}(?:[^\w]|$)"
        named = re.fullmatch(
            r"[A-Z][A-Z0-9_]{2,}|(?=.*\d)(?=.*[A-Za-z])[\w.-]{3,}|[A-Za-z]+[a-z][A-Z]\w*|\w+_\w+", word
        )
        if not named or not any(re.search(pattern, line) for line in left.text.lines):
            rest.append((at, word, negated))
            continue
        left.words.use(at, at + 1)
        if negated:
            left.where.unwanted.append(pattern)
            left.where.said.append(f"not {word}")
        else:
            left.where.add(pattern, word)
    return rest


def _explained(left: Left, rest: list[Said]) -> list[Said]:
    """Less the words that stand before brackets in which the question says in the text's own terms what they mean:
    served from memory (TCP_MEM_HIT)."""
    tokens = left.words.tokens
    opened = [n for n, token in enumerate(tokens) if token.text == "("]
    for start in opened:
        end = next((n for n in range(start, len(tokens)) if tokens[n].text == ")"), len(tokens))
        inner = [n for n in range(start + 1, end) if not tokens[n].stop]
        own = len(inner) == 1 and left.words.used[inner[0]] and bool(left.where.patterns)
        if own:
            near = {
                at
                for at, word, negated in rest
                if start - 3 <= at < start and not negated and word.lower() not in TURNING
            }
            for at in near:
                left.words.use(at, at + 1)
            rest = [one for one in rest if one[0] not in near]
    return rest


def _numbered(left: Left, rest: list[Said]) -> list[Said]:
    """Hold the lines to numbers with the nouns that they stand beside, attempt 2, 3 packets, as the lines write them:
    a number alone says nothing, but where lines that contain it are asked for. The words that this does not explain."""
    text, where, tokens = left.text, left.where, left.words.tokens
    said = {at: word for at, word, _ in rest}
    for at in [at for at, word in said.items() if word.isdigit()]:
        number = said[at]
        nouns = [n for n in (at + 1, at - 1) if 0 <= n < len(tokens) and _is_noun(tokens[n].lower)]
        if not nouns and (left.reading.contains or left.reading.occurrences):
            continue
        found = [(n, pattern) for n in nouns for pattern in [_beside(tokens[n].text, number, n > at)]]
        found = [(n, pattern) for n, pattern in found if any(re.search(pattern, line) for line in text.lines)]
        if not found:
            places = [*(n for n in nouns[-1:] if n < at), at]
            where.unclear += [tokens[n].text for n in places]
        else:
            noun, pattern = found[0]
            places = sorted((noun, at))
            where.add(pattern, " ".join(tokens[n].text for n in places))
        for n in places:
            left.words.use(n, n + 1)
            said.pop(n, None)
    return [one for one in rest if one[0] in said]


def _is_noun(word: str) -> bool:
    return word.isalpha() and word not in FUNCTION | SEEN_VERBS


def _beside(noun: str, number: str, behind: bool) -> str:
    """The pattern of a number before its noun, or behind it: `slot 2`, `slot=2`, `"slot": 2`, `slot #2`, `slot-2`."""
    word = rf"(?i:\b{escaped(stem(noun))}[a-z]{{0,5}})"
    if behind:
        return rf"(?:^|[^\w.]){number} {word}"
    return rf"{word}[\"']?\s?[=:-]?\s?[\"'#\[]?{number}(?![\w.]*\w)"


def _exactly(rest: list[Said], left: Left, start: int) -> None:
    """Of lines of several kinds those that hold a word as the question writes it: Started, not Starting."""
    text, where = left.text, left.where
    for at, word, _ in rest:
        del at
        others_held = [p for n, p in enumerate(where.patterns) if not (n >= start and p == forms(word))]
        lines = [line for line in text.lines if all(re.search(pattern, line) for pattern in others_held)]
        exact = rf"(?i)(?:^|[^a-z]){escaped(word.lower())}(?:[^a-z]|$)"
        held = [line for line in lines if re.search(forms(word), line)]
        same = [line for line in held if re.search(exact, line)]
        if forms(word) in where.patterns and 0 < len(same) < len(held) and re.search("ed$|ing$", word):
            where.patterns = [exact if p == forms(word) else p for p in where.patterns]


def _pattern(word: str, text: Text) -> tuple[str, str]:
    """The pattern of a word, of what the text calls it, or, of a whole text that has neither, none."""
    known = text.vocabulary
    if re.fullmatch(r"\d+", word):
        return rf"(?:^|[^\w.]){word}(?:[^\w.]|$)", word
    if not word.isascii() and any(word in line for line in known.lines):
        return escaped(word), word
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


FAILED = (
    r"(?i:(?<![a-z])(?<!no )(?<!0 )(?:fail(?:ed|ure|s)?|unsuccessful(?:ly)?|denied|refused|rejected|declined|"
    r"aborted|could not|cannot|unable)(?![\w\"']*\s?[=:(])(?![a-z])|\bnot [a-z]+ed\b)"
)
DONE = (
    r"(?i:(?<![a-z])(?:ok|done|success\w*|succeeded|accepted?|granted|allow(?:ed)?|permit(?:ted)?|passed|completed?)"
    r"(?![a-z]))"
)
SAID = rf"{FAILED}|{DONE}|(?i:\b(?:attempt|tr(?:y|ies)|request|fail|error|reject|unable|block|success)\w*)"
"""Where a question says itself what became of it, or that it does not matter."""
VERB = rf"(?i:\b(?:did|does|do|has|have|had|\w{{3,}}ed|{'|'.join(IRREGULAR)})\b)"


def only_done(where: Where, text: Text, question: str, measure: str) -> None:
    """Of lines found by their words leave out those that say that it failed, if the others say that it did not; where
    the question has no verb, or not all lines tell, it is not known which are meant."""
    if not where.soft or re.search(SAID, question):
        return
    lines = [line for line in text.lines if all(re.search(one, line) for one in where.patterns)]
    lines = [line for line in lines if not any(re.search(one, line) for one in where.unwanted)]
    if measure and (columns := quantities_of(text.shape, measure)):
        lines = [line for line in lines if any(re.search(column.capture, line) for column in columns)]
    done = [line for line in lines if not re.search(FAILED, line)]
    if len(done) == len(lines):
        return
    if done and re.search(VERB, question) and all(re.search(DONE, line) for line in done):
        where.unwanted.append(FAILED)
        where.said.append("without failure")
    else:
        where.unclear.append(where.said[-1])
