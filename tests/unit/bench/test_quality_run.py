"""A measurement from end to end: real engine, search and HTTP; the model is rules, a scripted server, a recording."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from bench.quality import measuring
from bench.quality.__main__ import main
from bench.quality.index import Question, Scoring
from bench.quality.measuring import Plan, measure, rows_of
from bench.quality.report import report
from bench.quality.results import Arm, Results, Row
from tests.fakes.model_server import ModelServer, Scripted

LOG = "".join(
    f"2024-05-01 10:{n // 60:02}:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} n={n}\n" for n in range(600)
)
NEEDLE = "The harbour master keeps the brass key in a herring barrel."
TALE = "\n".join(f"Day {n}. The rain fell on the mill, and nothing else took place." for n in range(9000))
MODEL = "openai/scripted"
ROOT = Path(__file__).parents[3]

ERRORS = Question(
    id="errors",
    question="How many lines contain ERROR?",
    context="app.log",
    answer="60",
    scoring=Scoring(type="contains"),
)
KEY = Question(
    id="key",
    question="Where does the harbour master keep the brass key?\nEnd with one line: ANSWER: <place>",
    context="tale.txt",
    answer="herring barrel",
    scoring=Scoring(type="contains"),
)
BOTH = (ERRORS, KEY)


def script(code: str) -> str:
    return f"The next step.\n\n```python\n{code}\n```"


def last(body: Mapping[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def reply_to(body: Mapping[str, Any]) -> str | Scripted:
    """Answers from what it is shown in one call, and by a script in the loop."""
    if not body["messages"][0]["content"].startswith("You answer a question."):
        if "brass key" in body["messages"][1]["content"]:
            return script("hit = find('brass key')[0]\nsubmit('ANSWER: ' + hit.text, cite=[hit])")
        return script("submit(str(count('ERROR')) + ' lines')")
    return "ANSWER: herring barrel" if NEEDLE in last(body) else "ANSWER: I cannot know"


def hanging_at_the_key(reached: asyncio.Event) -> Callable[[Mapping[str, Any]], str | Scripted]:
    """Answers the first question, and never the second."""

    def answer(body: Mapping[str, Any]) -> str | Scripted:
        if "brass key" not in body["messages"][1]["content"]:
            return reply_to(body)
        reached.set()
        return Scripted(fault="hang")

    return answer


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "app.log").write_text(LOG, encoding="utf-8")
    middle = len(TALE) // 2
    middle = TALE.index("\n", middle) + 1
    (folder / "tale.txt").write_text(f"{TALE[:middle]}{NEEDLE}\n{TALE[middle:]}\n", encoding="utf-8")
    return folder


@pytest.fixture
def index(texts: Path) -> Path:
    path = texts / "index.json"
    path.write_text(json.dumps([question.model_dump() for question in BOTH]), encoding="utf-8")
    return path


async def measured(plan: Plan, *questions: Question, results: Results | None = None) -> dict[tuple[Arm, str], Row]:
    results = results or Results()
    await measure(plan, questions, results)
    return {(row.arm, row.id): row for row in rows_of(plan, questions, results)}


def test_the_offline_rules_are_scored_without_a_network(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results.jsonl"
    assert main([str(index), "--model", "offline", "--arm", "loop", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"loop, offline +2 +2 +1\.000 +0\.34 to 1\.00, Wilson", printed)
    rows = [Row.model_validate_json(line) for line in out.read_text().splitlines()]
    assert {(row.id, row.score, row.usd, row.status) for row in rows} == {
        ("errors", 1.0, 0.0, "answered"),
        ("key", 1.0, 0.0, "answered"),
    }


async def test_each_arm_shows_the_model_what_it_says(texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer(reply_to) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        plan = Plan(texts=texts, model=MODEL, arms=("none", "truncated", "retrieval", "loop", "full"))
        rows = await measured(plan, *BOTH)
        sent = [request.messages[1]["content"] for request in server.requests]
    # The needle is in the middle: only a search or a program finds it.
    assert {arm: rows[arm, "key"].score for arm in plan.arms} == {
        "none": 0.0,
        "truncated": 0.0,
        "retrieval": 1.0,
        "loop": 1.0,
        "full": 1.0,
    }
    assert [rows[arm, "errors"].score for arm in ("loop", "full")] == [1.0, 1.0]
    (cut,) = (text for text in sent if "characters left out" in text)
    assert "Day 0." in cut
    assert "Day 8999." in cut
    assert 90_000 < len(cut) < 200_000
    # Every arm's tokens are the server's own count, and a local model that costs nothing costs nothing.
    assert sum(row.prompt_tokens for row in rows.values()) == server.reported()[0]
    assert sum(row.completion_tokens for row in rows.values()) == server.reported()[1]
    assert {row.usd for row in rows.values()} == {0.0}
    assert all(row.calls == 1 for row in rows.values())
    assert "truncated, openai/scripted" in report(list(rows.values()))


async def test_a_failing_question_is_a_row_and_is_asked_again(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results.jsonl"
    async with ModelServer(
        lambda body: reply_to(body) if "brass key" in last(body) else Scripted(fault="401")
    ) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        plan = Plan(texts=texts, model=MODEL, arms=("retrieval", "loop"))
        missing = KEY.model_copy(update={"id": "gone", "context": "gone.txt"})
        rows = await measured(plan, ERRORS, KEY, missing, results=Results(out))
    assert {name for name, row in rows.items() if row.error} == {
        (arm, name) for arm in ("retrieval", "loop") for name in ("errors", "gone")
    }
    assert "4202" in rows["loop", "errors"].error
    assert "gone.txt" in rows["retrieval", "gone"].error
    assert rows["loop", "key"].score == 1.0
    assert "Errors, each scored 0:" in report(list(rows.values()))

    async with ModelServer(reply_to) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        rows = await measured(plan, ERRORS, KEY, results=Results(out))
        assert len(server.requests) == 2  # the two that failed; the two that have an answer are not paid for again
    assert [row.error for row in rows.values()] == ["", "", "", ""]


async def test_a_stopped_measurement_goes_on_where_it_was(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results.jsonl"
    plan = Plan(texts=texts, model=MODEL, arms=("loop",), concurrency=1)
    under_way = asyncio.Event()
    async with ModelServer(hanging_at_the_key(under_way)) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        stopped = asyncio.create_task(measure(plan, BOTH, Results(out)))
        async with asyncio.timeout(60):
            await under_way.wait()
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["errors"]
    # A kill in the middle of a row leaves half of it.
    out.write_bytes(out.read_bytes() + b'{"id": "key", "ar')
    async with ModelServer(reply_to) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        rows = await measured(plan, *BOTH, results=Results(out))
        assert len(server.requests) == 1
    assert [row.score for row in rows.values()] == [1.0, 1.0]
    assert len(Results(out).rows) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a process of one's own")
async def test_ctrl_c_shows_what_is_done_and_ends_at_once(index: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    under_way = asyncio.Event()
    async with ModelServer(hanging_at_the_key(under_way)) as server:
        environ = os.environ | {"RLM_MODELS_API_BASE": server.base_url, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "bench.quality", str(index), "--model", MODEL, "--arm", "loop"]
        process = await asyncio.create_subprocess_exec(
            *command, "--json", str(out), "--concurrency", "1", cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(60):
                await under_way.wait()
                process.send_signal(signal.SIGINT)
                printed, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 130
    assert "The same command goes on from here." in printed.decode()
    assert re.search(r"loop, openai/scripted +1 +1 +1\.000", printed.decode())
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["errors"]


async def test_a_question_that_was_changed_is_asked_again(texts: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    plan = Plan(texts=texts, model="offline", arms=("loop",))
    await measured(plan, ERRORS, results=results)
    other = ERRORS.model_copy(update={"question": "How many lines contain INFO?"})
    assert (await measured(plan, other, results=results))["loop", "errors"].score == 0.0
    # The right answer is no part of what was asked: a corrected one needs no new run.
    corrected = other.model_copy(update={"answer": "540"})
    before = len(results.rows)
    assert (await measured(plan, corrected, results=results))["loop", "errors"].score == 1.0
    assert len(results.rows) == before


async def test_what_was_recorded_is_replayed_without_a_model(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "recordings"
    arms: tuple[Arm, ...] = ("retrieval", "loop")
    async with ModelServer(reply_to) as server:
        monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
        live = await measured(Plan(texts=texts, model=MODEL, arms=arms, record=folder), *BOTH)
    replayed = await measured(Plan(texts=texts, model="replay", arms=arms, replay=folder), *BOTH)
    for name, row in live.items():
        again = replayed[name]
        assert (again.output, again.score, again.prompt_tokens, again.usd) == (
            row.output,
            row.score,
            row.prompt_tokens,
            row.usd,
        )
        assert again.warnings == row.warnings  # nothing that was asked differs
        assert again.seconds == pytest.approx(row.seconds, abs=0.002)
        assert again.replied.removeprefix("recorded:") == MODEL
    assert str(texts) not in (folder / "loop" / "key.jsonl").read_text()
    # One recording is a model too.
    named = Plan(texts=texts, model=f"recorded:{folder / 'retrieval' / 'key.jsonl'}", arms=("retrieval",))
    assert (await measured(named, KEY))["retrieval", "key"].score == 1.0


def test_a_replay_without_its_recording_says_how_to_make_it(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(index), "--replay", str(tmp_path), "--only", "errors"]) == 1
    assert "--record" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "offline", "--arm", "retrieval"], "run"),
        (["--model", "offline", "--arm", "loop,best"], "no arm best"),
        (["--model", "offline", "--only", "none-such"], "no question none-such"),
        (["--replay", "r", "--record", "r"], "not recorded again"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_asked(
    index: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main([str(index), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_library_is_told_before_anything_is_paid_for(
    index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    assert main([str(index), "--model", MODEL, "--arm", "retrieval"]) == 2
    assert "bm25s is not installed. pip install" in capsys.readouterr().err


def test_only_and_limit_choose_questions(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(index), "--model", "offline", "--arm", "loop", "--limit", "1"]) == 0
    assert "key" not in capsys.readouterr().out
    assert main([str(index), "--model", "offline", "--arm", "loop", "--only", "key"]) == 0
    assert "errors (loop)" not in capsys.readouterr().out
