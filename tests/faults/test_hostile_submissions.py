"""What a model hands over that is no answer: it goes back in words, and no run that was paid for is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.scripted import TEXT, Asker, FakeModel, document, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine.loop import run as running
from rlm_ls.engine.loop.observation import BESIDE_OUTPUT, ERROR, ProgramResult, observation
from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.replay import replay
from rlm_ls.errors import Unforeseen
from rlm_ls.models.base import Reply

GOOD = script("submit('60', cite=find('ERROR', limit=1))")

HIT = "s = find('ERROR', limit=1)[0]\n"
MALFORMED = {
    "a citation of 5,000 digits": "submit('x', cite=['app.log:' + '9' * 5000])",
    "a citation that is such a number": "submit('x', cite=10 ** 5000)",
    "a place of two such numbers": "submit('x', cite=('app.log', 10 ** 5000, 10 ** 5000))",
    "a start that is infinite": f"{HIT}s.start = float('inf')\nsubmit('x', cite=s)",
    "a line that is infinite": f"{HIT}s.line = float('inf')\nsubmit('x', cite=s)",
    "a line that is no number": f"{HIT}s.line = float('nan')\nsubmit('x', cite=s)",
    "a line that is text": f"{HIT}s.line = 'twelve'\nsubmit('x', cite=s)",
    "an end that is a list": f"{HIT}s.end = [1]\nsubmit('x', cite=s)",
    "a line of 5,000 digits": f"{HIT}s.line = 10 ** 5000\nsubmit('x', cite=s)",
    "a document of 5,000 digits": f"{HIT}s.doc = 10 ** 5000\nsubmit('x', cite=s)",
    "a document that is a Span": f"{HIT}s.doc = s\nsubmit('x', cite=s)",
    "a document that is a long name": f"{HIT}s.doc = 'x' * 100_000\nsubmit('x', cite=s)",
    "a citation nested 900 deep": "d = ['app.log:1']\nfor i in range(900):\n    d = [d]\nsubmit('x', cite=d)",
    "a citation that holds itself": "d = []\nd.append(d)\nsubmit('x', cite=[d])",
    "a function": "submit('x', cite=lambda: 1)",
    "a class": "submit('x', cite=int)",
    "a module": "submit('x', cite=[re])",
    "a dictionary": "submit('x', cite={'app.log': 1})",
    "data nested 900 deep": "d = []\nfor i in range(900):\n    d = [d]\nsubmit('x', data=d)",
    "data with a number of 5,000 digits": "submit('x', data={'n': 10 ** 5000})",
    "data with such a number as a key": "submit('x', data={10 ** 5000: 1})",
    "data with a million values": "submit('x', data=[0] * 1_000_000)",
    "data of a bomb": "a = ['x'] * 100\nb = [a] * 100\nsubmit('x', data=[b] * 100)",
    "data of 20 MB": "submit('x', data='x' * 20_000_000)",
    "an answer nested 900 deep": "d = []\nfor i in range(900):\n    d = [d]\nsubmit(d)",
    "an answer with a long number": "submit([10 ** 5000])",
    "an answer that is such a number": "submit(10 ** 5000)",
    "an answer of 10 MB": "submit('x' * 10_000_000)",
    "an empty answer": "submit('')",
    "no answer": "submit(None)",
    "a forged call": "_verb('submit')",
    "a forged call of nothing": "_verb()",
    "a forged name": "_verb(7, (), {})",
    "forged arguments": "_verb('submit', 7, {})",
    "forged names of arguments": "_verb('submit', (), {7: 8})",
    "a forged later call": "await _later('llm')",
    "an argument that Python will not write": "find(10 ** 5000)",
    "a line of such a kind": "lines('a', 10 ** 5000)",
    "an argument nested 900 deep": "d = []\nfor i in range(900):\n    d = [d]\nfind('a', within=d)",
}
"""Scripts by what is wrong with them. None ends a run."""

ODD = {
    "keys of all kinds": ("submit('x', data={1: 2, None: 3, (4, 5): 6, True: 7, 1.5: 8})", dict),
    "numbers that JSON lacks": ("submit('x', data=[float('nan'), float('inf'), -0.0])", list),
    "sets and tuples": ("submit('x', data={'a': {3, 1, 2}, 'b': (1, 2)})", dict),
    "a Span": ("submit('x', data=find('ERROR', limit=1))", list),
    "odd characters": ("submit('x', data='\\x00\\x1b[2J\\u2028\\U0001f600')", str),
}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def ask(asker: Asker) -> Asker:
    return asker


@pytest.mark.parametrize("code", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_malformed_goes_back_in_words_and_the_run_goes_on(ask: Asker, code: str) -> None:
    model = FakeModel([script(code), GOOD])
    told = await ask(model=model, scope=document(TEXT))
    assert told.answer.status == "answered"
    assert told.answer.answer == "60"
    shown = model.asked[1][-1].content
    assert "submit was not accepted" in shown or "Error" in shown
    assert len(shown) < 10_000
    kinds = [event.type for event in told.events]
    assert kinds[-1] == "runFinished"
    stored = await ask.engine.store.events(told.answer.run_id)
    assert [event["seq"] for event in stored] == list(range(1, len(stored) + 1))


@pytest.mark.parametrize(("code", "kind"), ODD.values(), ids=ODD)
async def test_odd_data_becomes_plain_data(ask: Asker, code: str, kind: type) -> None:
    told = await ask(model=FakeModel([script(code)]), scope=document(TEXT))
    assert told.answer.status == "answered"
    assert isinstance(told.answer.data, kind)
    row = await ask.engine.store.run(told.answer.run_id)
    assert row.answer is not None
    assert row.answer["data"] == told.answer.data


@pytest.mark.parametrize("code", list(MALFORMED.values())[:22:3])
async def test_a_run_with_a_malformed_submission_is_resumed_and_replayed(ask: Asker, tmp_path: Path, code: str) -> None:
    path = tmp_path / "app.log"
    path.write_text(TEXT)
    scope = Scope(kind="document", files=(str(path),))
    told = await ask(model=FakeModel([script(code)]), scope=scope, budget=Budget(turns=1))
    assert told.answer.status == "partial"
    again = await ask.engine.resume(
        told.answer.run_id, lambda event: None, budget=Budget(turns=4), model=lambda *_: FakeModel([GOOD])
    )
    assert again.answer == "60"
    whole = await ask(model=FakeModel([script(code), GOOD]), scope=scope)
    replayed = await replay(ask.engine, await ask.engine.store.events(whole.answer.run_id), strict=True)
    assert replayed.answer.answer == "60"
    assert not replayed.differences


async def test_data_that_holds_itself_ends_no_run(ask: Asker) -> None:
    told = await ask(model=FakeModel([script("d = []\nd.append(d)\nsubmit('x', data=d)"), GOOD]), scope=document(TEXT))
    assert told.answer.status == "answered"


async def test_a_reply_with_halves_of_characters_is_kept(ask: Asker) -> None:
    """As a provider's JSON may hold: no file and no sandbox takes them."""
    model = FakeModel(["Plan \ud800.\n```python\nprint('\udfff')\n```", GOOD])
    told = await ask(model=model, scope=document(TEXT), question="What is \udc00?")
    assert told.answer.status == "answered"


