"""What a model submits is checked before it is believed: its form, its citations against the bytes, its data.

Over a real snapshot, with the workers' operations in this process.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.in_process import CheckHere
from tests.scripted import Asker, script
from tests.unit.engine.conftest import Hosting

from rlm_ls.context.document import Span
from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Citation
from rlm_ls.engine.citing.citing import MAX_CITATIONS, MAX_QUOTE, cite
from rlm_ls.engine.loop.submission import MAX_ANSWER, CheckedSubmission, check
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.crossing import Given
from rlm_ls.executors.scripts.host import Submission, VerbHost

TEXT = "one\ntwo\nVéra 🎉 three\nfour\n"
NO_PLACE = "A citation is a Span or a place such as app.log:12."


async def checked(host: VerbHost, answer: Any = "x", cite: Any = None, data: Any = None, schema: Any = None) -> Any:
    return await check(Submission(answer, cite, data), host, schema, Checker(CheckHere(1)))


async def lines(host: VerbHost, *cited: Any) -> list[tuple[str, int, int, str]]:
    """Path, lines and quote of what was cited, without a problem."""
    found = await checked(host, cite=list(cited))
    assert found.problems == ()
    return [(one.path, one.line, one.end_line, one.quote) for one in found.citations]


async def problem(host: VerbHost, **submitted: Any) -> str:
    found = await checked(host, **submitted)
    assert len(found.problems) == 1, found.problems
    return str(found.problems[0])


def given(span: Span, **changed: Any) -> Given:
    """A Span as a script passes it."""
    fields = {"doc": span.doc, "start": span.start, "end": span.end, "line": span.line, "end_line": span.end_line}
    return Given("Span", {**fields, **changed})


def _short(value: Any) -> str:
    return type(value).__name__ if isinstance(value, int) else repr(value)[:30]


# -- the answer ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("plain", "plain"),
        (" as it is \n", " as it is \n"),
        ("half \ud800", "half ?"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "True"),
        ({"Véra": [1]}, '```json\n{\n "Véra": [\n  1\n ]\n}\n```'),
        ((1, 2), "```json\n[\n 1,\n 2\n]\n```"),
        ([], "```json\n[]\n```"),
    ],
)
async def test_an_answer_is_text_or_becomes_one(hosting: Hosting, answer: Any, text: str) -> None:
    assert await checked(await hosting(TEXT), answer) == CheckedSubmission(text, None, (), ())


@pytest.mark.parametrize("answer", ["", " \n\t", None])
async def test_an_empty_answer_is_none(hosting: Hosting, answer: Any) -> None:
    assert await problem(await hosting(TEXT), answer=answer) == "the answer is empty."


async def test_an_answer_has_a_longest(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    assert len((await checked(host, "x" * MAX_ANSWER)).answer) == MAX_ANSWER
    found = await checked(host, "x" * (MAX_ANSWER + 1))
    assert found.problems == (f"the answer has {MAX_ANSWER + 1:,} characters; 200,000 are allowed. Say it in short.",)
    assert found.answer == ""
    assert "the answer holds more than 5,000 values" in await problem(host, answer=[0] * 5_000)


async def test_every_problem_is_told_at_once(hosting: Hosting) -> None:
    found = await checked(
        await hosting(TEXT), "", cite=[99, "nope"], data={"a": 1}, schema={"required": ["b"], "type": "object"}
    )
    assert len(found.problems) == 4
    assert found.problems[0] == "the answer is empty."
    assert "'b' is a required property" in found.problems[1]
    assert [said[:16] for said in found.problems[2:]] == ["citation '99': 1", "citation 'nope':"]


# -- data ----------------------------------------------------------------------------------------------------------


async def test_data_is_plain_and_fits_the_schema(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    schema = {"type": "array", "items": {"type": "integer"}}
    assert await checked(host, data=(1, 2), schema=schema) == CheckedSubmission("x", [1, 2], (), ())
    assert await problem(host, data=("a",), schema=schema) == "data[0]: 'a' is not of type 'integer'"
    assert await problem(host, data=None, schema=schema) == "data: None is not of type 'array'"
    assert (await checked(host, data="anything")).data == "anything"
    assert await checked(host, data=None) == CheckedSubmission("x", None, (), ())


async def test_data_that_is_no_json_is_a_problem(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    for schema in (None, {"type": "array"}):
        assert await problem(host, data=deep, schema=schema) == "data is nested more than 64 levels deep. Pass it flat."


# -- citations -----------------------------------------------------------------------------------------------------


async def test_a_citation_carries_what_stands_there(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    found = await checked(host, cite=[3])
    document = host.doc(0)
    start = TEXT.encode().index("Véra".encode())
    assert found == CheckedSubmission(
        "x",
        None,
        (
            Citation(
                uri=document.uri,
                path=document.path,
                line=3,
                end_line=3,
                start_byte=start,
                end_byte=start + len("Véra 🎉 three".encode()),
                start_utf16=(2, 0),
                end_utf16=(2, 13),
                quote="Véra 🎉 three",
                version=1,
                state="verified",
            ),
        ),
        (),
    )
    assert host.read == {0}


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (2, (2, 2)),
        ("2", (2, 2)),
        (" 2 ", (2, 2)),
        ("1.txt:2", (2, 2)),
        ("1.txt:2-3", (2, 3)),
        ("2-3", (2, 3)),
        ("2–3", (2, 3)),
        (("1.txt", 2), (2, 2)),
        (["1.txt", 2, 3], (2, 3)),
        (4, (4, 4)),
    ],
)
async def test_a_place_may_be_said_in_many_ways(hosting: Hosting, place: Any, wanted: tuple[int, int]) -> None:
    [(path, first, last, quote)] = await lines(await hosting(TEXT), place)
    assert (path, first, last) == ("1.txt", *wanted)
    assert quote == "\n".join(TEXT.split("\n")[first - 1 : last])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nope", NO_PLACE),
        ("", NO_PLACE),
        ("2:", NO_PLACE),
        ("2-", NO_PLACE),
        ("1.txt:2-3-4", NO_PLACE),
        ("1" * 13, NO_PLACE),
        (10**5000, NO_PLACE),
        ("x" * 4_201 + ":1", NO_PLACE),
        (1.5, NO_PLACE),
        ({"line": 2}, NO_PLACE),
        (5, "1.txt has 4 lines."),
        ("1.txt:2-5", "1.txt has 4 lines."),
        ("nope.txt:1", "nope.txt"),
        (Given("Doc", {"path": "1.txt"}), NO_PLACE),
        (Given("Match", {}), "A Match cannot be used here."),
    ],
    ids=_short,
)
async def test_what_is_no_place_is_said_to_be_none(hosting: Hosting, place: Any, said: str) -> None:
    found = await problem(await hosting(TEXT), cite=[place])
    assert found.startswith("citation ")
    assert said in found


async def test_without_a_path_there_must_be_one_document(hosting: Hosting) -> None:
    host = await hosting(TEXT, "a\nb\n")
    assert await lines(host, "2.txt:2", ("1.txt", 1)) == [("2.txt", 2, 2, "b"), ("1.txt", 1, 1, "one")]
    assert "Several documents are in scope" in await problem(host, cite=2)
    assert host.read == {0, 1}


async def test_a_path_may_hold_what_a_place_is_made_of(hosting: Hosting, tmp_path: Path) -> None:
    path = tmp_path / "a:3-4\nb"
    path.write_text(TEXT)
    host = await hosting(scope=Scope("document", files=(str(path),)))
    name = host.doc(0).path
    assert [one[:3] for one in await lines(host, f"{name}:2-3")] == [(name, 2, 3)]


async def test_citations_may_be_one_a_list_or_lists_in_a_list(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    for form in (2, [2], [[2]], [[[2]]], (2,), [[2, []], []]):
        found = await checked(host, cite=form)
        assert ([one.line for one in found.citations], found.problems) == ([2], ()), form
    for none in (None, [], [[]]):
        assert (await checked(host, cite=none)) == CheckedSubmission("x", None, (), ())
    assert NO_PLACE in await problem(host, cite=[[[[2]]]])
    assert NO_PLACE in await problem(host, cite=[None])
    assert "citation 'nope'" in await problem(host, cite="nope")
    assert [one[1] for one in await lines(host, [1, 2], [3])] == [1, 2, 3]


async def test_what_only_looks_like_a_place_in_parts_is_a_list(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    assert [one[1] for one in await lines(host, ["2", "3"])] == [2, 3]
    assert [one[1] for one in await lines(host, [["1.txt:2"]])] == [2]
    assert len((await checked(host, cite=["1.txt", 2, 3, 4])).citations) == 3  # and 1.txt alone is no place
    assert len((await checked(host, cite=["1.txt", 10**5000])).problems) == 2


async def test_the_same_place_is_cited_once_and_in_the_order_given(hosting: Hosting) -> None:
    assert [one[1] for one in await lines(await hosting(TEXT), 3, 1, 3, "1.txt:1")] == [3, 1]


async def test_only_so_many_are_looked_at(hosting: Hosting) -> None:
    host = await hosting("x\n" * 300)
    for form in (list(range(1, 200)), [list(range(1, 80)), list(range(80, 200))], [[n] for n in range(1, 200)]):
        found = await checked(host, cite=form)
        assert [one.line for one in found.citations] == list(range(1, MAX_CITATIONS + 1))
        assert found.problems == ()


async def test_a_span_is_taken_as_verbs_return_it(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    hit = await host.search.lines(0, 2, 3)
    assert await lines(host, given(hit.span)) == [("1.txt", 2, 3, "two\nVéra 🎉 three")]
    part = given(hit.span, start=hit.span.start + 1, end=hit.span.start + 3, end_line=2)
    assert await lines(host, part) == [("1.txt", 2, 2, "wo")]


async def test_a_span_that_was_altered_is_refused_and_told_what_it_is(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    span = (await host.search.lines(0, 2, 2)).span
    for changed in ({"line": 1}, {"end_line": 3}, {"end_line": 4}, {"line": 3, "end_line": 3}):
        found = await problem(host, cite=[given(span, **changed)])
        line, end = changed.get("line", 2), changed.get("end_line", 2)
        assert f"1.txt bytes 4-7 are lines 2-2, not {line}-{end}. Cite Spans as verbs return them." in found
    assert "lies outside" in await problem(host, cite=[given(span, end=10**9)])
    assert "was not made by a verb" in await problem(host, cite=[given(span, start=float("inf"))])
    assert "was not made by a verb" in await problem(host, cite=[Given("Span", {"doc": "1.txt"})])


async def test_an_empty_last_line_may_be_cited(hosting: Hosting) -> None:
    host = await hosting("a\n\n")
    span = (await host.search.lines(0, 1, 2)).span
    assert [one[1:3] for one in await lines(host, given(span))] == [(1, 2)]


async def test_a_long_quote_is_cut_and_its_place_is_whole(hosting: Hosting) -> None:
    fits, long = "é" * MAX_QUOTE, "🎉" * (MAX_QUOTE + 1)
    host = await hosting(f"{fits}\n{long}\n{'x' * 100_000}\n")
    found = (await checked(host, cite=[1, 2, 3])).citations
    assert [one.quote for one in found] == [fits, long[:MAX_QUOTE] + "…", "x" * MAX_QUOTE + "…"]
    assert [one.end_byte - one.start_byte for one in found] == [2 * MAX_QUOTE, 4 * MAX_QUOTE + 4, 100_000]


async def test_what_lies_outside_the_question_is_not_cited(hosting: Hosting) -> None:
    host = await hosting(TEXT, region=((1, 1), (2, 2)))  # from "wo" to "Vé"
    for inside in (2, 3, "2-3"):
        assert (await checked(host, cite=[inside])).problems == ()
    for outside in (1, 4):
        said = await problem(host, cite=[outside])
        assert said == f"citation '{outside}': 1.txt:{outside} lies outside the question's scope."
    span = (await host.search.lines(0, 2, 2)).span
    first = given(span, end=span.start + 1)
    assert "outside the question's scope" in await problem(host, cite=[first])  # touches the selection, is not in it
    third = (await host.search.lines(0, 3, 3)).span
    behind = given(third, start=third.start + len("Vé".encode()))
    assert "outside the question's scope" in await problem(host, cite=[behind])
    assert (await checked(host, cite=[given(span, start=span.start + 1, end=span.start + 1)])).problems == ()


async def test_a_place_in_what_no_editor_shows_by_line_opens_at_its_start(hosting: Hosting, tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": ["a = 1\n", "b = 2"], "metadata": {}, "outputs": []}]
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    host = await hosting(scope=Scope("document", files=(str(path),)))
    assert host.doc(0).inside
    [found] = (await checked(host, cite=[2])).citations
    assert (found.line, found.start_utf16, found.end_utf16) == (2, (0, 0), (0, 0))
    assert (found.inside, found.label) == (True, "x.ipynb, cell 1")


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ("x" * 60, repr("x" * 60)),
        ("x" * 61, repr("x" * 59 + "…")),
        ("x" * 1000, repr("x" * 59 + "…")),
        ({"a": 1}, repr("{'a': 1}")),
        ([[[[[[[1]]]]]]], None),
        ({n: n for n in range(100)}, "'dict'"),
        (Given("Span", {"doc": "1.txt", "line": 7}), "'1.txt:7'"),
    ],
    ids=_short,
)
async def test_a_problem_names_the_citation_in_short(hosting: Hosting, item: Any, shown: str | None) -> None:
    said = await problem(await hosting(TEXT), cite=[item])
    assert len(said) < 300
    if shown:
        assert said.startswith(f"citation {shown}: ")


async def test_an_error_that_nobody_foresaw_is_a_problem_of_that_citation(hosting: Hosting, caplog: Any) -> None:
    class Hostile(list[Any]):
        def __str__(self) -> str:
            return "secret"

    host = await hosting(TEXT)
    broken = Given("Span", {"doc": "1.txt", "start": 0, "end": 3, "line": 1, "end_line": 1})

    async def fail(*_: Any) -> Any:
        raise ZeroDivisionError("secret")

    host.search.spans_at = fail  # type: ignore[method-assign]
    said = await problem(host, cite=[broken])
    assert said == "citation '1.txt:1': this is no Span of a verb and no place such as app.log:12."
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


async def test_one_bad_citation_leaves_the_others(hosting: Hosting) -> None:
    found = await checked(await hosting(TEXT), cite=[1, "nope", 2])
    assert [one.line for one in found.citations] == [1, 2]
    assert len(found.problems) == 1


async def test_a_citation_by_itself_is_the_same(hosting: Hosting) -> None:
    host = await hosting(TEXT)
    assert (await cite("1.txt:2", host)).quote == "two"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("submit('a', *find('ERROR', limit=2))", "in one list"),
        ("submit('The answer is', 5, find('ERROR', limit=2))", "in one list"),
        ("submit('a', 'app.log:1', find('ERROR')[0])", "in one list"),
        ("submit({'answer': 'a', 'citations': ['app.log:1']})", "submit(text, cite=[…])"),
    ],
)
async def test_what_was_put_in_the_wrong_place_is_not_lost_silently(ask: Asker, code: str, told: str) -> None:
    run = await ask(script(code), script("submit('b', cite=find('ERROR', limit=2))"))
    assert told in run.observations[0]
    assert run.answer.answer == "b"


async def test_data_that_was_asked_for_may_name_places(ask: Asker) -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    run = await ask(script("submit('a', cite='app.log:4', data=find('ERROR', limit=2))"), schema=schema)
    assert run.answer.data == ["app.log:4", "app.log:14"]
