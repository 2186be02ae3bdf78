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
        (SPANS, "print([m.group(1) + m.group() for m in h])", "print([m.groups[0] + m.match for m in h])"),
        (SPANS, "print(h[0]['text'], h[1]['line'])", "print(h[0].text, h[1].line)"),
        (SPANS, "for m in h: print(m['line_number'], m['content'])", "for m in h: print(m.line, m.text)"),
        (SPANS, "for m in h: print(m.get('text', ''))", "for m in h: print(m.text)"),
        (SPANS, "for m in h: print(m.line_number, m.content)", "for m in h: print(m.line, m.text)"),
        (SPANS, "print(h[0].text[:9], h[0][:9])", "print(h[0].text[:9], h[0].text[:9])"),
        (SPANS, "print([m.split()[0].strip() for m in h])", "print([m.text.split()[0].strip() for m in h])"),
        (SPANS, "print(h[0].startswith('2024'))", "print(h[0].text.startswith('2024'))"),
        (SPANS, "print(', '.join(h))", "print(', '.join(s.text for s in h))"),
        (SPANS, "print(re.search(r'took=(\\d+)', h[0])[1])", "print(re.search(r'took=(\\d+)', h[0].text)[1])"),
        (
            "",
            "for a, b in regex(r'(w)orker=(\\d)', limit=2): print(a, b)",
            "for a, b in [s.groups for s in regex(r'(w)orker=(\\d)', limit=2)]: print(a, b)",
        ),
        ("h = regex(r'worker', limit=1)\n", "print(h[0].groups[0])", "print(h[0].match)"),
        (RANKS, "print(t[0].value, t[0].n)", "print(t[0][0], t[0][1])"),
        (RANKS, "print(t[0]['value'], t[0]['count'])", "print(t[0][0], t[0][1])"),
        (RANKS, "for k, v in t.items(): print(k, v)", "for k, v in dict(t).items(): print(k, v)"),
        ("", "print(top(r'worker=(\\d)')['3'])", "print(dict(top(r'worker=(\\d)'))['3'])"),
        (FIGURES, "print(s['average'], s['median'])", "print(s['mean'], s['p50'])"),
        ("", "print(count('ERROR').total)", "print(count('ERROR'))"),
        ("", "print(find('ERROR', max_results=2))", "print(find('ERROR', limit=2))"),
        ("", "print(find('error', case_sensitive=False))", "print(find('error', ignore_case=True))"),
        ("", "print(find(['ERROR', 'took=3 '], limit=2))", "print(find_any(['ERROR', 'took=3 '], limit=2))"),
        ("", "print(text('app.log', 1, 2))", "print(text(lines(1, 2, 'app.log')))"),
        ("", "print(docs()[0].name)", "print(docs()[0].path)"),
        ("", "print(count(“ERROR”))", 'print(count("ERROR"))'),
        ("", ">>> print(count('ERROR'))", "print(count('ERROR'))"),
        ("", "submit(text='x', cite=[])", "submit(answer='x', cite=[])"),
        ("", "submit('x', citations=[])", "submit('x', cite=[])"),
        (
            "",
            "print(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))",
            "print(datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))",
        ),
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
    first, *second = run.observations
    assert f"Hint: Write: {right}" in first, first
    assert "Error:" not in "".join(second), second


@pytest.mark.parametrize(
    "line", ["print(h['text'])", "x = h[0] + nothing[0]", "d['total'] = h[0]['x']", "print(h[0][0].foo, t.items)"]
)
async def test_what_is_not_known_to_be_meant_is_not_written(line: str, tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run = await ask(script(SPANS + RANKS + "d = {}\n" + line), script("submit('x', cite=[])"))
    assert "Error" in run.observations[0]
    assert "Write:" not in run.observations[0], run.observations[0]


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
