"""What models that were watched expected of verbs and of what they print: each was a turn lost."""

from __future__ import annotations

import pytest
from tests.scripted import Asker, script

from rlm_ls.executors.scripts.shares import cut, shares

NOVEL = "".join(f"line {n} of a novel with a snuffbox\n" for n in range(40)) + "the sealed box lay here\nits end\n"
PACK = """\
==== src/a.py ====
@cached
def first(x: int) -> str:
    return str(x)

class Second:
    def third(self):
        pass
==== src/b.py ====
def fourth():
    pass
"""


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(len(find('sealed box')))", "1"),
        ("find('sealed box')", "find('sealed box'): 1 line has the phrase"),
        ("find('lost sealed')", "no line has the phrase; 1 have words of it"),
        ("find('sealed.*here')", "no line has this as it stands; regex() takes patterns"),
        (r"find(r'line \d+ of')", "regex() takes patterns"),
        ("find('lost|sealed')", "regex() takes patterns"),
        ("print([h.match for h in regex('se[a-z]+d')])", "['sealed']"),
        (
            "print(len([l for l in lines(1, 3)]), [l.line for l in around(find('sealed box')[0], 1, 1)])",
            "3 [40, 41, 42]",
        ),
        ("print([l.line for l in filter('sealed|end')])", "text(it).splitlines() or regex"),
        ("print([text(l) for l in lines(41, 42)])", "['the sealed box lay here', 'its end']"),
        ("print(text(filter('sealed|end')))", "the sealed box lay here\nits end"),
        ("print(text(region(None, -1, -1)))", "its end"),
        ("print(find('sealed box', context=1))", "40| line 39 of a novel with a snuffbox\n41> the sealed box"),
        ("print(find('line 1', limit=2))", "2: line 1 of a novel with a snuffbox\n11: line 10"),
        (
            "print(regex('[ni]', within=region(None, 1, 1)))",
            "1: line 0 of a novel with a snuffbox\n(4 more on the same",
        ),
        ("find('novel', 'snuffbox')", "find_any([a, b]) looks for several"),
        ("filter('x')[0]", "text(selection).splitlines() gives its lines"),
        ("print({h.groups for h in regex('(se[a-z]+d) (b.x)')})", "{('sealed', 'box')}"),
        ("print(collections.Counter(h.groups for h in regex('(l[a-z]+y) here')))", "Counter({('lay',): 1})"),
        ("a, b = regex('(se[a-z]+d) (b.x)')[0].groups; print(b, a)", "box sealed"),
        ("print('spans', len(set(find('sealed box') * 2)))", "spans 1"),
        ("near = {h: 1 for h in find('sealed box')}; print(find('sealed box')[0] in near)", "True"),
        ("print(outline())", "def fourth():"),
    ],
)
async def test_what_minds_expected_works_or_says_what_does(ask: Asker, code: str, shown: str) -> None:
    text = PACK if "outline" in code else NOVEL
    run = await ask(script(code), script("submit('done', cite=[])"), text=text)
    assert shown in run.observations[0]


@pytest.mark.parametrize(
    "words", ["Mr. Pickwick's hat", "what is this?", "a (small) hat", "cost: $5", "x*y", "a.b", "[7]"]
)
async def test_words_with_signs_are_not_taken_for_a_pattern(ask: Asker, words: str) -> None:
    run = await ask(script(f"find({words!r})"), script("submit('done', cite=[])"), text=NOVEL)
    assert "regex()" not in run.observations[0]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(find('needle', width=30))", "1: …aaaaaaaaaaa needle bbbbbbbbbbb…"),
        ("print(regex('need(l)e', width=30))", "1: …aaaaaaaaaaa needle bbbbbbbbbbb…"),
        ("print(find('needle', width=30)[0].text)", "…aaaaaaaaaaa needle bbbbbbbbbbb…"),
        ("print(find('^start', width=10), regex('^start', width=10))", "1: start aaaa…"),
        ("print(regex('the end$', width=10))", "1: …bb the end"),
        ("print(regex('needle', context=1, width=30))", "1> …aaaaaaaaaaa needle bbbbbbbbbbb…\n2| short"),
        ("print(regex('short|line', width=500))", "2: short line\n(1 more on the same"),
        ("print(len(find('needle', width=2000)[0].text))", "2002"),
    ],
)
async def test_width_shows_a_window_around_the_hit(ask: Asker, code: str, shown: str) -> None:
    text = f"start {'a' * 3_000} needle {'b' * 3_000} the end\nshort line\n"
    run = await ask(script(code), script("submit('done', cite=find('needle', width=30))"), text=text)
    assert shown in run.observations[0], run.observations[0][:500]
    assert [citation.line for citation in run.answer.citations] == [1]


async def test_the_outline_of_a_pack_names_files_and_definitions_with_their_signatures(ask: Asker) -> None:
    code = "print([(e.kind, e.name, e.level, e.signature, e.span.line) for e in outline()])"
    run = await ask(script(code), script("submit('done', cite=[])"), text=PACK)
    assert "('def', 'first', 2, 'def first(x: int) -> str:', 3)" in run.observations[0]
    assert "('file', 'src/b.py', 1, '==== src/b.py ====', 9)" in run.observations[0]
    assert "('def', 'third', 3, 'def third(self):', 7)" in run.observations[0]


