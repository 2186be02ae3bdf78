"""What `map_reduce` makes of the outputs of a program's shards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args

from rlm_ls.errors import ProgramError

Combine = Literal["concat", "sum", "count", "unique", "max", "min"]
COMBINERS: tuple[str, ...] = get_args(Combine)

Number = int | float

CHOICES: dict[str, Callable[[Number, Number], Number]] = {
    "sum": lambda a, b: a + b,
    "max": lambda a, b: max(a, b),
    "min": lambda a, b: min(a, b),
}

_PAIR = re.compile(r"(?P<key>.*\S)[\t =:,]+(?P<number>[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)")


def combine(outputs: Sequence[str], how: str) -> Any:
    """One result of many, in the order of the text.

    concat: the outputs joined, each ended by a line end. count: how many lines they have. unique: their different
    lines, in the order of their first. sum, max, min: of the numbers that the outputs are; or, where an output is a
    JSON object or lines of `key number`, of the numbers of each key, largest first. Raises ProgramError for outputs
    that are none of that.
    """
    if how == "concat":
        return "".join(text if text.endswith("\n") or not text else f"{text}\n" for text in outputs)
    if how == "count":
        return sum(1 for line in _lines(outputs) if line.strip())
    if how == "unique":
        return list(dict.fromkeys(line for line in _lines(outputs) if line.strip()))
    choose = CHOICES[how]
    parts = [_numbers(text, how, choose) for text in outputs if text.strip()]
    whole = [part for part in parts if not isinstance(part, dict)]
    if len(whole) == len(parts):
        return _folded(whole, choose)
    if whole:
        raise ProgramError("Some shards gave one number and others numbers by name.", "Give the same kind always.")
    by_key: dict[str, Number] = {}
    for part in parts:
        assert isinstance(part, dict)
        for key, number in part.items():
            by_key[key] = choose(by_key[key], number) if key in by_key else number
    return dict(sorted(by_key.items(), key=lambda item: (-item[1], item[0])))


def _folded(numbers: Sequence[Number], choose: Callable[[Number, Number], Number]) -> Number | None:
    if not numbers:
        return None
    result = numbers[0]
    for number in numbers[1:]:
        result = choose(result, number)
    return result


def _lines(outputs: Iterable[str]) -> Iterable[str]:
    return (line for text in outputs for line in text.split("\n"))


def _numbers(text: str, how: str, choose: Callable[[Number, Number], Number]) -> Number | dict[str, Number]:
    stripped = text.strip()
    number = _number(stripped)
    if number is not None:
        return number
    if stripped.startswith("{"):
        try:
            found = json.loads(stripped)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and all(_is_number(value) for value in found.values()):
            return found
        raise ProgramError(f'combine="{how}" takes numbers: the output is not a JSON object of numbers.')
    by_key: dict[str, Number] = {}
    for line in stripped.split("\n"):
        pair = _PAIR.fullmatch(line.strip())
        value = _number(pair["number"]) if pair else None
        if pair is None or value is None:
            raise ProgramError(
                f'combine="{how}" takes an output that is a number, lines of `key number`, or a JSON object of numbers;'
                f" a line was {line.strip()[:80]!r}.",
                'combine="concat" takes any text.',
            )
        key = pair["key"]
        by_key[key] = choose(by_key[key], value) if key in by_key else value
    return by_key


def _number(text: str) -> Number | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
