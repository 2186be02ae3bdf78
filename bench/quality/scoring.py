"""The scorers: how right an output is, from 0 to 1. A malformed answer is a wrong one, never an error."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Hashable
from typing import Any

from bench.quality.index import NUMERIC, Question, Scoring, ScoringType
from bench.quality.stated import (
    bare,
    entries,
    final,
    first_line,
    folded,
    has_marker,
    items,
    numbers,
    only_number,
    pairs,
)

Scorer = Callable[[str, Any, Scoring], float]

SCORERS: dict[ScoringType, Scorer] = {}

NOTHING = re.compile(
    r"not (?:found|mentioned|stated|given|present|specified|available|known|in the text)|none|nothing|unknown|n/?a|null"
    r"|no (?:such|answer|information|mention|record|evidence|match|data)|no",
)
DENIED = re.compile(
    r"\b(?:not (?:be )?(?:found|mentioned|stated|given|specified|contained|in the text)|no (?:such|mention|information)"
    r"|(?:does|do|did) not (?:say|mention|state|contain|appear|exist|give|specify|occur))\b"
)
YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}
LETTER = re.compile(r"(?:(?:option|choice|answer)\s+)?\(?([A-Z])\)?(?=$|[).:,]|\s+[-(]|\s(?<![AI]\s))", re.IGNORECASE)
SECOND_LETTER = re.compile(r"^\W*(?:and|or|&|,|/)\W*[A-Z]\b(?!\w)")
STATED_LETTER = re.compile(r"(?i:answer|option|choice)(?:\s+is)?\s*:?\s*\(?([A-Z])\b(?![\w'])")
NAMED = re.compile(r"^(?:label|user|answer|date|month)(?: id)?s?\s*[:=]?\s+(?=\S)")


def score(output: str, question: Question) -> float:
    """How right `output` is as an answer to `question`, from 0 to 1, in millionths: 0.75^530 is nothing."""
    return round(SCORERS[question.scoring.type](output, question.answer, question.scoring), 6)


def _scorer(name: ScoringType) -> Callable[[Scorer], Scorer]:
    def register(scorer: Scorer) -> Scorer:
        SCORERS[name] = scorer
        return scorer

    return register


@_scorer("exact")
def exact(output: str, answer: object, _: Scoring) -> float:
    """The first line is the answer: case, accents, markup and punctuation around it aside."""
    return float(bare(first_line(final(output))) == bare(answer))


@_scorer("contains")
def contains(output: str, answer: object, _: Scoring) -> float:
    """The answer occurs. A number only as a whole one: 40 is neither in 140 nor in 40.5."""
    return float(_holds(folded(final(output)), folded(answer)))


@_scorer("contains_all")
def contains_all(output: str, answer: list[object], _: Scoring) -> float:
    text = folded(final(output))
    return float(all(_holds(text, folded(each)) for each in answer))


@_scorer("regex")
def regex(output: str, answer: str, _: Scoring) -> float:
    """Found anywhere in the whole output."""
    return float(re.search(answer, output) is not None)


@_scorer("number")
def number(output: str, answer: float, scoring: Scoring) -> float:
    """The first number of the answer's first line; without `ANSWER:` the only number there is."""
    return float(_close(_number(output), float(answer), scoring.rel_tol))


@_scorer("none")
def none(output: str, answer: str | None, _: Scoring) -> float:
    """The text does not say, and the output says so: "not found", "none", "the text does not mention it"."""
    line = bare(first_line(final(output)))
    if answer and line == bare(answer):
        return 1.0
    if not has_marker(output):
        return float(bool(DENIED.search(folded(output))) or bool(NOTHING.fullmatch(line)))
    # A figure or a name after "none" would be an answer: only what begins so, or denies, counts.
    return float(bool(re.match(rf"(?:{NOTHING.pattern})(?=$|[ ,;:.)])", line) or DENIED.search(line)))


@_scorer("mc")
def mc(output: str, answer: str, _: Scoring) -> float:
    """One letter at the start of the answer: `C`, `(C)`, `C) …`, `option C`. Two letters are none."""
    line = first_line(final(output)).strip(" *_`\"'")
    if has_marker(output) or len(line) <= 3:
        match = LETTER.match(line)
        found = match[1] if match and not SECOND_LETTER.match(line[match.end() :]) else ""
    else:
        found = (STATED_LETTER.findall(output) or [""])[-1]
    return float(bare(found) == bare(answer))


