"""Verbs over structured logs, as a model calls them."""

from __future__ import annotations

import json

from tests.scripted import Asker, script

LOG = "".join(
    json.dumps({"log": json.dumps({"level": level, "took": n, "host": f"web-{n % 2}"}) + "\n", "stream": "stdout"})
    + "\n"
    for n, level in enumerate(["info", "error", "info", "warn", "error", None])
)
LOG += "started\n"


async def said(ask: Asker, code: str, text: str = LOG) -> str:
    told = await ask(script(code), script("submit('x')"), text=text)
    return told.observations[0]


async def test_verbs_take_a_field_in_place_of_a_pattern(ask: Asker) -> None:
    printed = await said(
        ask,
        "print(top(field='level', n=2))\n"
        "print(count(field='level'), count('error', field='level'), count(field='level', by='value'))\n"
        "print(count('^err', field='level', by='doc'))\n"
        "print(stats(field='took')['max'], stats(field=['host', 'took'])['web-1']['sum'])\n"
        "print(extract(field='took'), extract(field=['level', 'took'])[:2], extract(r'web-(.)', field='host')[:2])",
    )
    assert printed.splitlines()[:5] == [
        "[('error', 2), ('info', 2)]",
        "6 2 4",
        "{'app.log': 2}",
        "5 9",
        "[0, 1, 2, 3, 4, 5] [('info', 0), ('error', 1)] ['0', '1']",
    ]
    assert "of 7 lines, 1 hold no field level, in 1 level is null" in printed
    assert "of 7 lines, 1 hold no field took" in printed


async def test_what_a_field_filters_is_found_with_its_lines(ask: Asker) -> None:
    code = "e = filter('error', field='level')\nprint([s.line for s in find('level', within=e)], e)"
    assert (await said(ask, code)).startswith("[2, 5] Selection(lines matching 'error' in level)")


async def test_a_citation_of_a_filtered_line_holds(ask: Asker) -> None:
    told = await ask(script("submit('two', cite=find('level', filter('error', field='level')))"), text=LOG)
    assert told.answer.status == "answered"
    assert [citation.line for citation in told.answer.citations] == [2, 5]


async def test_a_field_that_is_not_there_is_answered_by_those_that_are(ask: Asker) -> None:
    assert "Fields: level, took, host, log, stream" in await said(ask, "top(field='levle')")
    assert "no field 'lvl' in the lines looked at. Fields: level" in await said(ask, "filter('x', field='lvl')")
    assert "neither JSON nor logfmt" in await said(ask, "stats(field='took')", "one\ntwo\n")


async def test_what_cannot_be_asked_of_fields_is_refused(ask: Asker) -> None:
    assert "A pattern, or field=, is missing" in await said(ask, "count()")
    assert "within its value" in await said(ask, "top('a', field=['a', 'b'])")
    assert "argument 'field" in await said(ask, "top(field=[])")
    assert "argument 'field" in await said(ask, "top(field='x' * 300)")


async def test_the_card_names_the_fields_of_a_structured_log(ask: Asker) -> None:
    told = await ask(script("submit('x')"), text=LOG)
    [line] = [line for line in told.sent[0][-1].content.splitlines() if "fields of app.log" in line]
    assert line.startswith("JSON fields of app.log: ")
    assert "level text" in line
    assert "took number" in line
    assert 'top(field="level")' in line


async def test_the_card_of_a_log_without_fields_says_nothing_of_them(ask: Asker) -> None:
    told = await ask(script("submit('x')"))
    assert "fields of" not in told.sent[0][-1].content
