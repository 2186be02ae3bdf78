"""Runs that are ended by every way there is, at random moments of whatever they are in the middle of."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.tally import Tally
from tests.chaos.watched import AT_ONCE, WARM_UP, Watched, served, until, warm
from tests.fakes.model_server import ModelServer, Reply, Scripted
from tests.lsp.editor import RpcError, document, settings_for
from tests.patience import PATIENCE
from tests.scripted import TEXT, script

from rlm_ls.executors.submodels.prompts import SYSTEM

CANCELLED = -32800
WORK = (
    "n = 0\nwhile True:\n    n += 1",
    "print(count(r'(?:[a-z]+.{0,100}){1,9}[0-9]{9}'))",
    "print(len(llm_map('kind?', [str(n) for n in range(300)])))",
    "print(rlm('a child', region(docs()[0], 1, 100)))",
    "for n in range(100000):\n    print('x' * 1000)",
    "for n in range(10000):\n    print(find('ERROR', limit=5000)[-1])",
    "r = await asyncio.gather(*[llm('q', str(n)) for n in range(200)])",
    "submit('done', cite=find('ERROR', limit=50))",
)


def _reply(rng: random.Random) -> Any:
    def reply(body: Mapping[str, Any]) -> Reply:
        if WARM_UP in str(body["messages"][:2]):
            return script("submit('yes')")
        if body["messages"][0]["content"].startswith(SYSTEM):
            return Scripted(
                "yes " * 20, delay=rng.choice([0.0, 0.05]), fault=rng.choice(["", "", "", "429", "hang-mid"])
            )
        return Scripted(
            script(rng.choice(WORK)), delay=rng.choice([0.0, 0.02]), fault=rng.choice(["", "", "", "", "hang"])
        )

    return reply


async def cancels(number: int, seed: int, folder: Path, bound: float) -> Tally:
    tally = Tally(bound)
    rng = random.Random(seed)
    path = folder / "cancel.log"
    path.write_text(TEXT * 200)
    async with ModelServer(_reply(rng)) as server:
        options = settings_for(server.base_url, verbSeconds=60, scriptSeconds=60)
        async with served(tally, options=options) as editor:
            before = await warm(editor, path)
            async with editor.pinging("runs are cancelled"):
                for first in range(0, number, AT_ONCE):
                    await asyncio.gather(
                        *(_cancelled(editor, rng, path, n) for n in range(first, min(first + AT_ONCE, number)))
                    )
            if not await until(lambda: not server.open_connections, 5):
                tally.leaked.append(f"{server.open_connections} connections to the model are open after all runs ended")
            await editor.settled(before, f"{number} cancelled runs", megabytes=200)
            runs = (await editor.request("rlm/runs", {"limit": number + 10}))["runs"]
            left = [f"{run['runId']} {run['status']}" for run in runs if run["status"] in ("running", "interrupted")]
            if left:
                tally.lost.append(f"{len(left)} runs have no end in the history: {left}")
    return tally


async def _cancelled(editor: Watched, rng: random.Random, path: Path, number: int) -> None:
    tally, token = editor.tally, f"cancel-{number}"
    tally.runs += 1
    params = {
        "question": "q",
        "scope": document(path.as_uri()),
        "workDoneToken": token,
        "partialResultToken": token + "p",
    }
    identity, answer = editor.start("rlm/ask", params)
    await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 0.3, 0.6]) * rng.random())
    way = rng.choice(["request", "progress", "stop", "both"])
    if way in ("request", "both"):
        editor.notify("$/cancelRequest", {"id": identity})
    if way in ("progress", "both"):
        editor.notify("window/workDoneProgress/cancel", {"token": token})
    if way == "stop":
        started = [value["runId"] for value in editor.progress(token + "p") if value.get("kind") == "run"]
        if started:
            editor.start("rlm/stop", {"runId": started[0]})
        else:
            editor.notify("$/cancelRequest", {"id": identity})
    tally.messages += 2
    try:
        ended = (await asyncio.wait_for(answer, PATIENCE))["status"]
    except RpcError as error:
        ended = "cancelled" if error.code == CANCELLED else str(error)
    except TimeoutError:
        ended = "no answer within 30 s"
    if ended not in ("cancelled", "answered"):
        tally.lost.append(f"cancel {number} by {way}: {ended}")
