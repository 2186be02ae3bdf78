"""`replay --check`: is yesterday's answer true of today's text?"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scripted import TEXT, Asker, FakeModel, asking, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine import engine
from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.check import CheckedSubmission, check

CODE = "print(count('ERROR'))\nsubmit('sixty', cite=[lines(4), lines(14)])"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(TEXT)
    return path


async def checked(ask: Asker, run_id: str) -> CheckedSubmission:
    return await check(ask.engine, await ask.engine.store.events(run_id))


@pytest.mark.parametrize("level", ["standard", "full"])
async def test_an_answer_is_compared_with_the_text_as_it_is_now(tmp_path: Path, log: Path, level: str) -> None:
    async with asking(tmp_path / "state", trace=level) as ask:
        scope = Scope(kind="document", files=(str(log),))
        told = await ask(script(CODE), scope=scope)
        run_id = told.answer.run_id
        assert await checked(ask, run_id) == CheckedSubmission("still true", ())
        # Nothing of it is left in the history.
        assert [row.run_id for row in await ask.engine.store.runs()] == [run_id]

        log.write_text(TEXT.replace("00:01:07 INFO", "00:01:07 ERROR"))
        found = await checked(ask, run_id)
        assert found.verdict == "changed"
        assert found.changes == ("Turn 1, program 1 prints something else than then.",)

        log.write_text("a new first line\n" + TEXT)
        found = await checked(ask, run_id)
        assert found.verdict == "changed"
        assert [line.split(":")[1].split(" ")[0] for line in found.changes] == ["4", "14"]
        assert "has moved to line 5" in found.changes[0]

        log.write_text(TEXT.replace("worker=3 took=3 ms", "worker=3 took=4 ms"))
        found = await checked(ask, run_id)
        assert "app.log:4 stands no longer there" in found.changes[0]

        log.unlink()
        found = await checked(ask, run_id)
        assert found.verdict == "changed"
        assert len(found.changes) == 3


async def test_what_cannot_be_compared_is_said(tmp_path: Path, log: Path, ask: Asker) -> None:
    scope = Scope(kind="document", files=(str(log),))
    partial = await ask(script("print(1)"), scope=scope, budget=Budget(turns=1))
    found = await checked(ask, partial.answer.run_id)
    assert found.verdict == "cannot tell"
    assert "partial" in found.unknown[0]
    # An open text is not kept: its programs cannot be run again, and the file is not there.
    buffered = await ask(script("print(count('ERROR'))\nsubmit('sixty', cite=[])"))
    found = await checked(ask, buffered.answer.run_id)
    assert (found.verdict, found.changes) == ("cannot tell", ())
    assert "open editor buffers" in found.unknown[0]


async def test_sub_models_replies_are_taken_from_the_trace_and_nobody_is_asked(tmp_path: Path, log: Path) -> None:
    async with asking(tmp_path / "state") as ask:
        scope = Scope(kind="document", files=(str(log),))
        model = FakeModel([script("print(llm('who?', lines(5)))\nsubmit('x', cite=[lines(5)])")])
        told = await ask(model=model, scope=scope)
        assert told.answer.status == "answered"
        assert len(model.sub_asked) == 1
        assert (await checked(ask, told.answer.run_id)).verdict == "still true"
        assert len(model.sub_asked) == 1


async def test_the_history_keeps_to_its_size_and_the_oldest_runs_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RUNS_UNTIL_PRUNED", 1)
    async with asking(tmp_path / "state", history_mb=1) as ask:
        ids = [(await ask(script(f"# {'x' * 200_000}\nsubmit('x', cite=[])"))).answer.run_id for _ in range(6)]
        kept = [row.run_id for row in await ask.engine.store.runs()]
        assert 0 < len(kept) < 6
        assert kept == ids[::-1][: len(kept)]
