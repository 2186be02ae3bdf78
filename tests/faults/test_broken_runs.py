"""A server that is killed in the middle of a run loses nothing that was paid for, whatever the moment."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest
from tests.faults.broken_run import work
from tests.patience import PATIENCE
from tests.scripted import TEXT

from rlm_ls.engine.engine import Engine
from rlm_ls.errors import BadRequest, DocumentChanged
from rlm_ls.settings.sections import Settings

SIDE_BY_SIDE = 2


class Killed(Exception):
    pass


class Runs:
    """Processes that ask, die and go on, over one text and one state folder. A server of forks starts them quickly."""

    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.faults.broken_run"])

    def __init__(self, folder: Path) -> None:
        self.folder, self.text = folder, folder.parent / "app.log"
        folder.mkdir()
        self.text.write_text(TEXT)

    async def __call__(self, verb: str, at: int = 0) -> dict[str, Any]:
        process = self.processes.Process(target=work, args=(self.folder, self.text, verb, at))
        process.start()
        # Not `join`: to start another process asks each one how it ended, and of two threads that do one is told 255.
        await asyncio.to_thread(wait, [process.sentinel], PATIENCE)
        if process.exitcode == -9:
            raise Killed
        assert process.exitcode == 0
        told: dict[str, Any] = json.loads((self.folder / "told.json").read_text())
        return told

    def payments(self) -> list[str]:
        paid = self.folder / "paid.jsonl"
        return [json.loads(line) for line in paid.read_text().splitlines()] if paid.exists() else []


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on how fast the machine is."""
    return answer | {"usage": answer["usage"] | {"seconds": 0}}


async def test_a_run_killed_at_any_kind_of_moment_goes_on_to_the_same_answer_and_account(tmp_path: Path) -> None:
    unbroken = Runs(tmp_path / "unbroken")
    whole = await unbroken("ask")
    wanted, price = comparable(whole["answer"]), sorted(unbroken.payments())
    assert wanted["status"] == "answered"
    assert (wanted["usage"]["subCalls"], wanted["usage"]["cachedCalls"]) == (13, 6)
    assert wanted["usage"]["modelCalls"] == 13 + 5 + 2
    moments = {tuple(kind): number for number, kind in reversed(list(enumerate(whole["told"], 1)))}
    turns = [number for number, (kind, child) in enumerate(whole["told"], 1) if kind == "turnFinished" and not child]
    slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def broken_at(number: int) -> str:
        runs = Runs(tmp_path / f"at{number}")
        async with slots:
            with pytest.raises(Killed):
                await runs("ask", number)
            before = len(runs.payments())
            resumed = await runs("resume")
        got = comparable(resumed["answer"])
        if got != wanted:
            return f"killed at event {number} {whole['told'][number - 1]}: {got} is not {wanted}"
        # Every reply that was durable is paid once; what was in flight when the process died may be paid again.
        again = len(runs.payments()) - len(price)
        kind = whole["told"][number - 1][0]
        if again > (6 if kind in UNSETTLED else 0) or (before == 0 and again):
            return f"killed at event {number} {kind}: {again} calls were paid twice"
        return ""

    wrong = await asyncio.gather(*(broken_at(number) for number in sorted({*moments.values(), *turns})))
    assert [problem for problem in wrong if problem] == []


UNSETTLED = {"subCallFinished", "textStreamed"}
"""Kinds of events at which calls may be in flight."""


async def test_a_run_that_breaks_off_again_and_again_still_loses_nothing(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "again")
    whole = await Runs(tmp_path / "unbroken")("ask")
    for verb, number in (("ask", 30), ("resume", 8), ("resume", 45)):
        with pytest.raises(Killed):
            await runs(verb, number)
    resumed = await runs("resume")
    assert comparable(resumed["answer"]) == comparable(whole["answer"])


async def test_what_cannot_go_on_says_why(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "refused")
    with pytest.raises(Killed):
        await runs("ask", 20)
    runs.text.write_text(TEXT.replace("ERROR", "FAULT"))
    engine = await Engine.open(settings=Settings(), state_dir=runs.folder / "state")
    try:
        with pytest.raises(DocumentChanged, match="changed since"):
            await engine.resume("broken", lambda _: None)
        runs.text.write_text(TEXT)
        assert (await engine.store.run("broken")).status == "failed"
    finally:
        await engine.close()
    assert (await runs("resume"))["answer"]["status"] == "answered"
    engine = await Engine.open(settings=Settings(), state_dir=runs.folder / "state")
    try:
        with pytest.raises(BadRequest, match="was answered"):
            await engine.resume("broken", lambda _: None)
    finally:
        await engine.close()
