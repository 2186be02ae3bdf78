"""Texts that go on: an answer says how far it looked, and looking again reads what is new."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scripted import TEXT, Asker, FakeModel, asking, document, script

from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.measure import RANGE
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.live.again import again
from rlm_ls.engine.live.watch import Watch, difference
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.errors import DocumentMissing, ModelUnreachable
from rlm_ls.models.base import Message, Reply

ERRORS = script('n = count("ERROR", by="line")\nsubmit(f"{n} errors", cite=find("ERROR", limit=1))')


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    async with asking(tmp_path / "state") as asker:
        yield asker


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(TEXT)
    return path


def about(path: Path) -> Scope:
    return Scope(kind="document", files=(str(path),))


async def asked_again(ask: Asker, run_id: str, *replies: str) -> tuple[Answer, FakeModel]:
    model = FakeModel(replies)
    request = await again(ask.engine, run_id)
    return await ask.engine.ask(request, lambda _: None, model=lambda *_: model), model


def read_by_workers(ask: Asker) -> int:
    """Bytes that the search workers have read so far, by the system's own account."""
    pids = [worker._process.pid for worker in ask.engine.pool._all]
    accounts = [Path(f"/proc/{pid}/io").read_text() for pid in pids]
    return sum(int(account.split()[1]) for account in accounts)


async def test_an_answer_says_up_to_where_it_looked(ask: Asker, log: Path) -> None:
    (end,) = (await ask(ERRORS, scope=about(log))).answer.coverage.up_to
    assert (end.line, end.byte, Path(end.path).name) == (600, len(TEXT), "app.log")
    assert end.mark.endswith("+")


async def test_of_an_open_text_or_a_part_no_end_is_told(ask: Asker, log: Path) -> None:
    assert (await ask(ERRORS)).answer.coverage.up_to == ()
    part = Scope(kind="selection", files=(str(log),), region=((0, 0), (20, 0)))
    assert (await ask(ERRORS, scope=part)).answer.coverage.up_to == ()


async def test_a_model_is_told_what_is_new(ask: Asker, log: Path) -> None:
    then = (await ask(ERRORS, scope=about(log))).answer
    with log.open("a") as file:
        file.write("2024-01-01 00:10:00 ERROR worker=1 took=9 ms\nunfinis")
    answer, model = await asked_again(ask, then.run_id, script('submit("61 errors", cite=lines(601))'))
    told = model.asked[0][-1].content
    assert "app.log goes on: lines 601 to 602 are new, the others as they were." in told
    assert "60 errors" in told
    with log.open("a") as file:
        file.write("hed\nlast\n")
    _, model = await asked_again(ask, answer.run_id, script('submit("61 errors", cite=lines(601))'))
    assert "lines 602 to 603 are new" in model.asked[0][-1].content


async def test_of_an_open_text_nothing_is_known_of_what_is_new(ask: Asker) -> None:
    then = (await ask(ERRORS)).answer
    model = FakeModel([ERRORS])
    request = replace(await again(ask.engine, then.run_id), scope=document(TEXT))
    await ask.engine.ask(request, lambda _: None, model=lambda *_: model)
    told = model.asked[0][-1].content
    assert "What has changed in the text since is not known." in told
    assert "Search only what is new" not in told


@pytest.mark.parametrize("how", ["truncated", "renamed", "longer"])
async def test_a_model_is_told_that_a_text_was_written_anew(ask: Asker, log: Path, how: str) -> None:
    then = (await ask(ERRORS, scope=about(log))).answer
    if how == "renamed":
        os.rename(log, log.with_suffix(".1"))
    log.write_text((TEXT * 2 if how == "longer" else TEXT[:600]).replace("2024", "2025"))
    _, model = await asked_again(ask, then.run_id, ERRORS)
    assert "was written anew" in model.asked[0][-1].content


