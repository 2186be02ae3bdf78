"""Hostile scripts by a hypothesis grammar: every verb of the registry with odd arguments, between odd Python."""

from __future__ import annotations

import inspect

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.executors.verbs.registry import VERBS, Verb

PATTERNS = (
    "'ERROR'", "r'(\\w+)=(\\d+)'", "r'took=(\\d+)'", "'('", "r'(a+)+$'", "r'(?=x)'", "''", "'.*'",
    "r'(?:[a-z]+.{0,100}){1,9}[0-9]{9}'",
    "r'(x{1,1000}){1,1000}'", "'\\x00'", "'\\ud800'", "'x' * 100000", "r'(.)\\1'", "r'\\b'", "'\u0130'",
    "'^' * 5000", "'(' * 300 + ')' * 300",
)  # fmt: skip
PLACES = (
    "None", "'app.log'", "docs()[0]", "docs()", "lines(1)", "region(docs()[0], 1, 5)", "find('ERROR')",
    "[lines(1)] * 2000", "'*'",
    "'/etc/passwd'", "'../../../etc/passwd'", "'file:///etc/passwd'", "'http://127.0.0.1:9/'", "''", "[]", "{}",
    "-1", "Span('app.log', 10**30, -5, -1, 10**12, 'x', 0, 0, [], '')",
    "Span(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "filter('ERROR')", "Selection('x', [[0, 0, 10**18, []]])",
    "[[[[lines(1)]]]]", "float('nan')",
    "Span('/etc/passwd', 1, 1, 0, 10, '', 0, 0, [], '')", "Selection('x', [])", "lambda x: x", "filter",
)  # fmt: skip
NUMBERS = (
    "0",
    "1",
    "-1",
    "10**9",
    "10**30",
    "2.5",
    "float('nan')",
    "float('inf')",
    "'7'",
    "True",
    "None",
    "50",
    "-10**400",
)
TEXTS = (
    "''", "'x'", "'ERROR'", "'x' * 10**6", "'\\x1b]52;c;eA==\\x07\\x1b[2J'", "'\\ud800'", "'\\x00'",
    "str(find('ERROR'))", "'[' * 100000",
    "'> ' * 50000", "'{0}'.format(1)", "'\\u202e' * 1000", "'\"quoted text that stands nowhere in it\"'",
    "repr(docs())",
)  # fmt: skip
SCHEMAS = (
    "None", "{}", "{'type': 'string'}", "{'type': 7}", "{'$ref': 'http://127.0.0.1:9/x'}",
    "{'$ref': 'file:///etc/passwd'}", "{'$ref': '#'}",
    "{'pattern': '^(a+)+$'}", "{'$schema': 'http://127.0.0.1:9/s'}",
    "{'$id': 'http://127.0.0.1:9/i', '$ref': 'j'}", "{'enum': ['x'] * 50000}",
    "{'allOf': [{'$ref': '#'}] * 50}", "{'type': 'object', 'properties': {'a': {'$dynamicRef': '#x'}}}", "True",
    "'string'", "[]",
)  # fmt: skip
CITES = (
    "None", "lines(1)", "find('ERROR')", "'app.log:3'", "'9' * 5000", "'/etc/passwd:1'", "[lines(1)] * 5000",
    "[[[[1]]]]", "float('inf')",
    "Span('app.log', float('inf'), 1, 1, 1, '', 0, 0, [], '')", "-1", "10**5000", "{'a': 1}", "'app.log:5-1'",
    "[None, 3.5, ()]",
)  # fmt: skip
DATA = (
    "None",
    "{'a': 1}",
    "[[[]]]",
    "float('nan')",
    "{1: {2: {3: set()}}}",
    "deep(900)",
    "find('ERROR')",
    "'x' * 10**6",
    "10**5000",
)
BY_NAME = {
    "pattern": PATTERNS, "text": (*PATTERNS, *TEXTS), "words": ("['ERROR', 'INFO']", "[]", "'x'", "['x'] * 50000",
    "[1, None]", "['']"),
    "within": PLACES, "doc": PLACES, "over": (*PLACES, *TEXTS), "spans": (*PLACES, "['a', 'b']",
    "['x' * 1000] * 50", "[1, 2.5]"),
    "schema": SCHEMAS, "cite": CITES, "data": DATA, "answer": (*TEXTS, *DATA), "x": (*PLACES, *DATA),
    "levels": ("None", "['dsl']", "['native']", "['x']", "'dsl'"), "by": ("None", "'line'", "'doc'", "'value'",
    "'tokens'", "'x'"),
    "separator": PATTERNS, "prompt": TEXTS, "question": TEXTS, "directive": TEXTS, "verb": ("'find'", "find", "''",
    "'x' * 10000"),
}  # fmt: skip
ANY = (*NUMBERS, *TEXTS[:4], *PLACES[:6], *DATA[:4])