async def test_a_sub_reply_with_halves_of_characters_is_kept(ask: Asker) -> None:
    codes = "print(llm('x', schema={'type': 'string'}), llm('y'))"
    model = FakeModel([script(codes), GOOD], lambda asked: '"\\ud800"' if "x" in asked else "\ud800")
    told = await ask(model=model, scope=document(TEXT))
    assert told.answer.status == "answered"
    assert "Error" not in model.asked[1][-1].content


class Broken(FakeModel):
    """Fails in a way that nobody foresaw, at its second call."""

    async def complete(self, messages: Any, **options: Any) -> Reply:
        if self.asked:
            raise KeyError("the document said: 4711")
        return await super().complete(messages, **options)


async def test_whatever_fails_after_the_first_reply_ends_in_what_was_found(ask: Asker) -> None:
    told = await ask(model=Broken([script("print('sixty of them')")]), scope=document(TEXT))
    answer = told.answer
    assert answer.status == "partial"
    assert "sixty of them" in answer.answer
    assert str(Unforeseen.code) in answer.reason
    assert "4711" not in answer.reason
    finished = told.events[-1]
    assert finished.type == "runFinished"
    assert finished.error_code == Unforeseen.code
    row = await ask.engine.store.run(answer.run_id)
    assert row.status == "partial"
    resumed = await ask.engine.resume(
        answer.run_id, lambda event: None, model=lambda *_: FakeModel([GOOD]), buffers=document(TEXT).buffers
    )
    assert resumed.answer == "60"


async def test_before_the_first_reply_it_is_an_error_with_a_code(ask: Asker) -> None:
    class Worse(FakeModel):
        async def complete(self, messages: Any, **options: Any) -> Reply:
            raise KeyError("x")

    with pytest.raises(Unforeseen):
        await ask(model=Worse([]), scope=document(TEXT), run_id="worse")
    assert (await ask.engine.store.run("worse")).status == "failed"


