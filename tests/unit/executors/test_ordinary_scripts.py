"""Scripts of the kind that ordinary models write over text, written before it was looked at which of them fail. Each
prints in the sandbox what it prints in Python."""

from __future__ import annotations

import collections
import contextlib
import datetime
import io
import itertools
import json
import math
import re
import warnings
from pathlib import Path

import pytest
from tests.scripted import Asker, script

LOG = "".join(
    f"2024-03-01 {9 + n // 20:02}:{n % 20 * 3:02}:{n:02} {('INFO', 'WARN', 'INFO', 'ERROR')[n % 4]} web-{n % 3} "
    f"GET /a took={n * 37 % 400} ms\n"
    for n in range(48)
)
SCRIPTS = (Path(__file__).parent / "ordinary_scripts.txt").read_text(encoding="utf-8").split("%%\n")
GROUPS = 12
IMPORTED = {one.__name__: one for one in (re, json, math, datetime, itertools, collections)}


def in_python(source: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # utcfromtimestamp is old, and scripts use it
        exec(source, IMPORTED | {"__name__": "__main__", "text": lambda _: LOG})
    return printed.getvalue()


@pytest.mark.parametrize("some", range(GROUPS))
async def test_scripts_print_what_they_print_in_python(ask: Asker, some: int) -> None:
    for source in SCRIPTS[some::GROUPS]:
        told = await ask(script(source), script("submit('x')"), text=LOG)
        assert (source, told.observations[0].strip()) == (source, in_python(source).strip())


async def test_a_variable_may_have_the_name_of_a_verb_in_this_script_and_in_later_ones(ask: Asker) -> None:
    told = await ask(
        script("count = 5\nfor lines in ['a']: pass\nstats = stats(r'took=(\\d+)')\nprint(count, lines, stats['max'])"),
        script("print(count, count('ERROR'), lines(1).line, stats(r'took=(\\d+)')['min'])"),
        script("def f():\n    find = find('ERROR', limit=1)\n    return len(find)\nprint(f())"),
        script("def g(text):\n    return len(text('app.log')) > 1000, text\nprint(g('x'))"),
        script("def top(rows):\n    return 'mine'\nprint(top([1]))"),
        script("submit('x')"),
    )
    said = [observation.splitlines()[0] for observation in told.observations]
    assert said == ["5 a 599", "5 60 1 0", "1", "(True, 'x')", "mine"]


async def test_a_script_of_a_follow_up_may_call_verbs_that_were_shadowed(ask: Asker) -> None:
    first = await ask(script("count = 5"), script("submit('x')"))
    told = await ask(script("print(count, count('ERROR'))"), script("submit('x')"), follow_up=first.events[0].run_id)
    assert told.observations[0].startswith("5 60")


async def test_an_error_in_a_rewritten_script_shows_the_line_as_the_model_wrote_it(ask: Asker) -> None:
    told = await ask(script("d = {'a': 1}\nmax(d, key=d.get) + nothing"), script("submit('x')"))
    assert "Error on line 2: max(d, key=d.get) + nothing" in told.observations[0]


async def test_an_attribute_that_is_not_there_is_still_an_error(ask: Asker) -> None:
    told = await ask(script("find('ERROR')[0].lower"), script("submit('x')"))
    assert "'Span' object has no attribute 'lower'" in told.observations[0]


async def test_an_error_in_a_generator_shows_the_line_as_the_model_wrote_it(ask: Asker) -> None:
    code = "def f(xs):\n    for x in xs:\n        yield 1 / x\n\ny = 1\nprint(list(f([1, 0])))"
    told = await ask(script(code), script("def g():\n    yield 1\n\nnothing"), script("submit('x')"))
    assert "Error on line 3: yield 1 / x" in told.observations[0]
    assert "Error on line 4: nothing" in told.observations[1]


async def test_a_generator_without_an_end_is_an_error(ask: Asker) -> None:
    code = "def f():\n    while True:\n        yield 0\nprint(next(f()))"
    told = await ask(script(code), script("submit('x')"))
    assert "a generator runs to its end" in told.observations[0] or "more than 1 s" in told.observations[0]