async def test_an_outline_that_finds_nothing_says_so(ask: Asker) -> None:
    run = await ask(script("print(outline())"), script("submit('done', cite=[])"), text="a\nb\n")
    assert "no definitions, headings or times were recognised" in run.observations[0]


async def test_what_an_observation_had_no_room_for_is_paged_through(ask: Asker) -> None:
    code = "for n in range(3000): print('row', n)"
    run = await ask(script(code), *[script("more()")] * 3, script("submit('done', cite=[])"), window=32_000)
    seen = "\n".join(run.observations)
    assert "more() in your next reply shows them" in run.observations[0]
    assert [n for n in range(3000) if f"row {n}\n" not in seen + "\n"] == []


def test_prints_share_the_room_and_short_ones_are_whole() -> None:
    assert shares([100, 50_000, 200, 50_000], 8_300) == [100, 4_000, 200, 4_000]
    assert shares([5_000, 5_000], 20_000) == [5_000, 5_000]


def test_no_cut_is_made_below_600_characters() -> None:
    assert shares([8_500], 8_000) == [8_500]
    assert shares([8_700], 8_000) == [8_000]


@pytest.mark.parametrize("text", ["one line\n" * 1_000, str([("a", n) for n in range(2_000)]), "x" * 9_000])
def test_a_cut_is_after_an_item_and_loses_nothing(text: str) -> None:
    shown, rest = cut(text, 1_000)
    assert (shown + ("\n" if shown.endswith("line") else "") + rest) == text
    assert shown.endswith(("line", "), ", "x"))
    assert len(shown) <= 1_000


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("h = find('sealed box')[0]\nprint('sealed' in h, 'nothing' in h, h in find('sealed box'))", "True False True"),
        ("print([h.line for h in find('box') if 'sealed' in h])", "[41]"),
        ("print(['a' in c for c in chunks(20)])", "text(span) reads the text"),
        ("print(len(regex('SEALED', re.I)), count('SEALED', flags=re.IGNORECASE))", "1 1"),
        ("print(regex('sealed', re.M))", "there is no argument 'flags'"),
        ("print(regex('sealed', flags=re.I | re.S))", "there is no argument 'flags'"),
        ("print(len(regex(re.compile('SEALED', re.I))), count(re.compile(r's\\w+ed')))", "1 1"),
        ("hits = await find('sealed box')\nprint(len(hits), await count('sealed'))", "1 1"),
        ("async def main():\n    return await count('sealed')\nprint(await main())", "1"),
        ("async def find(x):\n    return x\nprint(await find('mine'))", "mine"),
        ("return find('sealed box')", "41: the sealed box lay here"),
        ("hits = find('sealed box')\nif not hits: return None\nreturn hits[0].line", "41"),
        (r"print(regex(r'sealed.*\n.*end'))", "multiline=True lets a match cross lines"),
        (r"print(count('here\nits'))", "multiline=True lets a match cross lines"),
        (r"print(extract(r'sealed[\s\S]*end'), top(r'(?s)sealed.*end'))", "multiline=True lets a match cross lines"),
        ("print(find('novel', within=text('app.log')))", "not the text itself"),
        ("n = count('sealed').total", "'int' object has no attribute 'total'"),
        ("print(find('sealed box')[0].text.most_common)", "'str' object has no attribute 'most_common'"),
    ],
)
async def test_habits_of_plain_python_work_or_are_told(ask: Asker, code: str, shown: str) -> None:
    run = await ask(script(code), script("submit('done', cite=[])"), text=NOVEL)
    assert shown in run.observations[0], run.observations[0]


@pytest.mark.parametrize(
    "end",
    ["exit()", "quit()", "exit(0)", "import sys\nsys.exit()", "from sys import exit\nexit(0)", "raise SystemExit"],
)
async def test_a_script_that_ends_itself_has_not_failed(ask: Asker, end: str) -> None:
    run = await ask(script(f"kept = 5\nsubmit('done')\n{end}\nlost = 1"), script("submit('late')"), text=NOVEL)
    assert run.answer.answer == "done"
    run = await ask(script(f"kept = 5\nif kept:\n    print('in time')\n    {end.replace(chr(10), chr(10) + '    ')}\n"
                           "print('late')"), script("submit(str(kept))"), text=NOVEL)  # fmt: skip
    assert run.observations[0] == "in time"
    assert run.answer.answer == "5"


@pytest.mark.parametrize(
    "end", ["import sys\nsys.exit(1)", "exit('nothing there')", "raise SystemExit('nothing there')"]
)
async def test_a_script_that_ends_itself_with_a_complaint_has_failed(ask: Asker, end: str) -> None:
    run = await ask(script(f"submit('done')\n{end}"), script("submit('late')"), text=NOVEL)
    assert "SystemExit" in run.observations[0]
    assert run.answer.answer == "late"
