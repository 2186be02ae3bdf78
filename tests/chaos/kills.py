"""A server that is killed at random moments and started again: each run ends as the unbroken one, paid for once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.tally import Tally
from tests.chaos.watched import Watched
from tests.fakes.model_server import ModelServer, Reply, Scripted
from tests.lsp.editor import RpcError, document, settings_for
from tests.patience import PATIENCE
from tests.scripted import TEXT, script

from rlm_ls.executors.submodels.prompts import SYSTEM

MODEL = "openai/gpt-4o-mini"
"""By name, since its price is known: money is compared too."""

SIDE_BY_SIDE = 4
"""Sub-calls that may be in the air, and so paid twice, when a process dies."""

MODEL_NOT_TOLD = 4208
"""The run broke off before its trace said which model was chosen: it is asked anew, if no model was asked yet."""

CHILD = "child run"
ROOT = (
    "x = count('ERROR')\nprint(x)",
    'kinds = llm_map("kind?", chunks(60))\nprint(kinds)',
    f'part = rlm("{CHILD}", region(docs()[0], 1, 100))\nprint(part)',
    'notes = llm_reduce("note", [lines(1), lines(2), lines(3)])\nprint(notes)',
    "submit(str(x) + str(len(kinds)) + part + notes, cite=[lines(4)])",
)
CHILDS = ('print(count("took"), llm("inner?", lines(1)))', 'submit("child " + str(count("INFO")))')


def _reply(body: Mapping[str, Any]) -> Reply:
    """By how far the conversation is, so that it is the same model for every process."""
    messages = body["messages"]
    if messages[0]["content"].startswith(SYSTEM):
        size = len(messages[-1]["content"])
        return Scripted(f"reply of {size}", delay=0.01, prompt_tokens=size, completion_tokens=3)
    replies = CHILDS if CHILD in messages[1]["content"].split("\n")[0] else ROOT
    turn = sum(message["role"] == "assistant" for message in messages)
    return Scripted(script(replies[turn]), delay=0.01, prompt_tokens=1000 + turn, completion_tokens=50)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    """What has to be the same, however often the server was killed."""
    usage = {name: value for name, value in answer["usage"].items() if name != "seconds"}
    usage["usd"] = round(usage["usd"], 9) if usage["usd"] is not None else None
    # The address of an excerpt names the run.
    cited = [{name: value for name, value in one.items() if name != "excerpt"} for one in answer["citations"]]
    return {name: answer[name] for name in ("status", "answer", "data")} | {"citations": cited, "usage": usage}


async def kills(number: int, seed: int, folder: Path, bound: float) -> Tally:
    """SIGKILL, `number` times, spread over as many runs as it takes."""
    tally = Tally(bound)
    rng = random.Random(seed)
    path = folder / "killed.log"
    path.write_text(TEXT)
    async with ModelServer(_reply) as server:
        models = {**settings_for(server.base_url)["models"], "root": MODEL, "concurrency": SIDE_BY_SIDE}
        options = settings_for(server.base_url, models=models)
        started = time.monotonic()
        whole = await _run(tally, folder / "unbroken", path, options)
        lasting, billed = time.monotonic() - started, len(server.billed)
        if whole is None or whole["status"] != "answered" or not whole["usage"]["usd"]:
            tally.lost.append(f"the unbroken run ended as {whole}")
            return tally
        run = 0
        while tally.kills < number and not tally.lost:
            run += 1
            before, kills_before = len(server.billed), tally.kills
            answer = await _run(tally, folder / f"killed{run}", path, options, rng, lasting, number)
            times = tally.kills - kills_before
            if answer is None or _told(answer) != _told(whole):
                tally.lost.append(f"killed {times} times, seed {seed}, run {run}: {answer} is not {whole}")
            again = len(server.billed) - before - billed
            if again > SIDE_BY_SIDE * times:
                tally.lost.append(f"killed {times} times, run {run}: {again} calls were paid twice")
            await asyncio.sleep(0)
    return tally


async def _run(
    tally: Tally,
    state: Path,
    path: Path,
    options: dict[str, Any],
    rng: random.Random | None = None,
    lasting: float = 0.0,
    number: int = 0,
) -> dict[str, Any] | None:
    """Ask, and go on after each kill; up to three kills a run."""
    params = {"question": "How?", "scope": document(path.as_uri())}
    tally.runs += 1
    anew = False
    for attempt in range(100):
        editor = Watched(tally, state=state)
        dies = rng is not None and tally.kills < number and attempt < 3
        async with editor:
            await editor.initialize(options=options)
            try:
                runs = (await editor.request("rlm/runs"))["runs"] if attempt and not anew else []
                anew = False
                method, given = ("rlm/resume", {"runId": runs[0]["runId"]}) if runs else ("rlm/ask", params)
                asking = asyncio.ensure_future(editor.start(method, given)[1])
                if dies and rng is not None:
                    await asyncio.wait([asking], timeout=rng.random() * lasting)
                    await editor.kill()
                    tally.kills += 1
                    await editor.gone("SIGKILL")
                    if not asking.done():
                        asking.cancel()
                    elif asking.exception() is None:
                        return asking.result()
                    await asyncio.gather(asking, return_exceptions=True)
                    continue
                answer: dict[str, Any] = await asyncio.wait_for(asking, PATIENCE)
                return answer
            except RpcError as error:
                if "was answered" in str(error):  # it died between the end of the run and the message of it
                    return await _from_history(editor, runs[0]["runId"])
                if error.code == MODEL_NOT_TOLD and not await _asked_anything(editor, runs[0]["runId"]):
                    anew = True
                    continue
                tally.lost.append(f"{method} after {tally.kills} kills: {error}")
                return None
            except TimeoutError:
                tally.lost.append(f"{method} after {tally.kills} kills: no answer within {PATIENCE:g} s")
                return None
    return None


async def _asked_anything(editor: Watched, run_id: str) -> bool:
    events = (await editor.request("rlm/trace", {"runId": run_id}))["events"]
    return any(event["type"] in ("modelCalled", "subCallStarted") for event in events)


async def _from_history(editor: Watched, run_id: str) -> dict[str, Any] | None:
    events = (await editor.request("rlm/trace", {"runId": run_id}))["events"]
    return next((event["answer"] for event in reversed(events) if event["type"] == "runFinished"), None)
