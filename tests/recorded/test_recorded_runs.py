"""Recorded runs, replayed to the letter: prompt, observations and answer are those of the recording, and right.

Where a change of the prompt or of a verb is meant, record anew: see tests/recorded/__main__.py.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.compilers import missing
from tests.recorded import questions
from tests.recorded.questions import COMPILED, QUESTIONS, Recorded

from rlm_ls.cli.commands.ask import scope_of
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.errors import RecordingMismatch
from rlm_ls.models.recorded import RecordedModel, calls_from_events
from rlm_ls.settings.sections import Settings
from rlm_ls.store.recording import read_recording

TOOK = re.compile(r"^\S+ +\S+ +(\S+) +(\S+) .*\btook=(\d+)ms", re.MULTILINE)


def expected(question: Recorded, target: Path) -> list[str]:
    """What a right answer must hold, worked out from the text by other means than the verbs."""
    text = target.read_text(encoding="utf-8") if target.is_file() else ""
    requests = [(service, host, int(took)) for service, host, took in TOOK.findall(text)]
    match question.id:
        case "levels":
            found = Counter(re.findall(r"^\d{4}-\S+ +([A-Z]+) ", text, re.MULTILINE))
            return [f"{level}={count}" for level, count in found.items()]
        case "slowest":
            _, host, took = max(requests, key=lambda request: request[2])
            return [f"ANSWER: {took} {host}"]
        case "percentile":
            times = sorted(took for service, _, took in requests if service == "orders")
            return [f"ANSWER: {times[math.ceil(0.95 * len(times)) - 1]}"]
        case "users":
            users = Counter(re.findall(r"\buser=(\w+)", text))
            return [f"ANSWER: {len(users)} {users.most_common(1)[0][0]}"]
        case "first":
            stamp, service, host = re.search(r"^(\S+) ERROR +(\S+) +(\S+)", text, re.MULTILINE).groups()
            return [stamp[11:19], service, host]
        case "endpoints":
            paths = Counter(re.findall(r"\b(?:GET|POST|PUT|DELETE|PATCH) (/[^\s?]+)", text)).most_common(3)
            return ["; ".join(f"{path}={count}" for path, count in paths)]
        case "locket":
            return ["Håkon", "Zoë", "Bálint", "Ségolène"]
        case "sacks":
            return [f"ANSWER: {9 * 33}"]
        case "policy":
            return ["timeout", "unreachable", "busy", "internal", "retry.py"]
    match question.question:
        case questions.RANKING:
            errors = Counter(re.findall(r"^\S+ ERROR +(\S+)", text, re.MULTILINE))
            ranked = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
            return ["ANSWER: " + "; ".join(f"{service}={count}" for service, count in ranked)]
        case questions.ADDRESSES:
            found = Counter(re.findall(r"\bip=([\d.]+)", text))
            first = min(found, key=lambda address: (-found[address], address))
            return [f"ANSWER: {len(found)} {first} {found[first]}"]
        case questions.LATENCIES:
            times = sorted(int(took) for took in re.findall(r"\btook=(\d+)ms", text))
            ranks = {p: times[math.ceil(p / 100 * len(times)) - 1] for p in (50, 95, 99)}
            return ["ANSWER: " + "; ".join(f"p{p}={value}" for p, value in ranks.items())]
    raise AssertionError(question.id)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is asked about is made, once for all questions about it."""
    return tmp_path_factory.mktemp("texts")


async def replayed(question: Recorded, texts: Path, state: Path, calls: list | None = None):
    target = question.target(texts)
    engine = await Engine.open(settings=Settings(trace="full"), state_dir=state)
    try:
        if "wasm" in question.levels and "rust" not in await engine.program_runner.languages(120):
            missing("a compiler for Rust")
        events = read_recording(question.recording).events
        model = RecordedModel(calls or calls_from_events(events), strict=True, events=events)
        request = AskRequest(question=question.question, scope=scope_of([str(target)], [], []), levels=question.levels)
        return await engine.ask(request, lambda event: None, model=lambda *_: model), target
    finally:
        await engine.close()


@pytest.mark.parametrize(
    "question",
    [*QUESTIONS, *COMPILED],
    ids=lambda question: question.id,
)
async def test_a_recorded_run_is_the_same_again_and_right(question: Recorded, texts: Path, compilers: Path) -> None:
    answer, target = await replayed(question, texts, compilers)
    recorded = read_recording(question.recording).events[-1]["answer"]
    assert answer.status == "answered"
    assert answer.answer == recorded["answer"]
    assert [citation.label for citation in answer.citations] == [
        f"{c['path']}:{c['line']}" + (f"-{c['endLine']}" if c["endLine"] > c["line"] else "")
        for c in recorded["citations"]
    ]
    assert all(citation.state == "verified" for citation in answer.citations)
    for words in expected(question, target):
        assert words in answer.answer
    if question.levels != questions.DSL:
        assert answer.usage.turns <= 3


async def test_a_changed_prompt_is_reported_with_its_difference(texts: Path, tmp_path: Path) -> None:
    question = QUESTIONS[0]
    events = json.loads(
        json.dumps(read_recording(question.recording).events).replace("too long to show", "too dark to show")
    )
    with pytest.raises(RecordingMismatch) as caught:
        await replayed(question, texts, tmp_path, calls_from_events(events))
    assert "-" in caught.value.message
    assert "too dark to show" in caught.value.message
    assert "too long to show" in caught.value.message
    assert "Record it again" in caught.value.remedy


def test_turns_of_the_recorded_questions_stay_small() -> None:
    """The figure of bench/tokens.py, kept from creeping up: tokens of a run over its turns, the median of all."""
    usages = [read_recording(question.recording).events[-1]["answer"]["usage"] for question in QUESTIONS]
    per_turn = sorted((u["promptTokens"] + u["completionTokens"]) / u["turns"] for u in usages)
    assert per_turn[len(per_turn) // 2] <= 900
