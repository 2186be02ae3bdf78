"""What is ours in the sandbox works whatever names a script has taken: it calls nothing by a name that scripts use."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

import pytest
from tests.scripted import Asker, script

from rlm_ls.executors.scripts.bridges.sources import NAMES, SOURCES
from rlm_ls.executors.scripts.prelude import MODULES, prelude

TAKEN = {name for name in dir(builtins) if name[0].islower()} | {*MODULES.split(", "), "itertools", "show"}
"""Names of exceptions are not: nobody calls a variable so."""


def used(tree: ast.AST) -> Iterator[str]:
    """Names that are read, but for those that a function has for its own."""
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    reads = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return (name for name in reads if name not in own)


def test_what_runs_later_reads_no_name_that_scripts_may_have_taken() -> None:
    inside = [node for node in ast.walk(ast.parse(prelude(single=False))) if isinstance(node, ast.FunctionDef)]
    bodies: list[ast.AST] = [ast.Module(body=function.body, type_ignores=[]) for function in inside]
    own = {arg.arg for function in inside for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
    fed = [ast.parse(source) for name, source in SOURCES.items() if name not in NAMES]
    assert {name for body in bodies for name in used(body)} & TAKEN - own == set()
    assert {name for tree in fed for name in used(tree)} & TAKEN == set()


SHADOWS = (
    "str = len = list = dict = repr = isinstance = type = range = min = max = sum = set = zip = round = iter = 1\n"
    "any = all = sorted = ord = chr = getattr = frozenset = object = 2\nre = math = json = datetime = 3\n"
)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("find('ERROR', limit=1)", "4: 2024-01-01"),
        ("print(find('ERROR', limit=2), docs())", "14: 2024-01-01"),
        ("print(lines(3, 4))", "3-4\n"),
        ("show([1, 2, 3], 2)", "… 1 more"),
        ("[l.line for l in lines(1, 2)]", "[1, 2]"),
        ("find('ERROR', within={'app.log'}, limit=1)", "4: "),
        ("from statistics import mean, median\nprint(mean([1, 2]), median([3, 1, 2]))", "1.5 2"),
        ("from datetime import datetime as D\nD.strptime('2024-03-01', '%Y-%m-%d').year", "2024"),
        ("import heapq\nheapq.nlargest(1, [1, 3, 2])", "[3]"),
        ("'a-b'.translate({45: None})", "ab"),
        ("d = {'a': 1, 'b': 2}\nprint(*map(d.get, d))", "1 2"),
    ],
)
async def test_verbs_and_stand_ins_work_under_shadowed_names(ask: Asker, code: str, shown: str) -> None:
    told = await ask(script(SHADOWS), script(code), script("submit('x')"))
    assert shown in told.observations[1], told.observations[1]
