"""Fences as models write them: any length, nested, indented, unclosed, named."""

from __future__ import annotations

import pytest

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.engine.loop.grammar import Block, programs
from rlm_ls.executors.checking.grammar import fences


def parse(reply: str) -> tuple[Block, ...]:
    return programs(fences(Deadline(1), reply)[0])


def sources(reply: str) -> list[str]:
    return [block.source for block in parse(reply) if block.language == "python"]


@pytest.mark.parametrize(
    "info",
    ["python", "py", "repl", "", "Python", "python3", "{.python}", "tool_code", "ipython", "python:a.py", "python,x=1"],
)
def test_every_name_of_python_is_a_script(info: str) -> None:
    assert sources(f"Plan.\n```{info}\nprint(1)\n```\n") == ["print(1)\n"]


def test_several_blocks_keep_their_order() -> None:
    assert sources("```python\na\n```\nthen\n~~~py\nb\n~~~") == ["a\n", "b\n"]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert sources("Plan\n```python\nprint(1)\nprint(2)") == ["print(1)\nprint(2)\n"] or sources(
        "Plan\n```python\nprint(1)\nprint(2)"
    ) == ["print(1)\nprint(2)"]


@pytest.mark.parametrize("after", ["<|im_end|>", "</s>", " That counts them.", "python", "text"])
def test_a_script_ends_where_a_line_begins_with_its_fence_whatever_stands_behind_it(after: str) -> None:
    """No script holds such a line; Markdown has it that a fence with words behind it closes nothing."""
    assert sources(f"```python\nx = 1\n```{after}\n")[0] == "x = 1\n"


@pytest.mark.parametrize("after", ["<|im_end|>", "</s>", " That counts them.", "python"])
def test_what_stands_behind_the_end_of_a_script_hides_no_later_one(after: str) -> None:
    assert sources(f"```python\nx = 1\n```{after}\n\nThen:\n```python\ny = 2\n```\n")[-1] == "y = 2\n"


def test_a_fence_that_is_opened_within_a_script_opens_another() -> None:
    assert sources("```python\nx = 1\n```python\ny = 2\n```\n") == ["x = 1\n", "y = 2\n"]
    assert [block.info for block in parse("```python\nx = 1\n```json\n{}\n```\n")] == ["python", "json"]


def test_many_fences_within_a_script_are_read_in_time() -> None:
    found, more = fences(Deadline(1), "```python\nx = 1\n" * 3000)
    assert len(found) == 32
    assert more > 0


@pytest.mark.parametrize("tag", ["<answer>", "<tool_call>", '<step name="1">', "<details>", "<pre>", "<!-- plan -->"])
def test_tags_around_a_block_do_not_hide_it(tag: str) -> None:
    assert sources(f"{tag}\n```python\nx = 1\n```\n</answer>\n") == ["x = 1\n"]


@pytest.mark.parametrize("indent", ["    ", "\t", "        "])
def test_an_indented_block_is_a_script(indent: str) -> None:
    lines = ["```python", "if x:", "    y = 1", "```"]
    assert sources("Count first:\n\n" + "".join(f"{indent}{line}\n" for line in lines)) == ["if x:\n    y = 1\n"]


def test_a_script_that_is_indented_as_a_whole_is_set_back() -> None:
    assert sources("```python\n    x = 1\n    if x:\n        y = 2\n```\n") == ["x = 1\nif x:\n    y = 2\n"]


def test_the_language_on_a_line_of_its_own_is_no_part_of_the_script() -> None:
    assert sources("```\npython\nx = 1\n```\n") == ["\nx = 1\n"]


@pytest.mark.parametrize("before", ["Plan: count.", "**Plan**: ", "1. First"])
def test_a_fence_at_the_end_of_a_sentence_opens_a_block(before: str) -> None:
    assert sources(f"{before}```python\nx = 1\n```\nDone.\n") == ["x = 1\n"]


def test_a_sentence_that_only_speaks_of_a_fence_opens_none() -> None:
    assert sources("Reply with ```python\n\nThere are 60.\n") == []


def test_a_fence_in_a_string_of_a_script_that_is_wrong_elsewhere_does_not_end_it() -> None:
    written = 'n = count(“x”)\nsubmit("""\n```sh\nls\n""")\n'
    assert sources(f"```python\n{written}```\n") == [written]


def test_a_fence_nested_in_a_longer_one_is_part_of_the_script() -> None:
    reply = '````python\nsubmit("""\n```text\nx\n```\n""")\n````'
    assert sources(reply) == ['submit("""\n```text\nx\n```\n""")\n']


def test_windows_line_ends_in_a_reply() -> None:
    assert sources("Plan\r\n```python\r\nprint(1)\r\n```\r\n") == ["print(1)\n"]


def test_other_languages_do_not_run_and_are_told_apart() -> None:
    (block,) = parse('```json\n{"a": 1}\n```')
    assert block.language == "other"


def test_compiled_programs_carry_name_and_kind() -> None:
    rust, native = parse("```rust count_ips\nfn x() {}\n```\n```rust native join_logs\nfn y() {}\n```")
    assert (rust.language, rust.name, rust.native) == ("rust", "count_ips", False)
    assert (native.name, native.native) == ("join_logs", True)


def test_inline_code_and_indented_text_are_not_programs() -> None:
    assert parse("Use `find('x')` and\n\n    indented\n") == ()


def test_an_empty_block_is_no_program() -> None:
    assert parse("```python\n\n```") == ()


BASH = "```bash\nls\n```"


@pytest.mark.parametrize("quotes", ["'''", '"""', 'f"""', "r'''"])
def test_a_fence_inside_a_string_is_part_of_the_script(quotes: str) -> None:
    written = f"submit({quotes}Use:\n\n{BASH}\n\nthen\n{BASH}\n{quotes[-3:]}, cite=[])\n"
    assert sources(f"Plan.\n```python\n{written}```\nprose\n```python\nx\n```\n") == [written, "x\n"]


@pytest.mark.parametrize("fence", ["~~~", "````"])
def test_a_fence_inside_a_string_of_another_fence(fence: str) -> None:
    written = f"submit('''\n{fence}sh\nls\n{fence}\n{BASH}\n''')\n"
    assert sources(f"{fence}python\n{written}{fence}\n") == [written]


@pytest.mark.parametrize("end", ["\u2028", "\f", "\x85", "\r"])
def test_lines_of_a_reply_are_those_of_markdown(end: str) -> None:
    written = f"submit('''\n{BASH}\n''')\n"
    assert sources(f"One{end}two.\n\n```python\n{written}```\n") == [written]


def test_a_fence_inside_a_string_of_a_block_that_nothing_closes() -> None:
    assert sources(f"```python\nsubmit('''\n{BASH}\nDone.''')") == [f"submit('''\n{BASH}\nDone.''')"]


def test_a_fence_inside_a_string_of_an_indented_block() -> None:
    assert sources("1. do\n   ```python\n   submit('''\n   ```sh\n   ls\n   ```\n   ''')\n   ```\n") == [
        "submit('''\n```sh\nls\n```\n''')\n"
    ]


def test_a_string_that_never_ends_takes_no_other_block_with_it() -> None:
    assert sources("```python\nsubmit('''oops\n```\nprose\n```python\nx = 1\n```\n") == [
        "submit('''oops\n",
        "x = 1\n",
    ]


def test_many_blocks_with_open_strings_are_read_in_time() -> None:
    reply = "```python\nx = '''\n```\n" * 3000
    found, more = fences(Deadline(1), reply)
    assert len(found) == 32
    assert more > 0
