"""Replaying a recording: equal, changed, exhausted."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from rlm_ls.errors import RecordingMismatch
from rlm_ls.models.base import Message, Usage
from rlm_ls.models.recorded import RecordedCall, RecordedMessage, RecordedModel, calls_from_events

SYSTEM = Message("system", "You explore a text.\nYou never see it whole.")
QUESTION = Message("user", "How many lines?")
OBSERVATION = Message("user", "40")


def called(turn: int, *messages: Message, model: str = "openai/big") -> dict[str, Any]:
    return {
        "type": "modelCalled",
        "turn": turn,
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
    }


def replied(turn: int, text: str, **more: Any) -> dict[str, Any]:
    usage = {"promptTokens": 70, "completionTokens": 9, "cachedTokens": 64, "usd": 0.01, "seconds": 2.5}
    return {"type": "modelReplied", "turn": turn, "text": text, "finish": "stop", **usage, **more}


EVENTS: list[dict[str, Any]] = [
    {"type": "runStarted", "question": "How many lines?"},
    called(1, SYSTEM, QUESTION),
    replied(1, "I count.\n```python\nprint(40)\n```\n"),
    {"type": "programFinished", "output": "40"},
    called(2, Message("assistant", "I count.\n```python\nprint(40)\n```\n"), OBSERVATION),
    replied(2, "```python\nsubmit('40')\n```"),
]


def conversation() -> list[Message]:
    return [SYSTEM, QUESTION]


async def play(model: RecordedModel, *observations: Message) -> list[str]:
    messages = conversation()
    texts = [(await model.complete(messages)).text]
    for observation in observations:
        messages += [Message("assistant", texts[-1]), observation]
        texts.append((await model.complete(messages)).text)
    return texts


async def test_replies_come_in_order_with_their_usage_and_no_report() -> None:
    model = RecordedModel(calls_from_events(EVENTS), strict=True)
    pieces: list[str] = []
    reply = await model.complete(conversation(), on_text=pieces.append)
    assert reply.usage == Usage(70, 9, 64, 0.01)
    assert "".join(pieces) == reply.text
    assert len(pieces) > 1
    assert (model.name, model.kind, model.local) == ("recorded:openai/big", "recorded", True)
    messages = [*conversation(), Message("assistant", reply.text), OBSERVATION]
    assert (await model.complete(messages)).text == "```python\nsubmit('40')\n```"


async def test_a_changed_prompt_is_an_error_with_its_difference_if_strict() -> None:
    model = RecordedModel(calls_from_events(EVENTS), strict=True)
    with pytest.raises(RecordingMismatch) as caught:
        await model.complete([Message("system", "You explore a text.\nYou see some of it."), QUESTION])
    assert "-You never see it whole." in caught.value.message
    assert "+You see some of it." in caught.value.message
    assert "--record" in caught.value.remedy


async def test_a_changed_observation_is_reported_and_the_replay_goes_on_if_lenient() -> None:
    reports: list[str] = []
    model = RecordedModel(calls_from_events(EVENTS), strict=False, on_difference=reports.append)
    texts = await play(model, Message("user", "41"))
    assert len(texts) == 2
    (report,) = reports
    assert report.startswith("Call 2 ")
    assert "-40" in report
    assert "+41" in report


async def test_another_number_of_messages_is_a_difference() -> None:
    model = RecordedModel(calls_from_events(EVENTS), strict=True)
    with pytest.raises(RecordingMismatch, match="roles"):
        await model.complete([SYSTEM])


async def test_a_long_difference_is_capped_and_says_how_long_it_was() -> None:
    old = RecordedMessage("user", "\n".join(f"old {number}" for number in range(300)))
    model = RecordedModel([RecordedCall((old,), "x")], strict=True)
    with pytest.raises(RecordingMismatch) as caught:
        await model.complete([Message("user", "\n".join(f"new {number}" for number in range(300)))])
    assert len(caught.value.message.splitlines()) < 45
    assert "more lines" in caught.value.message


@pytest.mark.parametrize("strict", [True, False])
async def test_a_recording_that_has_run_out_ends_the_run_in_any_mode(strict: bool) -> None:
    model = RecordedModel(calls_from_events(EVENTS), strict=strict, on_difference=lambda _difference: None)
    await play(model, OBSERVATION)
    with pytest.raises(RecordingMismatch, match="holds 2 replies") as caught:
        await model.complete(conversation())
    assert "--record" in caught.value.remedy


def hashed(text: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


async def test_a_prompt_of_which_only_the_hash_was_kept_is_compared_by_it() -> None:
    event = called(1) | {"messages": [{"role": "user", "content": hashed("How many lines?")}]}
    calls = calls_from_events([event, replied(1, "40")])
    assert (await RecordedModel(calls, strict=True).complete([QUESTION])).text == "40"
    with pytest.raises(RecordingMismatch, match="text not kept"):
        await RecordedModel(calls, strict=True).complete([Message("user", "How many words?")])


async def test_a_trace_without_messages_replays_without_comparison() -> None:
    calls = calls_from_events([called(1) | {"messages": None}, replied(1, "40", finish="length")])
    reply = await RecordedModel(calls, strict=True).complete([QUESTION])
    assert (reply.text, reply.finish) == ("40", "length")


def test_a_call_that_was_never_answered_is_left_out() -> None:
    assert len(calls_from_events([*EVENTS, called(3, OBSERVATION)])) == 2
