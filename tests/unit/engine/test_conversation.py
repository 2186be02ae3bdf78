"""What was read is not sent again; all else is append-only, and compacted only when the window would overflow."""

from __future__ import annotations

import pytest

from rlm_ls.engine.loop.conversation import Conversation
from rlm_ls.models.base import Message


def talk(turns: int, size: int) -> Conversation:
    conversation = Conversation()
    conversation.append(Message("system", "rules"))
    conversation.append(Message("user", "question"))
    for number in range(turns):
        conversation.append(Message("assistant", f"reply {number}"))
        conversation.append(Message("user", f"{number}" + "x" * size))
    return conversation


def test_unsent_is_what_was_appended_since() -> None:
    conversation = talk(1, 10)
    assert len(conversation.unsent()) == 4
    assert conversation.unsent() == []
    conversation.append(Message("user", "more"))
    assert [m.content for m in conversation.unsent()] == ["more"]


def test_nothing_is_compacted_while_it_fits() -> None:
    conversation = talk(3, 100)
    before = list(conversation.messages)
    assert not conversation.compact(100_000, 3.3, 4096)
    assert conversation.messages == before


def test_old_observations_go_first_and_the_question_and_newest_stay() -> None:
    conversation = talk(10, 4_000)
    assert conversation.compact(8_000, 3.3, 4096)
    contents = [m.content for m in conversation.messages]
    assert contents[0] == "rules"
    assert contents[1] == "question"
    assert "4,001 characters" in contents[3]
    assert contents[-1].endswith("x" * 100)
    assert len(contents) == 22


def test_a_long_observation_is_whole_once_and_a_few_lines_later() -> None:
    conversation = talk(0, 0)
    long = "".join(f"line {number} of what was printed\n" for number in range(200))
    conversation.observe("first", long)
    assert conversation.messages[-1].content == long
    conversation.observe("second", "short")
    kept = conversation.messages[3].content
    assert kept.startswith("line 0 of what was printed\nline 1")
    assert len(kept) < 800
    said = f"{len(long) - kept.index('[…') + 1:,} more characters that you have read"
    assert said in kept
    assert [m.role for m in conversation.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    conversation.observe("third", "short again")
    assert conversation.messages[3].content == kept


def test_what_is_short_and_the_question_stay_as_they_are() -> None:
    conversation = Conversation()
    conversation.append(Message("system", "r" * 9_000))
    conversation.append(Message("user", "q" * 9_000))
    conversation.observe("a" * 1_000, "x" * 1_000)
    before = list(conversation.messages)
    conversation.observe("reply", "more")
    assert conversation.messages[:4] == before


@pytest.mark.parametrize("said", ["I look.\n", ""])
def test_a_long_program_is_whole_until_what_it_printed_was_read(said: str) -> None:
    conversation = talk(0, 0)
    program = f"{said}```python\n" + "".join(f"print(count('{number}'))\n" for number in range(100)) + "```"
    conversation.observe(program, "what it printed")
    assert conversation.messages[2].content == program
    conversation.observe("second", "short")
    kept = conversation.messages[2].content
    assert kept.startswith(f"{said}```python\nprint(count('0'))\n")
    left = len(program) - kept.index("```\n[…") + 1
    assert f"{left:,} more characters of this reply, which ran" in kept
    assert len(kept) < 600
    assert conversation.messages[3].content == "what it printed"