HOSTILE = (
    "while True: pass",
    "x = 'a' * (1 << 30)",
    "x = [0] * 10**9",
    "x = 10 ** 10 ** 8",
    "l = []\nfor i in range(10**7): l.append('x' * 1000)",
    "def f(n): return f(n + 1)\nf(0)",
    "deep(100000)",
    "print('x' * 10**7)",
    "for i in range(20000): print(i)",
    "raise ValueError('v' * 10**6)",
    "assert find('ERROR') == '', find('ERROR', limit=5000)",
    "open('/etc/passwd').read()",
    "import os\nos.system('true')",
    "import socket, subprocess",
    "__import__('os').environ",
    "().__class__.__base__.__subclasses__()",
    "eval('1')",
    "exec('x = 1')",
    "print(globals(), locals(), vars())",
    "await asyncio.sleep(3600)",
    "await asyncio.gather(*[llm('q', 'x') for _ in range(200)])",
    "r = [llm('q', 'x') for _ in range(50)]",
    "x = (i for i in range(10))\nprint(next(x))",
    "class A:\n    def __del__(self): find('x')\nA()",
    "print = 3\nprint('x')",
    "find = None\nfind('x')",
    "Span = dict\nprint(lines(1))",
    "count = 1\nre = json = math = None",
    "_print('\\x1f' * 1000)",
    "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')",
    "import json\njson.loads('[' * 100000)",
    "f'{1:>1000000000}'",
    "'{:>1000000000}'.format(1)",
    "'%1000000000d' % 1",
    "int('9' * 10000)",
    "x = []\nx.append(x)\nprint(x)\nsubmit(x)",
    "sorted(range(10**7), key=lambda n: -n)",
    "help(10)\nhelp('x' * 10**6)",
    "try:\n    while True: pass\nexcept BaseException:\n    pass\nfinally:\n    while True: pass",
    "submit('a')\nsubmit('b')\n1 / 0",
    "yield 1",
    "def g():\n    yield find('x')\nprint(list(g()))",
    "\x00",
    "if True:",
    "x = " + "(" * 500 + ")" * 500,
    "x = " + "-" * 5000 + "1",
    "x = '\\N{BULLET}'\nprint(x.encode('utf-16').decode('latin-1'))",
    "global count\ndel count\nprint(count('ERROR'))",
    "budget()['turns'] = 10**9\nprint(budget())",
)
DEEP = "def deep(n):\n    x = []\n    for _ in range(n): x = [x]\n    return x\n"


def _argument(name: str) -> st.SearchStrategy[str]:
    known = BY_NAME.get(name)
    if known is None:
        return (
            st.sampled_from(NUMBERS)
            if name
            in ("n", "size", "overlap", "limit", "context", "start", "end", "first", "last", "width", "before", "after")
            else st.sampled_from(ANY)
        )
    return st.one_of(st.sampled_from(known), st.sampled_from(known), st.sampled_from(ANY))


@st.composite
def _call(draw: st.DrawFn, verb: Verb) -> str:
    """A call of the verb with the arguments that it must have, and some that it may have or has not."""
    given_ = []
    for parameter in verb.parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is inspect.Parameter.empty:
            given_.append(draw(_argument(parameter.name)))
        elif draw(st.integers(0, 3)) == 0:
            given_.append(f"{parameter.name}={draw(_argument(parameter.name))}")
    if draw(st.integers(0, 15)) == 0:
        given_.append(draw(st.sampled_from(["nonsense=1", "**{}", "desk=None", "*[1, 2, 3, 4, 5, 6, 7, 8, 9]"])))
    positional = [one for one in given_ if "=" not in one.split("(")[0]]
    named = [one for one in given_ if one not in positional]
    return f"{verb.name}({', '.join([*positional, *named])})"


_calls = st.sampled_from(sorted(VERBS)).flatmap(lambda name: _call(VERBS[name]))
_used = st.sampled_from(
    [
        "{}",
        "print({})",
        "r = {}\nprint(r)",
        "r = {}\nprint(len(r), r[:3])",
        "try:\n    print({})\nexcept Exception as e:\n    print(type(e), e)",
        "for item in {}:\n    print(item)",
        "print([str(x)[:50] for x in {}][:5])",
        "def f():\n    return {}\nprint(f())",
        "print(json.dumps({}))",
        "submit({})",
        "submit('x', cite={})",
        "print(text({}))",
        "print(count('ERROR', within={}))",
        "await asyncio.gather({})",
        "show({})",
    ]
)
_statement = st.one_of(
    *[st.builds(lambda form, call: form.format(call) if "{}" in form else form, _used, _calls)] * 4,
    st.sampled_from(HOSTILE),
)
scripts_ = (
    st.lists(_statement, min_size=1, max_size=4)
    .map("\n".join)
    .map(lambda code: DEEP + code if "deep(" in code else code)
)


def generated(number: int, first: int) -> list[str]:
    """So many different scripts; the same for the same `first` seed and registry."""
    found: dict[str, None] = {}
    for own in range(first, first + 1000):

        @seed(own)
        @settings(
            max_examples=number,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(scripts_)
        def collect(source: str) -> None:
            found[source] = None

        collect()
        if len(found) >= number:
            break
    return list(found)[:number]