@pytest.mark.usefixtures("processes")
async def test_looking_again_reads_only_what_is_new(ask: Asker, tmp_path: Path) -> None:
    log = tmp_path / "large.log"
    log.write_text(TEXT * (4 * RANGE // len(TEXT)))
    lines = TEXT.count("\n") * (4 * RANGE // len(TEXT))
    then = (await ask(ERRORS, scope=about(log))).answer
    assert read_by_workers(ask) > 2 * log.stat().st_size  # measured, and searched
    with log.open("a") as file:
        file.write(TEXT)
    before = read_by_workers(ask)
    new = script(f'n = count("ERROR", within=lines({lines + 1}, -1), by="line")\nsubmit(f"{{n}} more", cite=lines(-1))')
    answer, _ = await asked_again(ask, then.run_id, new)
    assert answer.answer == "60 more"
    assert read_by_workers(ask) - before < 3 * RANGE


async def test_a_question_is_asked_of_the_folder_that_it_was_asked_in(
    ask: Asker, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(log.parent)
    then = (await ask(ERRORS, scope=Scope(kind="document", files=("app.log",)))).answer
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    answer, _ = await asked_again(ask, then.run_id, ERRORS)
    assert answer.answer == "60 errors"


# ---- watching --------------------------------------------------------------------------------------------------------


def watching(ask: Asker, log: Path, model: FakeModel, budget: Budget | None = None) -> Watch:
    request = AskRequest(question="How many errors?", scope=about(log), budget=budget or Budget())
    return Watch(ask.engine, request, lambda _: None, model=lambda *_: model)


async def test_where_nothing_has_come_nobody_is_asked(ask: Asker, log: Path) -> None:
    model = FakeModel([ERRORS])
    watch = watching(ask, log, model)
    assert (await watch.look()).changed
    before = read_by_workers(ask)
    for _ in range(3):
        look = await watch.look()
        assert look.answer is None
        assert not look.changed
    assert len(model.asked) == 1
    assert read_by_workers(ask) - before < 3 * log.stat().st_size + 10_000


async def test_another_answer_is_told_with_what_has_changed(ask: Asker, log: Path) -> None:
    watch = watching(ask, log, FakeModel([ERRORS, ERRORS, ERRORS]))
    await watch.look()
    with log.open("a") as file:
        file.write("INFO nothing\n")
    look = await watch.look()
    assert look.answer is not None
    assert not look.changed
    with log.open("a") as file:
        file.write("ERROR something\n")
    look = await watch.look()
    assert look.changed
    assert look.difference == ("- 60 errors", "+ 61 errors")
    assert "lines 602 to 602 are new" in look.news[0]
    assert len(await ask.engine.store.runs(10)) == 3


async def test_a_rotation_is_survived(ask: Asker, log: Path) -> None:
    watch = watching(ask, log, FakeModel([ERRORS, ERRORS]))
    await watch.look()
    os.rename(log, log.with_suffix(".1"))
    with pytest.raises(DocumentMissing):
        await watch.look()
    log.write_text("ERROR a new day\n")
    look = await watch.look()
    assert look.difference == ("- 60 errors", "+ 1 errors")
    assert "was written anew" in look.news[0]


class DownOnce(FakeModel):
    """Cannot be reached at its second call."""

    async def complete(self, messages: Sequence[Message], **options: Any) -> Reply:
        if len(self.asked) == 1:
            self.asked.append(list(messages))
            raise ModelUnreachable("It is down.")
        return await super().complete(messages, **options)


async def test_what_came_while_a_model_was_down_is_not_missed(ask: Asker, log: Path) -> None:
    watch = watching(ask, log, DownOnce([ERRORS, ERRORS]))
    await watch.look()
    with log.open("a") as file:
        file.write("ERROR something\n")
    with pytest.raises(ModelUnreachable):
        await watch.look()
    assert (await watch.look()).difference == ("- 60 errors", "+ 61 errors")


@pytest.mark.parametrize(
    ("budget", "price"), [(Budget(tokens=6500), 0.0), (Budget(usd=3.2), 0.05 / 110)], ids=["tokens", "dollars"]
)
async def test_one_budget_holds_for_the_whole_watch(ask: Asker, log: Path, budget: Budget, price: float) -> None:
    model = FakeModel([ERRORS] * 200, price=price)
    watch = watching(ask, log, model, budget)
    looks: list[Any] = []
    for number in range(150):
        looks.append(await watch.look())
        if looks[-1].spent:
            break
        with log.open("a") as file:
            file.write(f"ERROR {number}\n")
    assert len(looks) > 1
    assert watch.tokens <= (budget.tokens or 10**9)
    assert watch.usd <= (budget.usd or 10**9) + 1e-9
    assert "has spent its budget" in looks[-1].spent


async def test_a_spent_budget_asks_nobody(ask: Asker, log: Path) -> None:
    model = FakeModel([ERRORS] * 3)
    watch = watching(ask, log, model, Budget(tokens=110))
    watch.spent.append(
        Answer(run_id="", status="answered", reason="", route="rlm", answer="").usage.model_copy(
            update={"prompt_tokens": 110}
        )
    )
    assert "110 of 110 tokens" in (await watch.look()).spent
    assert model.asked == []


def test_a_difference_is_bounded() -> None:
    found = difference("", "\n".join(map(str, range(10_000))))
    assert len(found) == 41
