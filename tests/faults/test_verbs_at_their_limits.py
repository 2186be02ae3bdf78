"""Every verb, asked for as much as it gives, over large texts: the event loop goes on and the memory stays bounded."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.faults.large_texts import large_scope, many_scope, watched
from tests.scripted import Asker, FakeModel, asking, script

from rlm_ls.context.scope import Scope
from rlm_ls.executors.verbs import all as verbs
from rlm_ls.executors.verbs.registry import VERBS

assert verbs

MOST_HELD = 0.1
"""Seconds. What the server's own pings are measured against in bench/responsiveness.py."""

COUNT_LINES = """\
```wat lengths
(module (memory (export "memory") 4096) (global $top (mut i32) (i32.const 65536))
 (func (export "alloc") (param $n i32) (result i32) (local $p i32)
  (local.set $p (global.get $top)) (global.set $top (i32.add (global.get $top) (local.get $n))) (local.get $p))
 (func (export "run") (param $p i32) (param $n i32) (result i64)
  (i64.or (i64.shl (i64.extend_i32_u (local.get $p)) (i64.const 32)) (i64.extend_i32_u (local.get $n)))))
```
"""
"""A program that gives back all that it is given."""

ONE = {
    "find": (
        "len(find('host', limit=10**9))",
        "len(find('host took shop', limit=50_000))",
        "len(find('host', context=10**9, limit=50_000))",
        "len(find('host', context=3, limit=50_000))",
        "count('ERROR', within=find('host', limit=50_000))",
        "count('ERROR', within=[find('host', limit=1)[0]] * 400_000)",
        "find('x' * 100_000_000)",
        "len(find('wide', limit=50_000))",
    ),
    "find_any": ("len(find_any(['host', 'took', 'e'], limit=50_000))", "find_any([1] * 300_000)"),
    "regex": (
        r"len(regex(r'host=(\S+)' + r'(\w?)' * 99, limit=50_000))",
        r"len(regex(r'(?s).*', multiline=True, limit=50_000))",
        "len(regex('', limit=50_000))",
    ),
    "count": ("count('')", r"len(count(r'\w+', by='doc'))", r"count(r'host=\S+ path=\S+ took=\d+', by='value')"),
    "extract": (r"len(extract(r'.'))", r"len(extract(r'(\w)(\w)(\w)'))", r"len(extract(r'.*'))"),
    "top": (r"len(top(r'r[0-9a-f]+ .*', n=20_000))", r"top(r'req|r[0-9a-f]+', n=10**9)"),
    "stats": (r"len(stats(r'host=(\S+) .*took=(\d+)'))", r"len(stats(r'host=web-([0-9]).*took=(\d+)'))"),
    "terms": ("len(terms('identifiers', n=10**9))", r"len(terms(r'\S+', n=500))"),
    "lines": ("lines(1, 10**9)", "len(lines(1, 150_000).text)"),
    "around": ("around(lines(5), 10**9, 10**9)", "len(around(lines(5), 0, 150_000).text)"),
    "slice": ("slice(0, 10**9)", "len(slice(0, 16_000_000))"),
    "text": ("len(text(lines(1, 150_000)))", "text(lines(1, 10**9))", "len(text(lines(-1)))"),
    "sample": ("len(sample(1000))", "sample(10**7)", "len(sample(1000, within=filter('took=7 ')))"),
    "outline": ("len(outline())",),
    "more": ("more()", "[print(line) for line in find('host', limit=50_000)]\nmore()"),
    "chunks": ("len(chunks(1))", "len(chunks(60))", "len(chunks(10**15, by='tokens'))", "len(chunks(50, 49))"),
    "split": ("len(split(''))", "len(split('took=7 '))"),
    "filter": (
        "s = None\nfor i in range(10_000):\n    s = filter('a', within=s)",
        "s = filter('took=7 ')\nfor i in range(19):\n    s = filter('r', within=s)\ncount('host', within=s)",
        "filter('x' * 10_000_000)",
    ),
    "region": ("region(None, 1, 10**9)", "count('ERROR', within=[region(None, i, i) for i in range(1, 2000, 2)])"),
    "docs": ("docs()", "docs('*a' * 2000)"),
    "size": ("size(find('host', limit=50_000))", "size('x' * 15_000_000)"),
    "chart": (
        r"len(chart('bars', r'(\w+)'))",
        r"len(chart('lines', r'took=(\d)'))",
        r"len(chart('histogram', r'took=(\d+)'))",
        "chart('histogram', list(range(50_000)))",
        "chart('heat', [((str(n), str(n)), n, h) for n, h in enumerate(find('host', limit=1000))])\nsubmit('x')",
        "chart('table', [['x' * 200] * 8] * 1000)",
    ),
    "diagnostics": ("diagnostics()",),
    "editor": ("editor()",),
    "budget": ("budget()",),
    "help": ("help()", "help('x' * 10_000_000)"),
    "show": ("show(find('host', limit=50_000), n=50_000)",),
    "submit": (
        "submit('x' * 10_000_000)",
        "submit('x', data=[[0]] * 20_000)",
        "d = 0\nfor i in range(10_000):\n    d = [d]\nsubmit('x', data=d)",
    ),
    "llm": (
        "llm('x' * 15_000_000)",
        "llm('x', within=find('host', limit=5))",
        "llm('x', find('host', limit=5000))",
    ),
    "llm_map": (
        "len(llm_map('x', find('host', limit=2000)))",
        "len(llm_map('x', ['a'] * 30_000))",
        "llm_map('x', ['y' * 200_000] * 500)",
    ),
    "llm_reduce": ("llm_reduce('x', ['y' * 1000] * 50)",),
    "rlm": ("rlm('x' * 1_000_000, region(None, 1, 5), levels=['dsl'] * 400_000)",),
    "map_reduce": ("len(map_reduce('lengths', within=region(None, 1, 60_000)))", "map_reduce('lengths')"),
    "write_program": ("write_program('x' * 1_000_000, name='y' * 1_000_000)",),
}
"""Verb: what a script asks of it, of one large text. Some of it is refused: that must be quick too."""

