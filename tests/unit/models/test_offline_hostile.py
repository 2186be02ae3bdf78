"""What the offline rules do with lines and questions that are made to take long: twice as much takes about twice the
processor's time at most."""

from __future__ import annotations

import json
import time

import pytest

from rlm_ls.models.offline.model import first_script
from rlm_ls.models.offline.question import OfflineDocument

UNITS = (
    "a",
    "a ",
    "1,",
    "-",
    "| ",
    '"',
    '\\"',
    "(",
    "[",
    "{",
    "=",
    ":",
    "a: ",
    "1h",
    ".",
    "a.",
    "/",
    "_",
    "a-",
    " ",
    "12:34:56 ",
    "#",
    "@",
    "a@",
)
QUESTIONS = ("Which user has the most failed logins?", "What is the average response time?", "Who wrote the letter?")
LONG = 32_000


WITHIN_JSON = 7_000
"""Characters of a string: twice as many, and what stands around them, are no more than is looked at of a line."""


def spent(unit: str, length: int) -> float:
    """Processor seconds for a question each about some ordinary lines among hostile ones."""
    hostile = (unit * (length // len(unit) + 1))[:length] + "\x01"
    lines = tuple(hostile if n % 2 else f"2026-03-14T00:00:{n:02}Z INFO web user=u{n} took={n}ms" for n in range(20))
    return asked(lines, QUESTIONS)


def spent_on_json(unit: str, length: int) -> float:
    """Processor seconds for a question about lines of JSON that hold hostile strings."""
    written = len(json.dumps(unit)) - 2
    return asked((json.dumps({"log": unit * (length // written)}),) * 20, QUESTIONS[:1])


def asked(lines: tuple[str, ...], questions: tuple[str, ...]) -> float:
    start = time.process_time()
    for question in questions:
        first_script(question, [OfflineDocument("a.log", "", len(lines), lines)])
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS)
def test_twice_as_long_lines_take_at_most_about_twice_the_time(unit: str) -> None:
    short = min(spent(unit, LONG) for _ in range(2))
    assert spent(unit, 2 * LONG) < 3 * short + 1


@pytest.mark.parametrize("unit", UNITS)
def test_twice_as_long_strings_in_json_take_at_most_about_twice_the_time(unit: str) -> None:
    short = min(spent_on_json(unit, WITHIN_JSON) for _ in range(2))
    assert spent_on_json(unit, 2 * WITHIN_JSON) < 3 * short + 1


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_question_is_not_read(unit: str) -> None:
    start = time.process_time()
    first_script("How many " + unit * (64_000 // len(unit)), [OfflineDocument("a.log", "", 1, ("a line",))])
    assert time.process_time() - start < 10