@_scorer("bool")
def yes_or_no(output: str, answer: bool, _: Scoring) -> float:
    """The answer begins with yes, no, true or false."""
    word = re.match(r"[a-z]*", bare(first_line(final(output))))
    return float(word is not None and YES_OR_NO.get(word[0]) is answer)


@_scorer("set_f1")
def set_f1(output: str, answer: list[object], _: Scoring) -> float:
    right = {bare(item) for item in answer}
    given = {bare(item) for item in items(final(output), sorted(right))}
    if not right and len(given) == 1 and NOTHING.fullmatch(next(iter(given))):
        return 1.0
    return f1(given, right)


@_scorer("map_acc")
def map_acc(output: str, answer: dict[str, object], scoring: Scoring) -> float:
    """The share of the right keys that have the right value. A key given two values has none."""
    given: dict[str, str | None] = {}
    for key, value in entries(final(output)):
        name = bare(key)
        given[name] = None if name in given and given[name] != value else value
    right = sum(_same(given.get(bare(key)), value, scoring.rel_tol) for key, value in answer.items())
    return right / len(answer)


@_scorer("ranked")
def ranked(output: str, answer: list[tuple[str, float]], scoring: Scoring) -> float:
    """All pairs, no others, in order of their counts; those of equal count in any order."""
    given = [(bare(key), only_number(value)) for key, value in entries(final(output))]
    right = [(bare(key), float(count)) for key, count in answer]
    if len(given) != len(right):
        return 0.0
    # Position by position the counts are the same; then only keys of one count can have changed places.
    in_order = all(_close(found, count, scoring.rel_tol) for (_, found), (_, count) in zip(given, right, strict=True))
    counts = dict(right)
    return float(
        in_order
        and {key for key, _ in given} == set(counts)
        and all(_close(found, counts[key], scoring.rel_tol) for key, found in given)
    )


@_scorer("pairs_f1")
def pairs_f1(output: str, answer: list[tuple[object, object]], _: Scoring) -> float:
    """F1 over pairs; which of a pair stands first does not matter."""
    right = {tuple(sorted((bare(one), bare(other)))) for one, other in answer}
    return f1({tuple(sorted(pair)) for pair in pairs(final(output))}, right)


@_scorer("rouge")
def rouge(output: str, answer: str, _: Scoring) -> float:
    """The geometric mean of the F1 of ROUGE-1, ROUGE-2 and ROUGE-L, stemmed (as SCROLLS does)."""
    measures = _rouge().score(answer, final(output)).values()
    product: float = math.prod(measure.fmeasure for measure in measures)
    return math.pow(product, 1 / 3)


@_scorer("oolong")
def oolong(output: str, answer: Any, scoring: Scoring) -> float:
    """0.75 to the power of the error where a number is asked for (OOLONG, arXiv 2511.02817), else exact."""
    if scoring.answer_type.lower() == NUMERIC:
        found = _number(output)
        return 0.0 if found is None else 0.75 ** abs(found - float(answer))
    line = bare(first_line(final(output)))
    return float(bare(answer) in {line, bare(NAMED.sub("", line))})


def f1(given: set[Any], right: set[Any]) -> float:
    """The harmonic mean of precision and recall; two empty sets agree."""
    if not given and not right:
        return 1.0
    both: set[Hashable] = given & right
    return 2 * len(both) / (len(given) + len(right))


def _holds(text: str, part: str) -> bool:
    if re.fullmatch(r"[-+]?\d+(?:\.\d+)?", part):
        # 1,405 in the text is the 1405 of the index.
        plain = re.sub(r"(?<=\d)[,_\u202f](?=\d{3}(?!\d))", "", text)
        return re.search(rf"(?<![\d.,]){re.escape(part)}(?![.,]?\d)", plain) is not None
    return part in text


def _number(output: str) -> float | None:
    if has_marker(output):
        found = numbers(first_line(final(output)))
        return found[0] if found else None
    every = set(numbers(output))
    return every.pop() if len(every) == 1 else None


def _close(found: float | None, right: float, rel_tol: float) -> bool:
    return found is not None and math.isclose(found, right, rel_tol=max(rel_tol, 1e-9))


def _same(given: str | None, right: object, rel_tol: float) -> bool:
    if given is None:
        return False
    found, wanted = only_number(given), only_number(right)
    if wanted is not None:
        return _close(found, wanted, rel_tol)
    return bare(given) == bare(right)


@functools.cache
def _rouge() -> Any:
    # Slow to import, and wanted for few questions.
    from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped,unused-ignore]

    return RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
