"""Generated hostile scripts against the real sandbox of the real server: every run ends, every ping is answered."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.grammar import generated
from tests.chaos.tally import Tally
from tests.chaos.watched import WARM_UP, served, warm
from tests.fakes.model_server import ModelServer, Reply, Scripted
from tests.lsp.editor import document, settings_for
from tests.scripted import TEXT, script

from rlm_ls.executors.submodels.prompts import SYSTEM

TURNS = 25
SCRIPT_SECONDS = 0.5
VERB_SECONDS = 1.0
RUN_SECONDS = 240.0
SUB_REPLIES = ("yes", "", '"x"', "{}", "[" * 100_000, "a" * 30 + "!", "\x1b[2J", "```json\n7\n```", "null")
CHILD_REPLY = "submit('of a child')"


class FakeModel:
    """Says the scripts in order, whichever run asks; a run gets at most TURNS of them and then submits."""

    def __init__(self, scripts: list[str], seed: int) -> None:
        self.left = deque(scripts)
        self.last = ""
        self._rng = random.Random(seed)

    def __call__(self, body: Mapping[str, Any]) -> Reply:
        messages = body["messages"]
        if messages[0]["content"].startswith(SYSTEM):
            return Scripted(self._rng.choice(SUB_REPLIES))
        if WARM_UP in str(messages[:2]):
            return script("submit('yes')")
        if "chaos" not in str(messages[1]["content"]).split("\n")[0]:
            return script(CHILD_REPLY)
        turn = sum(message["role"] == "assistant" for message in messages)
        if turn >= TURNS or not self.left:
            return script("submit('done')")
        self.last = self.left.popleft()
        return script(self.last)


async def scripts(number: int, seed: int, folder: Path, bound: float) -> Tally:
    tally = Tally(bound)
    path = folder / "app.log"
    path.write_text(TEXT * 20)
    sources = generated(number, seed)
    model = FakeModel(sources, seed)
    async with ModelServer(model, keep=10) as server:
        options = settings_for(
            server.base_url,
            scriptSeconds=SCRIPT_SECONDS,
            verbSeconds=VERB_SECONDS,
            budget={"turns": 1000, "seconds": RUN_SECONDS, "tokens": 10**9, "subCalls": 10**6, "usd": 1000},
        )
        async with served(tally, options=options) as editor:
            before = await warm(editor, path)

            async def watch() -> None:
                while True:
                    known = len(tally.frozen)
                    await editor.ping("scripts")
                    if len(tally.frozen) > known:
                        tally.frozen[-1] += f" near {model.last[-300:]!r}"
                    await asyncio.sleep(0.02)

            watching = asyncio.create_task(watch())
            while model.left and not watching.done():
                left = len(model.left)
                answer = await editor.asked(
                    {"question": "chaos", "scope": document(path.as_uri())}, "scripts", seconds=RUN_SECONDS + 30
                )
                if answer is None or answer["status"] not in ("answered", "partial"):
                    tally.lost.append(
                        f"scripts: {answer and answer['status']} {answer and answer['reason']}: {model.last[-500:]!r}"
                    )
                if answer is None or len(model.left) == left:
                    break
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            tally.scripts = number - len(model.left)
            await editor.settled(before, f"{tally.scripts} scripts", megabytes=400)
    return tally