@pytest.mark.parametrize("part", ["_observe", "_run_programs", "_plan", "finish"])
async def test_a_defect_in_any_part_of_a_turn_loses_nothing(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    usual = getattr(running, part)
    left = [1]

    def defective(*given: Any, **named: Any) -> Any:
        if part != "finish" or left.pop() if left else False:
            raise ZeroDivisionError("4711")
        return usual(*given, **named)

    monkeypatch.setattr(running, part, defective)
    code = "submit('60')" if part == "finish" else "print('sixty of them')"
    told = await ask(model=FakeModel([script(code)] * 3), scope=document(TEXT))
    assert told.answer.status == "partial"
    assert "4409" in told.answer.reason
    assert told.events[-1].type == "runFinished"


async def test_a_listener_that_fails_loses_nothing(ask: Asker) -> None:
    def listen(event: Any) -> None:
        raise ZeroDivisionError

    told = await ask(model=FakeModel([GOOD]), scope=document(TEXT), on_event=listen)
    assert told.answer.status == "answered"


async def test_a_defect_in_a_sub_call_harms_none_of_the_others(ask: Asker) -> None:
    def answer(asked: str) -> Any:
        return KeyError("b") if "b" in asked.split("\n")[-1] else "yes"

    model = FakeModel([script("print(llm_map('p', ['a', 'b', 'c']))"), GOOD], answer)
    await ask(model=model, scope=document(TEXT))
    shown = model.asked[1][-1].content
    assert shown.count("'yes'") == 2
    assert "KeyError" in shown


EXCEPTIONS = {
    "a text as an assertion's": "rows = 'x' * 105_000\nassert rows == '', rows",
    "a text as an error's": "raise ValueError('x\\n' * 200_000)",
    "a key": "{}['x' * 300_000]",
    "a name": "x" * 50_000,
    "an argument": "find('a', **{'x' * 100_000: 1})",
    "a document": "lines(1, 2, 'x' * 100_000)",
    "a pattern": "regex('(' + 'x' * 100_000)",
    "a text as a verb's": "llm('x' * 500_000)",
    "a schema": "llm('x', schema={'type': 'x' * 90_000})",
    "a schema's reference": "llm('x', schema={'$ref': 'http://' + 'x' * 90_000})",
    "a submission's quotations": "submit('“' + 'aaa bbb ccc ddd eee ' * 5_000 + '”')",
    "a submission's citations": "submit('x', cite=[('x' * 4_000) + str(n) + ':1' for n in range(100)])",
    "a coordinate": "find('a', within='x' * 100_000)",
}


@pytest.mark.parametrize("code", EXCEPTIONS.values(), ids=EXCEPTIONS)
async def test_no_error_is_longer_than_what_a_model_may_be_told(ask: Asker, code: str) -> None:
    model = FakeModel([script(code), GOOD, GOOD])
    told = await ask(model=model, scope=document(TEXT))
    shown = model.asked[1][-1].content
    assert len(shown) < ERROR + 1_000
    assert told.answer.status == "answered"
    for event in await ask.engine.store.events(told.answer.run_id):
        if event["type"] not in ("modelReplied", "programStarted", "modelCalled"):
            assert len(str(event)) < 3 * ERROR, event["type"]


async def test_a_cut_error_keeps_its_ends_and_says_what_was_cut(ask: Asker) -> None:
    model = FakeModel([script("raise ValueError('begin ' + 'x' * 100_000 + ' end')"), GOOD])
    await ask(model=model, scope=document(TEXT))
    shown = model.asked[1][-1].content
    assert "ValueError: begin xxx" in shown
    assert "characters cut" in shown
    assert shown.rstrip().endswith(" end")


async def test_many_errors_and_notes_are_bounded_together() -> None:
    programs = [ProgramResult("x" * 50_000, "E" * 50_000, tuple(f"{n} " + "n" * 5_000 for n in range(200)))] * 32
    shown = observation(programs, 4_000, "v" * 100_000)
    # Of the output a quarter more than its room may be shown, so that nothing small is cut.
    assert len(shown) < 4_000 + 4_000 // 4 + BESIDE_OUTPUT + ERROR + 500
    assert shown.count("cut") >= 2


async def test_of_a_reply_of_many_blocks_the_first_run_and_the_rest_is_counted(ask: Asker) -> None:
    model = FakeModel(["```python\nprint(1)\n```\n" * 5_000, GOOD])
    told = await ask(model=model, scope=document(TEXT))
    assert sum(event.type == "programStarted" for event in told.events) == 33
    assert "4,968 more blocks" in model.asked[1][-1].content


async def test_a_reply_without_an_end_is_cut(ask: Asker) -> None:
    model = FakeModel(["x" * 30_000_000, GOOD])
    told = await ask(model=model, scope=document(TEXT), budget=Budget(tokens=10_000_000))
    assert told.answer.status == "answered"
    assert len(model.asked[1][-2].content) == 1_000_000
