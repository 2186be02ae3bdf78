"""What a script gets back when it errs: the whole message, its own line, and a way on."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from tests.scripted import Asker, script


@pytest.mark.parametrize(
    ("code", "line", "hint"),
    [
        ("x = 1\nfnd('a')", "line 2: fnd('a')", "Did you mean find?"),
        ("find('ERROR')[0].path", "line 1", ".doc .line"),
        ("def f():\n    x = yield 1", "line 2", "build a list"),
        ("import textwrap", "line 1", "Imported beforehand"),
        ("open('/etc/passwd')", "line 1", "no files"),
        ("x = [1]\nnext(x)", "line 2", "next(iter(…))"),
        ("with open('app.log') as f:\n    f.read()", "line 1", "text(path) reads a document"),
        ("import os\nos.listdir('.')", "line 2", "docs() lists them"),
        ("import subprocess", "line 1", "find, regex and count search it"),
        ("import requests", "line 1", "no network"),
        ("import pandas as pd", "line 1", "top, stats"),
        ("input('?')", "line 1", "Nobody is asked"),
        ("from dateutil import parser", "line 1", "fromisoformat(text) read times"),
        ("import time\ntime.mktime(time.strptime('2024', '%Y'))", "line 2", ".timestamp() gives seconds"),
        ("await asyncio.gather(find('a'), find('b'))", "line 1", "one after the other"),
        ("x = 1\nclass E(Exception):\n    pass", "line 2: class E(Exception):", "a function or a dict"),
        (
            "class A:\n    @property\n    def x(self):\n        return 1",
            "line 2: @property",
            "an ordinary one, called with ()",
        ),
        ("y = [1]\nasync def f():\n    async for x in y:\n        print(x)", "line 3: async for x in y:", "loops"),
        ("x = 1\ny = len(\n    5,\n)", "line 2: y = len(", "has no len"),
        ("search('ERROR')", "line 1", "find(text) or regex(pattern)"),
        ("print(context[:100])", "line 1", "text(path) or lines(1, 20)"),
        ("FINAL('60')", "line 1", "submit(answer, cite=[…])"),
        ("print(dir())", "line 1", "without dir()"),
        ("x = 'first: ' + find('ERROR')[0]", "line 1", ".doc .line"),
        ("outline()[0]['name']", "line 1", "An Entry has .kind"),
        ("h = regex('(?P<n>worker)')[0]\nh.groups['n']", "line 2", ".groups[0] is the first group"),
        ("extract(r'took=(\\d+)')[0]['ms']", "line 1", "extract gives texts"),
        ("count('ERROR', by='value').items()", "line 1", "top(pattern) lists values"),
        ("len = 5\nlen([1])", "line 2", "give the variable another"),
        ("find('a', limt=3)", "line 1", "find(text, within=None"),
        ("find(7)", "line 1", "argument 'text'"),
        ("find()", "line 1", "'text' is missing"),
        ("lines(1, 2, 'ap.log')", "line 1", "app.log"),
        ("lines(9999, 10000)", "line 1", "600 lines"),
        ("regex('(')", "line 1", "pattern"),
        ("for x in chunks(100):\n    'a' in x.text", "line 2", "text(span)"),
        ("x = (1,\n\n", "", "Syntax"),
        ("raise SystemExit('stop')", "line 1", "SystemExit"),
    ],
)
async def test_an_error_names_its_line_and_helps(ask: Asker, code: str, line: str, hint: str) -> None:
    told = await ask(script(code), script("submit('x')"))
    assert line in told.observations[0]
    assert hint in told.observations[0]


async def test_the_line_is_the_scripts_own_not_the_wrappers(ask: Asker) -> None:
    told = await ask(script("def deep():\n    return find('x', limit=0)\n\ndeep()"), script("submit('x')"))
    assert "line 2: return find('x', limit=0)" in told.observations[0]


async def test_an_endless_loop_ends_and_variables_are_those_of_the_last_verb(ask: Asker) -> None:
    loop = "kept = count('ERROR')\nfind('INFO', limit=1)\nlost = 1\nwhile True: pass"
    told = await ask(script(loop), script("print(kept)\nlost"), script("submit('x')"))
    assert "more than 1 s" in told.observations[0]
    assert "last verb call" in told.observations[0]
    assert told.observations[1].startswith("60\n")
    assert "'lost' is not defined" in told.observations[1]


LOOP = "for n in range(3): kept[n] = count('ERROR') if n < 2 else [x for x in range(10 ** 12) if x < 0]"


@pytest.mark.parametrize(
    ("before", "loop"), [("", LOOP), (f"\ndef fill():\n    {LOOP}", "fill()")], ids=["bare", "called"]
)
async def test_what_a_script_of_one_line_has_gathered_is_kept_as_well(ask: Asker, before: str, loop: str) -> None:
    told = await ask(script("kept = {}" + before), script(loop), script("print(kept)"), script("submit('x')"))
    assert "last verb call" in told.observations[1]
    assert told.observations[2].startswith("{0: 60}")


async def test_too_much_memory_ends_the_script_and_not_the_session(ask: Asker) -> None:
    told = await ask(script("kept = 5\nx = [0] * (1 << 28)"), script("submit(str(kept))"), script("submit('gone')"))
    assert "MemoryError" in told.observations[0]
    assert told.answer.status == "answered"


async def test_a_dead_worker_is_replaced_with_its_variables(ask: Asker) -> None:
    def kill(event: object) -> None:
        if getattr(event, "type", "") == "programStarted" and getattr(event, "turn", 0) == 2:
            for child in psutil.Process().children(recursive=True):
                if "monty" in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)

    told = await ask(script("kept = 41"), script("print(kept)"), script("submit(str(kept + 1))"), on_event=kill)
    assert "process ended" in told.observations[1]
    assert told.answer.answer == "42"
