"""Record anew, with any model: `python -m tests.recorded MODEL [ID…]`.

`--refresh` in place of MODEL keeps the recorded replies and takes the prompts and outputs of today: for a change that
does not need other replies.

Runs over texts that are not ours to pass on are recorded by `python -m bench.quality bench/quality/own.json` with
`--record DIR`, and kept outside the repository.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.recorded.questions import COMPILED, LARGE_TASKS, QUESTIONS, Recorded

from rlm_ls.cli.commands.ask import scope_of, write_trace
from rlm_ls.engine.engine import Engine, new_run_id
from rlm_ls.engine.request import AskRequest
from rlm_ls.models.recorded import RecordedModel, calls_from_events
from rlm_ls.settings.layers import load
from rlm_ls.settings.sections import Settings
from rlm_ls.store.recording import read_recording


async def record(question: Recorded, model: str, settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = question.target(Path(folder))
        engine = await Engine.open(settings=settings, state_dir=Path(folder) / "state")
        run_id = new_run_id()
        factory = None
        if model == "--refresh":
            told = read_recording(question.recording).events
            factory = lambda *_: RecordedModel(calls_from_events(told), strict=False, events=told)  # noqa: E731
        try:
            if "wasm" in question.levels:  # known before it is asked, since the prompt depends on it
                await engine.program_runner.languages(120)
            request = AskRequest(
                question=question.question,
                scope=scope_of([str(target)], [], []),
                model=None if factory else model,
                run_id=run_id,
                levels=question.levels,
            )
            answer = await engine.ask(request, lambda event: None, model=factory)
            events = await engine.store.events(run_id)
            write_trace(question.recording, events, answer, root=target.parent)
            print(f"{question.id}: {answer.status}, {answer.usage.turns} turns: {answer.answer.splitlines()[-1]}")
        finally:
            await engine.close()


async def main(model: str, ids: list[str]) -> None:
    settings = load(environ=os.environ)[0].model_copy(update={"trace": "full"})
    for question in (*QUESTIONS, *COMPILED, *LARGE_TASKS):
        if not ids or question.id in ids:
            await record(question, model, settings)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
