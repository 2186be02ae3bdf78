"""Scripts that come without a fence, in what a model was trained to write in its place: tags, or the call of a tool."""

from __future__ import annotations

import pytest
from tests.scripted import Asker, script

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.checking.unfenced import script_of

VERBS = frozenset({"count", "find", "submit"})
CODE = "n = count('ERROR')\nprint(n)"


def read(reply: str) -> str:
    return script_of(Deadline(1), reply, VERBS)


@pytest.mark.parametrize(
    "reply",
    [
        CODE,
        "    n = count('ERROR')\n    print(n)",
        f"<code>\n{CODE}\n</code>",
        f"I count them.\n<execute>\n{CODE}\n</execute>\n",
        f"<python>{CODE}</python>",
        f'<answer>\n<code lang="python">\n{CODE}\n</code>\n</answer>',
        f"<tool_call>\n<function=python>\n<parameter=code>\n{CODE}\n</parameter>\n</function>\n</tool_call>",
        f"<|python_tag|>{CODE}",
        f"<plan>\nI count.\n</plan>\n<code>\n{CODE}\n</code>",
        f"<code>\n{CODE}\n",
    ],
)
def test_a_script_between_tags_is_the_script(reply: str) -> None:
    assert read(reply).strip() == CODE


@pytest.mark.parametrize(
    "reply",
    [
        '{"name": "count", "arguments": {"pattern": "ERROR", "by": "line"}}',
        '<tool_call>\n{"name": "count", "arguments": {"pattern": "ERROR", "by": "line"}}\n</tool_call>',
        '{"tool": "count", "args": {"pattern": "ERROR", "by": "line"}}',
        '{"type": "function", "function": {"name": "count", "parameters": {"pattern": "ERROR", "by": "line"}}}',
        '[TOOL_CALLS][{"name": "count", "arguments": "{\\"pattern\\": \\"ERROR\\", \\"by\\": \\"line\\"}"}]',
        '{"tool_calls": [{"function": {"name": "count", "arguments": {"pattern": "ERROR", "by": "line"}}}]}',
    ],
)
def test_the_call_of_a_tool_that_is_a_verb_is_the_verbs(reply: str) -> None:
    assert read(reply) == "count(**{'pattern': 'ERROR', 'by': 'line'})"


def test_a_call_whose_argument_is_a_script_is_the_script() -> None:
    assert read('{"name": "python", "arguments": {"code": "print(count(\'ERROR\'))"}}') == "print(count('ERROR'))"
    assert read('{"name": "python", "arguments": "print(count(\'ERROR\'))"}') == "print(count('ERROR'))"


def test_several_calls_are_one_script() -> None:
    calls = '[{"name": "count", "arguments": {"pattern": "a"}}, {"name": "count", "arguments": {"pattern": "b"}}]'
    assert read(calls) == "print(count(**{'pattern': 'a'}))\nprint(count(**{'pattern': 'b'}))"


@pytest.mark.parametrize(
    "reply",
    [
        "There are 60 errors.",
        "I would call count('ERROR') for that.",
        "The function is <code>count(x)</code>, see there.",
        "It is called so:\n\ncount(x)",
        "<b>60</b>",
        '{"errors": 60}',
        '{"name": "shell", "arguments": {"command": "ls"}}',
        '{"name": "count", "arguments": "all"}',
        '{"count": {"pattern": "ERROR"}}',
        "",
    ],
)
def test_words_data_and_other_tools_are_no_script(reply: str) -> None:
    assert read(reply) == ""


@pytest.mark.parametrize("reply", ["<a>" * 50_000, "[" * 100_000, '{"a":' * 50_000, "<a " * 60_000, "<x>\n" * 50_000])
def test_hostile_replies_are_read_in_time(reply: str) -> None:
    assert read(reply) == ""


async def test_such_a_reply_is_run(ask: Asker) -> None:
    told = await ask(f"I count.\n<execute>\n{CODE}\n</execute>", script("submit('x')"))
    assert told.observations[0] == "60"


async def test_such_a_submission_ends_the_run_where_the_whole_text_was_sent(ask: Asker) -> None:
    text = "one line with ERROR\n"
    call = '<tool_call>\n{"name": "submit", "arguments": {"answer": "one", "cite": ["app.log:1"]}}\n</tool_call>'
    told = await ask(call, text=text)
    assert told.answer.answer == "one"
    assert [citation.line for citation in told.answer.citations] == [1]
