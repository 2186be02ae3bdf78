"""Rewriting scripts: what is left alone, and that no script makes it take long."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable

import pytest

from rlm_ls.executors.scripts.bridges.edits import ADDED
from rlm_ls.executors.scripts.bridges.rewriting import bridge
from rlm_ls.executors.scripts.echo import MAX_SOURCE

VERBS = frozenset({"find", "count"})


@pytest.mark.parametrize(
    "source",
    [
        "x = span.line + match.start_of",
        "x = (1,\n",
        "d.get('a')",
        "for lower in xs: print(lower)",
        "x = 'd.get and next(x for x in y)'",
        'print(f"{d.get=}")',
        "# del d['a']",
        "re.sub('a', 'b', text)",
        "import re, json",
        "def f():\n    x = yield 1\n",
        "def f(): yield 1",
        "x.get = 5",
        "\f\nmax(d, key=d.get)",
    ],
)
def test_what_needs_no_stand_in_is_left_as_it_is(source: str) -> None:
    assert bridge(source, VERBS) == source


@pytest.mark.parametrize(
    "source",
    [
        "max(d,\n    key=d\n    .get)\ny = 1",
        "x = find(\n'é',\n)\ny = count('ü')[0].text",
        "f'{max(d, key=d.get)} {count(\"x\")}'\ny = 1",
        "if a:\n\tdel d['k']\n\ty = (d.get,\n\t\td.pop)",
        "import statistics, re\nfrom statistics import (\n    mean,\n    mode as m,\n)\ny = 1",
    ],
)
def test_lines_stay_where_they_are(source: str) -> None:
    made = bridge(source, VERBS)
    assert made != source
    ast.parse(made)
    assert made.count("\n") == source.count("\n")


def test_lines_that_are_added_are_marked() -> None:
    source = "def f(xs):\n    for x in xs:\n        yield x\n\ny = 1\n"
    made = bridge(source, VERBS)
    assert [line for line in made.splitlines() if not line.endswith(ADDED)][-1] == "y = 1"
    assert made.count("\n") == source.count("\n") + made.count(ADDED)


@pytest.mark.parametrize(
    "source",
    [
        lambda n: "x = a" + ".get" * (n // 50),
        lambda n: "x = [" + "a.get," * n + "]",
        lambda n: "".join(f"x{i} = a.get\n" for i in range(n)),
        lambda n: 'x = f"' + "{a.get}" * n + '"',
        lambda n: 'x = f"{' + "+".join(["a.get"] * (n // 50)) + '}"',
        lambda n: "def f():\n" + "    yield a.get\n" * n,
        lambda n: "".join("def f():\n    yield next(x for x in y)\n" for _ in range(n // 3)),
        lambda n: "".join("del d[0]\n" for _ in range(n)),
    ],
    ids=range(8),
)
def test_time_grows_with_the_length_only(source: Callable[[int], str]) -> None:
    taken = []
    for n in (1_500, 12_000):
        text = source(n)
        assert len(text) < MAX_SOURCE
        began = time.process_time()
        bridge(text, VERBS)
        taken.append(time.process_time() - began)
    assert taken[1] < 32 * taken[0] + 0.5  # eight times the length; by its square it would be 64 times


@pytest.mark.parametrize("source", ["find(" * 80 + ")" * 80, "re.sub(a, " * 80 + "0" + ")" * 80])
def test_calls_in_calls_are_rewritten(source: str) -> None:
    assert bridge(source, VERBS).count("_bridged_") == 80
