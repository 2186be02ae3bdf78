"""A process that asks one question of the real engine and dies by SIGKILL at a chosen event; or goes on after that.

In its folder `paid.jsonl` gets a line for every reply that a model gave.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from tests.in_process import CheckHere, SearchHere
from tests.scripted import FakeModel, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.settings.sections import Settings

RUN = "broken"
CHILD = "child run"
ROOT = [
    script("x = count('ERROR')\nprint(x)"),
    script('kinds = llm_map("kind?", chunks(100) + chunks(300))\nprint(kinds)'),
    script(f'part = rlm("{CHILD}", region("app.log", 1, 100))\nprint(part)'),
    script('print(llm_map("kind?", chunks(200) + chunks(100)))'),
    script('last = llm("sum up", str(x) + part)\nsubmit(str(x) + last + str(len(kinds)), cite=[lines(4)])'),
]
CHILDS = [script('print(count("took"), llm("inner?", lines(1)))'), script('submit("child " + str(count("INFO")))')]


class PaidMind(FakeModel):
    """Replies depend only on how long the conversation is, so that they are the same in every process."""

    def __init__(self, paid: Path) -> None:
        super().__init__([], self._sub, price=0.000_01)
        self._paid = paid

    def _sub(self, prompt: str) -> str:
        self._note("sub " + prompt[:40])
        return f"reply of {len(prompt)}"

    def _note(self, what: str) -> None:
        with self._paid.open("a") as file:
            file.write(json.dumps(what) + "\n")

    async def complete(self, messages, **options):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.002)
        replies = CHILDS if CHILD in messages[1].content.split("\n")[0] else ROOT
        turn = sum(message.role == "assistant" for message in messages)
        if messages[0].content.startswith("You are given a task"):
            return await super().complete(messages, **options)
        self._note(f"root {replies is CHILDS} {turn}")
        self._replies = [replies[turn]]
        return await super().complete(messages, **options)


def work(folder: Path, text: Path, verb: str, die_at: int) -> None:
    """What a process does; its events and its Answer are left in `folder`."""
    asyncio.run(_work(folder, text, verb, die_at))


async def _work(folder: Path, text: Path, verb: str, die_at: int) -> None:
    told: list[tuple[str, str]] = []

    def listen(event: AnyEvent) -> None:
        told.append((event.type, event.child))
        if len(told) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = await Engine.open(settings=Settings(), state_dir=folder / "state")
    # What is durable and what is paid for is the engine's: its workers would take a second of each of fifty processes.
    engine.pools.here, engine.checkers = SearchHere(2), CheckHere()
    model = PaidMind(folder / "paid.jsonl")
    try:
        if verb == "ask":
            request = AskRequest(question="How?", scope=Scope(kind="document", files=(str(text),)), run_id=RUN)
            answer = await engine.ask(request, listen, model=lambda *_: model)
        else:
            answer = await engine.resume(RUN, listen, model=lambda *_: model)
    finally:
        await engine.close()
    (folder / "told.json").write_text(json.dumps({"told": told, "answer": answer.wire()}))
