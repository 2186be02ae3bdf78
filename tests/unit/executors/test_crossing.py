"""What a script may pass to a verb, and what comes of it."""

from __future__ import annotations

import pytest
from tests.scripted import Asker, script

SEEN = [
    ("print(top(r'(took)=(.)', 1))", "[(('took', '1'), 111)]"),
    ("print(dict(top(r'(took)=(.)', 1)))", "{('took', '1'): 111}"),
    ("print(extract(r'(took)=(59.)')[0])", "('took', '59 ')"),
    ("print(count('ERROR', within=find('ERROR', limit=40)))", "40"),
    ("print(count('ERROR', within=(find('ERROR')[0], find('ERROR')[1])))", "2"),
    ("print(count('ERROR', within=[find('ERROR')[0], 'app.log']))", "60"),
    ("list = str = len = 3\nprint(count('ERROR'))", "60"),
    ("json = None\nprint(count('ERROR'))", "60"),
    ("print(count(b'ERROR'))", "60"),
    ("print(len(find_any({'ERROR', 'INFO'}, limit=1000)))", "600"),
    ("print(len(find_any({'ERROR': 1}.keys(), limit=1000)))", "60"),
    ("print(size('x' * 5000), size({'$': 1}), size([1, 2]))", "5000 1 2"),
    ("print(text(outline()[0].span).split()[0])", "2024-01-01"),
]


@pytest.mark.parametrize(("code", "shown"), SEEN)
async def test_what_a_script_passes_arrives_as_it_is(code: str, shown: str, ask: Asker) -> None:
    told = await ask(script(code), script("submit('x')"))
    assert shown in told.observations[0].splitlines()[0]


REFUSED = [
    ("_packed = lambda *a: ('[' + '[],' * 70_000, '')\ncount('x')", "Too much was passed"),
    ("_packed = lambda *a: ('1' * 3_000_000, '')\ncount('x')", "Too much was passed"),
    ("_packed = lambda *a: ('[]', 'x' * 17_000_000)\ncount('x')", "characters were passed"),
    ("find_any(['a'] * 50_000)", "at most 1000 items"),
    ("find_any([1] * 50_000)", "valid string"),
    ("sample(10**30)", "no number of use"),
    ("lines(-10**4000)", "no number of use"),
    ("lines(10**100_000)", "4300 digits"),
    ("find('x' * 30_000)", "at most 20000 characters"),
    ("d = []\nfor i in range(500):\n    d = [d]\ncount('x', within=d)", "nested too deeply"),
    ("s = find('ERROR')[0]\ns.start = float('inf')\ntext(s)", "was not made by a verb"),
    ("s = find('ERROR')[0]\ns.doc = {'a': [1]}\ntext(s)", "No document"),
    ("s = region(None, 1, 2)\ns.parts = [[0, 1]]\ncount('x', within=s)", "was not made by a verb"),
    (
        "s = region(None, 1, 2)\ns.parts = json.dumps([[[['a', True]] * 50, [0, 0, 9]]])\ncount('x', within=s)",
        "filters",
    ),
    ("docs('[z-a]*')", "cannot be read"),
    ("docs('[[:alpha:]]')", "cannot be read"),
    ("_verb('count', ('x',), {})", "name '_verb' is not defined"),
    ("_verb([[1] * 100_000], [2] * 100_000)", "name '_verb' is not defined"),
    ("_packed = lambda *a: ([1], [2])\ncount('x')", "cannot be read"),
    ("_packed = lambda *a: ('[' * 5000, '')\ncount('x')", "cannot be read"),
    ('_packed = lambda *a: (\'["count", [{"$": "Span", "of": 3}], {}]\', \'\')\ncount(\'x\')', "cannot be read"),
    ("_packed = lambda *a: ('[\"nothing\", [], {}]', '')\ncount('x')", "There is no verb"),
    ('_packed = lambda *a: (\'["text", [{"$": "text", "of": -5}], {}]\', \'abc\')\ncount(\'x\')', "No document"),
]


@pytest.mark.parametrize(("code", "why"), REFUSED)
async def test_what_may_not_be_passed_is_refused_with_the_reason(code: str, why: str, ask: Asker) -> None:
    told = await ask(script(code), script("submit('x')"))
    assert why in told.observations[0]
    assert "failed inside the server" not in told.observations[0]
