"""What a model, a document or a provider makes long does not run on the event loop.

Each of these held it for ten seconds or for good. The bound is far above what is meant (100 ms: `./dev bench
responsiveness`), so that a busy machine does not fail it.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.faults.large_texts import watched
from tests.scripted import TEXT, Asker, FakeModel, document, script

from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.lookup import request_of
from rlm_ls.engine.trace.render import trace_markdown
from rlm_ls.errors import BadRequest

HELD = 2.0
"""Seconds of processor time that the loop may be held at most."""

GOOD = script("submit('60', cite=find('ERROR', limit=1))")
EVIL = {"type": "string", "pattern": "^(a+)+$"}
DOUBLING: dict[str, Any] = {
    "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)} | {"a40": {}},
    "$ref": "#/$defs/a0",
}
TEMPTED = '"' + "a" * 40 + '!"'


REPLIES = {
    "brackets": "[" * 1_000_000,
    "ten million characters of Markdown": "*a* [b](c) `d` <e> ![f]\n" * 420_000,
    "quotes in quotes": "> " * 500_000,
    "list in list": "".join(" " * n + "- x\n" for n in range(1_000)),
    "definitions": "[a]: " + "b" * 500_000,
    "backticks": "`a" * 500_000,
    "a script of brackets": script("x = " + "[" * 90_000),
    "a script of operators": script("x = " + "-" * 190_000 + "1"),
    "a script of names": script("print(" + "a" * 190_000 + ")"),
    "a script of backticks": "~~~python\n" + "`" * 500_000 + "\n~~~",
    "a schema's pattern": script(f"llm('x', schema={EVIL!r})"),
    "a schema's pattern, often": script(f"llm_map('x', [str(n) for n in range(50)], schema={EVIL!r})"),
    "a schema's parts": script(f"llm('x', schema={DOUBLING!r})"),
    "a schema that is large": script("llm('x', schema={'enum': [[i] for i in range(200_000)]})"),
    "a schema of unique items": script("llm('x', schema={'uniqueItems': True})"),
    "an exception's text": script("raise ValueError('a ' * 20_000_000)"),
    "a quotation": script("submit('“' + 'aaa bbb ' * 24_000 + '”')"),
    "quotations": script("submit('“aaa bbb ccc ddd eee fff” ' * 7_000)"),
    "fences in an answer": script("submit('``` ~~~ ' * 24_000)"),
    "an answer that is too long": script("submit('x' * 50_000_000)"),
    "data of many values": script("submit('x', data=[[n] for n in range(14_000)])"),
    "data of too many": script("submit('x', data=[[[0] * 100] * 100] * 50)"),
    "prints without end": script("for n in range(20_000):\n    print('x' * 5_000)"),
    "blocks without end": "```python\nx = 1\n```\n" * 40_000,
}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def ask(asker: Asker) -> Asker:
    return asker


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
async def test_a_hostile_reply_does_not_hold_the_loop(ask: Asker, reply: str) -> None:
    model = FakeModel([reply, GOOD, GOOD], lambda _: TEMPTED)
    with watched() as held:
        told = await ask(model=model, scope=document(TEXT), budget=Budget(tokens=100_000_000, seconds=120))
    assert held.seconds < HELD
    assert told.answer.status == "answered"


async def test_a_callers_pattern_does_not_hold_the_loop(ask: Asker) -> None:
    model = FakeModel([script(f"submit('x', data={TEMPTED[1:-1]!r})"), script("submit('60', data='aaa')")])
    with watched() as held:
        told = await ask(model=model, scope=document(TEXT), schema=EVIL)
    assert held.seconds < HELD
    assert "too long to be checked" in model.asked[1][-1].content
    assert told.answer.data == "aaa"


async def test_a_callers_schema_that_doubles_is_refused_in_time(ask: Asker) -> None:
    with watched() as held, pytest.raises(BadRequest, match="too long to be checked"):
        await ask(model=FakeModel([]), scope=document(TEXT), schema=DOUBLING)
    assert held.seconds < HELD


@pytest.mark.parametrize("reply", ["[" * 900_000, '{"a":' * 150_000, "[1," * 300_000, '"' + "\\u0000" * 150_000])
async def test_a_sub_models_reply_does_not_hold_the_loop(ask: Asker, reply: str) -> None:
    code = "r = llm_map('x', ['a', 'b', 'c'], schema={'type': 'string'})\nprint(len(r))"
    model = FakeModel([script(code), GOOD], lambda _: reply)
    with watched() as held:
        await ask(model=model, scope=document(TEXT), budget=Budget(tokens=100_000_000))
    assert held.seconds < HELD
    assert model.asked[1][-1].content.startswith("3\n")


async def test_a_hostile_trace_is_shown_at_once(ask: Asker) -> None:
    told = await ask(model=FakeModel([GOOD]), scope=document(TEXT))
    row = await ask.engine.store.run(told.answer.run_id)
    source = "`" * 1_000_000
    started = time.process_time()
    compiled = {"type": "compileStarted", "name": "a", "language": "rust", "target": "wasm", "source": source}
    assert source in trace_markdown(row, [compiled])
    assert time.process_time() - started < HELD


async def test_a_follow_up_on_hostile_scripts_does_not_hold_the_loop(ask: Asker, tmp_path: Path) -> None:
    first = await ask(model=FakeModel([script("x = " + "(" * 150_000), GOOD]), scope=document(TEXT))
    with watched() as held:
        told = await ask(model=FakeModel([GOOD]), scope=document(TEXT), follow_up=first.answer.run_id)
    assert held.seconds < HELD
    assert told.answer.status == "answered"


async def test_others_are_served_while_one_run_is_judged(ask: Asker) -> None:
    """Two runs whose schemas never end leave workers to a third."""
    slow = [
        asyncio.ensure_future(
            ask(
                model=FakeModel([script(f"llm('x', schema={EVIL!r})"), GOOD], lambda _: TEMPTED),
                scope=document(TEXT),
            )
        )
        for _ in range(2)
    ]
    await asyncio.sleep(0.3)
    told = await ask(model=FakeModel([GOOD]), scope=document(TEXT))
    assert told.answer.status == "answered"
    assert all(done.answer.status == "answered" for done in await asyncio.gather(*slow))


async def test_blanks_without_end_are_read_in_linear_time() -> None:
    """In a program, in a line that asks, in what a compiler says."""
    from rlm_ls.executors.compiled.toolchains.wat import _first_error
    from rlm_ls.executors.compiled.wrapping import wrap
    from rlm_ls.lsp.features.inline_questions import question_in

    started = time.process_time()
    wrap("\n" * 150_000 + "fn analyze(t: &str) -> String { t.into() }", "rust", "native")
    for _ in range(1_000):
        assert question_in("# rlm: why?" + " " * 1_900 + "x */")
    assert _first_error("message\n" + "-->" * 60_000).line == 0
    assert time.process_time() - started < HELD


@pytest.mark.parametrize("scope", [None, 7, {}, {"kind": 1, "files": 7}, {"kind": "document", "region": [1]}], ids=repr)
async def test_a_trace_whose_beginning_is_odd_is_refused_in_words(scope: Any) -> None:
    with pytest.raises(BadRequest):
        request_of([{"type": "runStarted", "question": "x", "scope": scope}])