MANY = {
    "docs": ("len(docs())", "len(docs('**/*.txt'))", "docs('*a*a*a*a*a*a*a*a*a*b')"),
    "count": ("len(count('host', by='doc'))", "count('x', within=[d.path for d in docs()])"),
    "find": ("len(find('host', limit=50_000, context=2))", "len(find('host', within='**/*9.txt', limit=50_000))"),
    "regex": (r"len(regex(r'took=(\d+)', limit=50_000))",),
    "sample": ("len(sample(1000))",),
    "chunks": ("len(chunks(2))", "len(chunks(50, by='tokens'))"),
    "split": ("len(split('the'))",),
    "filter": ("count('host', within=filter('the'))",),
    "top": (r"len(top(r'web-\d+', n=20_000))",),
    "chart": ("len(chart('bars', r'(the)'))", "chart('bars', [(h.doc, 1, h) for h in find('host', limit=1000)])"),
    "terms": ("len(terms(n=500))",),
    "lines": ("lines(1, doc='part0/note')", "lines(1, doc='*' * 900)", "lines(1, doc='part0/note7.txt')"),
    "size": ("size(docs())", "size('**/*.txt')"),
}


@pytest.fixture(scope="module")
def one_text(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    return large_scope(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def many_texts(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    return many_scope(tmp_path_factory.mktemp("many"))


@pytest.fixture(autouse=True, scope="module")
def _frozen() -> Iterator[None]:
    """As the server does once it has started: what was imported is not looked through for garbage."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ask(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asker]:
    """One engine for all verbs, as a server has it: its workers, and what it has read of the texts, are there."""
    state = tmp_path_factory.mktemp("state")
    async with asking(state, levels=("dsl", "wasm", "llm"), script_seconds=60.0, verb_seconds=5.0) as ask:
        yield ask


def test_every_verb_is_tried_at_its_limits() -> None:
    assert ONE.keys() == VERBS.keys()


async def held_by(ask: Asker, scope: Scope, code: str, before: str = "") -> tuple[float, str]:
    """Seconds that others had to wait while a script ran, and what the script led to.

    The least of three times, where the first is too many: a hold of ours comes back, one of a busy machine does not.
    """
    for _ in range(3):
        held, told = await _held_by(ask, scope, code, before)
        if held <= MOST_HELD:
            break
    return held, told


async def _held_by(ask: Asker, scope: Scope, code: str, before: str) -> tuple[float, str]:
    found: list[float] = []
    with watched() as held:

        def listen(event: object) -> None:
            kind = getattr(event, "type", "")
            if kind == "programStarted" and not found:
                held.begin()  # what came before is not the verb's
            if kind == "programFinished":
                found.append(held.seconds)

        model = FakeModel([f"Plan.\n{before}{script(code)}", *[script("submit('x')")] * 9])
        told = await ask("", scope=scope, on_event=listen, model=model)
    assert told.answer.status in ("answered", "partial")
    return found[0], model.asked[1][-1].content if len(model.asked) > 1 else ""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("verb", ONE)
async def test_a_verb_over_one_large_text_never_holds_the_event_loop(verb: str, ask: Asker, one_text: Scope) -> None:
    before = COUNT_LINES if verb == "map_reduce" else ""
    for code in ONE[verb]:
        held, told = await held_by(ask, one_text, code, before)
        print(f"\n{held * 1000:6.0f} ms  {code[:90]!r} → {told[:300]!r}")
        assert held <= MOST_HELD, code
        assert "failed inside the server" not in told, code


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("verb", MANY)
async def test_a_verb_over_20_000_documents_never_holds_the_event_loop(
    verb: str, ask: Asker, many_texts: Scope
) -> None:
    for code in MANY[verb]:
        held, told = await held_by(ask, many_texts, code)
        print(f"\n{held * 1000:6.0f} ms  {code[:90]!r} → {told[:300]!r}")
        assert held <= MOST_HELD, code
        assert "failed inside the server" not in told, code


MOST_GROWTH = 200
"""MiB: some copies of the 16 MB of text that one call may bring in, and as much of values and their counts."""

GREEDY = (
    "find('host', context=10**9, limit=50_000)",
    r"regex(r'(.*)' * 50, limit=50_000)",
    "split('')",
    "for i in range(500):\n    print('z' * 100_000)",
    "for i in range(300):\n    try:\n        lines(1, doc='w' * 15_000 + str(i))\n    except Exception:\n        pass",
)


@pytest.fixture(scope="module")
def smaller_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 MB: all of it could be the lines around each of its hits."""
    folder = tmp_path_factory.mktemp("smaller")
    large_scope(folder, lines=120_000)
    return folder / "large.log"


@pytest.mark.skipif(sys.platform == "win32", reason="resource is of Unix")
@pytest.mark.parametrize("code", GREEDY)
def test_a_greedy_script_grows_the_server_by_little(code: str, smaller_text: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.growing", str(tmp_path), str(smaller_text), code]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=True, cwd=Path(__file__).parents[2]
    )
    assert int(done.stdout) <= MOST_GROWTH
