"""Thinking is told from the reply, whatever form it comes in and wherever the stream cuts it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer, Scripted
from tests.scripted import document

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent, ModelReplied, ThinkingStreamed, Warned
from rlm_ls.engine.trace.render import usage_line
from rlm_ls.models.base import Message
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel
from rlm_ls.models.replies.thinking import ThinkingSplitter, split, without_thinking
from rlm_ls.settings.sections import Settings

DRAFT = "First I try\n```python\nsubmit('a draft')\n```\nand see."
REPLY = 'I count.\n```python\nsubmit("two", cite=find("ERROR"))\n```\n'
FORMS = [
    f"<think>\n{DRAFT}\n</think>\n\n{REPLY}",
    f"<THINK>{DRAFT}</think>{REPLY}",
    f"  <thinking>{DRAFT}</thinking>\n{REPLY}",
    f"<reasoning>{DRAFT}</reasoning>\n{REPLY}",
    f"<thought>{DRAFT}</thought>\n{REPLY}",
    f"[THINK]{DRAFT}[/THINK]{REPLY}",
    f"<longcat_think>{DRAFT}</longcat_think>\n{REPLY}",
    f"<|inner_prefix|>{DRAFT}<|inner_suffix|>{REPLY}",
    f"<scratch_pad>\n{DRAFT}\n</scratch_pad>\n{REPLY}",
    f"◁think▷{DRAFT}◁/think▷{REPLY}",
    f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{REPLY}<|return|>",
    f"<|channel|>analysis<|message|>{DRAFT}<|channel|>final<|message|>{REPLY}",
    f"analysisFirst {DRAFT}assistantfinal{REPLY}",
    f"{DRAFT}\n</think>\n\n{REPLY}",
    f"<think>{DRAFT}</think>\n<think>\nonce more\n</think>\n{REPLY}",
]


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


def in_pieces(text: str, size: int) -> tuple[str, str]:
    splitter = ThinkingSplitter()
    parts = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)]
    parts.append(splitter.end())
    reply, last = without_thinking("".join(told for told, _ in parts))
    return reply, "".join(thought for _, thought in parts) + last


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_form_is_found_however_the_stream_is_cut(text: str, size: int) -> None:
    reply, thinking = in_pieces(text, size)
    assert reply.strip() == REPLY.strip()
    assert "a draft" in thinking


@pytest.mark.parametrize("opening", ["<think>", "[THINK]", "<|channel|>analysis<|message|>"])
def test_thinking_that_never_ends_leaves_no_reply(opening: str) -> None:
    assert in_pieces(f"{opening}\n{DRAFT}", 3) == ("", f"\n{DRAFT}")


@pytest.mark.parametrize(
    "text",
    [
        REPLY,
        "I look for `<think>` in it.\n```python\nprint(find('<think>'))\n```\n",
        "```python\nx = '''\n<think>\n'''\nprint(count('</think>'))\n```\n",
        "Tags such as <thinking> are in the text.\n",
        "<thin line>\n",
        "   \n\n" + REPLY,
        "<",
        "``",
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_reply_that_speaks_of_the_marks_stays_whole(text: str, size: int) -> None:
    assert in_pieces(text, size) == (text, "")


def test_what_streams_in_is_taken_in_linear_time() -> None:
    started = time.process_time()
    hostile = [" " * 300_000, "<" * 300_000, "<think>" * 40_000, "```\n</think>\n```\n" * 20_000, "<|end|> " * 40_000]
    for text in hostile:
        in_pieces(text, 97)
        split(text)
    assert time.process_time() - started < 20


async def ask(server: ModelServer, folder: Path, **models: object) -> tuple[Answer, list[AnyEvent]]:
    events: list[AnyEvent] = []
    chosen = {"root": ("openai/scripted",), "api_base": server.base_url, **models}
    settings = Settings(models=chosen, levels=("dsl",))  # type: ignore[arg-type]
    engine = await Engine.open(settings=settings, state_dir=folder)
    try:
        request = AskRequest("How many errors?", document("an ERROR here\n" * 9000))
        return await engine.ask(request, events.append), events
    finally:
        await engine.close()


@pytest.mark.parametrize(
    "scripted",
    [Scripted(f"<think>{DRAFT}</think>{REPLY}"), Scripted(REPLY, reasoning=DRAFT)],
    ids=["inside the text", "beside it"],
)
@pytest.mark.parametrize("name", ["openai/scripted", "deepseek/scripted"])
async def test_thinking_is_shown_and_never_run(tmp_path: Path, scripted: Scripted, name: str) -> None:
    async with ModelServer([scripted]) as server:
        answer, events = await ask(server, tmp_path, root=(name,))
    assert (answer.status, answer.answer) == ("answered", "two")
    replied = next(event for event in events if isinstance(event, ModelReplied))
    assert "a draft" in replied.thinking
    assert "a draft" not in replied.text
    assert "a draft" in "".join(event.text for event in events if isinstance(event, ThinkingStreamed))


async def test_thinking_is_never_sent_back(tmp_path: Path) -> None:
    look = "Plan.\n```python\nprint(count('ERROR'))\n```"
    async with ModelServer([f"<think>SECRET THOUGHT</think>{look}", REPLY]) as server:
        await ask(server, tmp_path)
        sent = [message["content"] for request in server.requests for message in request.messages]
    assert any("count('ERROR')" in content for content in sent)
    assert not any("SECRET THOUGHT" in content for content in sent)


async def test_a_reply_cut_off_in_its_thinking_is_asked_for_once_more_with_more_room(tmp_path: Path) -> None:
    script = [Scripted(f"<think>{DRAFT}", finish="length"), REPLY]
    async with ModelServer(script) as server:
        answer, events = await ask(server, tmp_path)
        rooms = [request.body["max_tokens"] for request in server.requests]
    assert (answer.status, answer.answer) == ("answered", "two")
    assert rooms[1] == 2 * rooms[0]
    assert any("ended in its thinking" in event.message for event in events if isinstance(event, Warned))
    assert answer.usage.turns == 1
    assert answer.usage.model_calls == 2


async def test_a_model_that_only_thinks_is_asked_twice_and_no_more(tmp_path: Path) -> None:
    async with ModelServer(lambda _body: Scripted(f"<think>{DRAFT}", finish="length")) as server:
        answer, _ = await ask(server, tmp_path)
        assert server.count == 2
    assert answer.status == "failed"
    assert "came to no reply" in answer.reason


async def test_room_effort_and_temperature_come_from_the_profile_and_the_settings(tmp_path: Path) -> None:
    profiles = {"openai/scripted": {"replyTokens": 9000, "temperature": 0.3, "reasoning": "high"}}
    async with ModelServer([REPLY, REPLY]) as server:
        await ask(server, tmp_path / "a", profiles=profiles)
        await ask(server, tmp_path / "b", profiles=profiles, reasoning="low")
        one, two = (request.body for request in server.requests)
    assert (one["max_tokens"], one["temperature"], one["reasoning_effort"]) == (9000, 0.3, "high")
    assert two["reasoning_effort"] == "low"


async def test_a_prompt_refused_for_its_length_is_compacted_and_sent_once_more(tmp_path: Path) -> None:
    look = "Plan {n}.\n```python\nfor hit in find('ERROR', limit=50): print({n}, hit.text)\n```"
    looks: list[Scripted | str] = [look.format(n=n) for n in range(5)]
    async with ModelServer([*looks, Scripted(fault="context"), REPLY]) as server:
        answer, events = await ask(server, tmp_path)
        lengths = [sum(len(message["content"]) for message in request.messages) for request in server.requests]
    assert (answer.status, answer.answer) == ("answered", "two")
    assert lengths[6] < lengths[5]
    assert any("too long for the model's server" in event.message for event in events if isinstance(event, Warned))


async def test_a_prompt_that_is_refused_again_ends_the_run(tmp_path: Path) -> None:
    look = "Plan.\n```python\nprint(count('ERROR'))\n```"
    script = lambda body: look if len(body["messages"]) < 3 else Scripted(fault="context")  # noqa: E731
    async with ModelServer(script) as server:
        answer, _ = await ask(server, tmp_path)
        assert server.count == 3
    assert answer.status == "failed"
    assert "context window" in answer.reason


async def test_the_cost_says_what_of_it_is_estimated(tmp_path: Path) -> None:
    async with ModelServer([Scripted(REPLY, usage=False)]) as server:
        answer, _ = await ask(server, tmp_path)
    assert "estimated" in usage_line(answer.usage)


async def test_a_whole_reply_has_its_thinking_beside_it() -> None:
    async with ModelServer([Scripted("Forty.", reasoning="I count.")]) as server:
        model = LiteLLMModel("openai/scripted", Endpoint(server.base_url, local=True), environ={})
        reply = await model.complete([Message("user", "How many?")])
    assert (reply.text, reply.thinking) == ("Forty.", "I count.")
