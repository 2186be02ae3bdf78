"""Which route a question takes, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scripted import Asker, asking, document, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine.request import AskRequest
from rlm_ls.errors import BadRequest, LevelUnavailable

SHORT = "alpha\nbeta the second\ngamma\n"


async def test_a_text_that_fits_one_call_is_sent_whole_with_line_numbers(ask: Asker) -> None:
    told = await ask(script("submit('The second is beta.', cite=['2'])"), text=SHORT, kind="live")
    assert told.answer.route == "direct"
    assert "fits one call" in told.answer.reason
    assert "2| beta the second" in told.sent[0][1].content
    assert told.answer.citations[0].quote == "beta the second"
    assert (told.answer.coverage.read, told.answer.usage.model_calls) == (1, 1)


async def test_a_plain_reply_is_an_answer_on_the_direct_route(ask: Asker) -> None:
    told = await ask("It is beta, the second.", text=SHORT, kind="live")
    assert (told.answer.status, told.answer.answer) == ("answered", "It is beta, the second.")


async def test_direct_can_be_turned_off(tmp_path: Path) -> None:
    async with asking(tmp_path / "state", context={"direct_tokens": 0}) as ask:
        told = await ask(script("submit('x')"), text=SHORT * 20, kind="live")
    assert told.answer.route == "rlm"
    assert SHORT * 2 not in told.sent[0][1].content


SENTENCE = "The miller had not slept, for the river rose all night and nobody came to open the gate.\n"
ROWS = "2024-01-01 00:00:01 INFO worker=3 took=17 ms the job was done and nobody had to come for it\n"


def of_tokens(line: str, tokens: int) -> str:
    return line * int(tokens * 3.3 / len(line))


async def test_prose_is_read_whole_where_other_texts_of_its_length_are_explored(ask: Asker, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(of_tokens(SENTENCE, 7_000))
    scope = Scope("document", files=(str(tmp_path / "a.txt"),))
    told = await ask("Because of the river.", scope=scope, kind="live", question="Why?")
    assert (told.answer.route, told.answer.usage.model_calls) == ("direct", 1)
    assert "prose" in told.answer.reason
    assert told.sent[0][1].content.count("the river rose all night") >= 200


@pytest.mark.parametrize(
    ("line", "tokens", "question", "window", "path"),
    [
        (ROWS, 7_000, "Why?", 1_000_000, "a.txt"),  # rows
        (SENTENCE, 8_000, "Why?", 1_000_000, "a.txt"),  # longer
        (SENTENCE, 7_000, "How many lines speak of the river?", 1_000_000, "a.txt"),  # counted by a program
        (SENTENCE, 7_000, "In which night did it rise?", 1_000_000, "a.txt"),  # looked up
        (SENTENCE, 7_000, "Why?", 16_000, "a.txt"),  # more than a quarter of the window
        (SENTENCE, 7_000, "Why?", 1_000_000, "a.py"),  # by its name no prose
    ],
)
async def test_what_is_no_short_prose_to_be_read_is_explored(
    line: str, tokens: int, question: str, window: int, path: str, ask: Asker, tmp_path: Path
) -> None:
    (tmp_path / path).write_text(of_tokens(line, tokens))
    scope = Scope("document", files=(str(tmp_path / path),))
    told = await ask(script("submit('x')"), scope=scope, kind="live", question=question, window=window)
    assert told.answer.route == "rlm"


async def test_turned_off_prose_is_explored_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(of_tokens(SENTENCE, 100))
    scope = Scope("document", files=(str(tmp_path / "a.txt"),))
    async with asking(tmp_path / "state", context={"direct_tokens": 0}) as ask:
        told = await ask(script("submit('x')"), scope=scope, kind="live", question="Why?")
    assert told.answer.route == "rlm"


async def test_a_text_that_is_sent_whole_needs_no_rules_for_exploring(ask: Asker) -> None:
    told = await ask("It is beta.", text=SHORT, kind="live")
    assert "submit(" in told.sent[0][0].content
    assert len(told.sent[0][0].content) < 600


async def test_a_long_text_is_explored_and_the_reason_says_why(ask: Asker) -> None:
    told = await ask(script("submit('x')"), text="word " * 100_000, kind="live")
    assert told.answer.route == "rlm"
    assert "too long for one call" in told.answer.reason


async def test_without_a_model_rules_answer_and_say_so(ask: Asker) -> None:
    request = AskRequest(question="How many lines contain beta?", scope=document(SHORT))
    answer = await ask.engine.ask(request, lambda event: None)
    assert (answer.route, answer.model_kind) == ("offline", "offline")
    assert "not a language model" in answer.answer


async def test_levels_that_make_no_run_are_errors(ask: Asker) -> None:
    with pytest.raises(LevelUnavailable, match="wasm"):
        await ask(script("submit('x')"), levels=("wasm",))
    with pytest.raises(BadRequest, match="'magic'"):
        await ask(script("submit('x')"), levels=("dsl", "magic"))


async def test_several_documents_are_listed_in_the_card(ask: Asker, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"part{number}.py").write_text(f"x = {number}\n" * (number + 1))
    told = await ask(
        script("print(len(docs()))"), script("submit('x')"), scope=Scope(kind="workspace", roots=(str(tmp_path),))
    )
    assert told.observations[0].startswith("40")
    assert "40 documents" in told.sent[0][1].content
    assert "part39.py" in told.sent[0][1].content
    assert len(told.sent[0][1].content) < 3_000
