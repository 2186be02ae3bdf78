"""What a small model gets wrong comes back as the line that it meant, and that line runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scripted import asking, script

SPANS = "h = regex(r'worker=(\\d)', limit=2)\n"
RANKS = "t = top(r'worker=(\\d)', 2)\n"
FIGURES = "s = stats(r'took=(\\d+)')\n"


@pytest.mark.parametrize(
    ("before", "wrong", "right"),
    [
        (SPANS, "print(h[0].groups[1])", "print(h[0].groups[0])"),
        (SPANS, "print(h[0].group(1))", "print(h[0].groups[0])"),
        (SPANS, "print(h[0].groups()[0])", "print(h[0].groups[0])"),
        (SPANS, "for m in h: print(m[1])", "for m in h: print(m.groups[0])"),
        (SPANS, "print(h.text)", "print(h[0].text)"),
        (SPANS, "print(h.count())", "print(len(h))"),
        (RANKS, "print(t[0].value, t[0][1])", "print(t[0][0], t[0][1])"),
        (RANKS, "print(t[0]['count'])", "print(t[0][1])"),
        (RANKS, "print(t[0][0].group(1))", "print(t[0][0])"),
        (FIGURES, "print(s.max)", 'print(s["max"])'),
        (FIGURES, "print(s['average'])", "print(s['mean'])"),
        ("", "print(len(count('ERROR')))", "print(count('ERROR'))"),
        ("", "print(count('ERROR')[0])", "print(count('ERROR'))"),
        ("", "print(find('ERROR').text)", "print(find('ERROR')[0].text)"),
        ("", "print(count('ERROR', by='lines'))", "print(count('ERROR', by=\"line\"))"),
        ("", "print(count(text='ERROR'))", "print(count(pattern='ERROR'))"),
        ("", "print(find(pattern='ERROR', limit=1))", "print(find(text='ERROR', limit=1))"),
        ("", "print(top(r'worker=(\\d)', limit=2))", "print(top(r'worker=(\\d)', n=2))"),
    ],
)
async def test_the_line_comes_back_as_it_was_meant_and_runs(
    before: str, wrong: str, right: str, tmp_path: Path
) -> None:
    end = script("submit('x', cite=[])")
    async with asking(tmp_path) as ask:
        run = await ask(script(before + wrong), script(before + right), end)
    first, second = run.observations
    assert f"Hint: Write: {right}" in first, first
    assert "Error" not in second, second


async def test_a_variable_with_a_verbs_name_takes_nothing_from_the_verb(tmp_path: Path) -> None:
    code = "count = count('ERROR')\nprint(count, count('INFO'))\nstats = stats(r'took=(\\d+)')\nprint(stats['max'])"
    async with asking(tmp_path) as ask:
        run = await ask(script(code), script("print(count('ERROR'))"), script("submit('x', cite=[])"))
    assert run.observations == ["60 540\n599", "60"]


@pytest.mark.parametrize(
    "line", ["x" * 100_000 + "['average']", "print(" * 5_000, "print(h[0].group(1)" + " " * 50_000]
)
async def test_a_hostile_line_is_left_alone(line: str, tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run = await ask(script(line), script("submit('x', cite=[])"))
    assert len(run.observations[0]) < 6_000
