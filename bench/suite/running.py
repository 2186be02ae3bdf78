"""The server and whole runs: start, memory, the demo's programs, sub-calls, compiled programs, cancelling, typing."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bench import llm_map, programs, responsiveness, startup
from bench.subcalls import LATENCY, WIDTH, model_server
from bench.suite.figure import Figure, Scale, compared, side_by_side
from bench.texts import LINES_OF_200_MB, large_log
from rlm_ls.cli.demo.questions import QUESTIONS, DemoQuestion
from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent, ProgramFinished
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.settings.sections import Settings
from rlm_ls.store.recording import read_recording

STARTS = 7
CANCELLED = ("a model call", "a verb", "a script's endless loop")
TYPED_DURING = ("counting", "handing over 50,000 hits")
LIMIT_MS = 100.0


async def measured(scale: Scale) -> AsyncIterator[Figure]:
    for figure in await asyncio.to_thread(_starting, scale):
        yield figure
    yield await _demo(scale)
    yield await asyncio.to_thread(_sub_calls, scale)
    if await asyncio.to_thread(programs.available):
        yield await _compiled(scale)
    for figure in await asyncio.to_thread(lambda: list(_responding(scale))):
        yield figure


def _starting(scale: Scale) -> list[Figure]:
    seconds: dict[str, float] = {}
    megabytes: dict[str, float] = {}
    for number in range(scale.of(STARTS, 1) + 1):
        for name, command in startup.SERVERS.items():
            took, memory = startup.once(command)
            key = "ours" if name == "rlm-ls" else name
            if number:  # the first time for byte code and the disk's cache
                seconds[key] = min(took, seconds.get(key, took))
                megabytes[key] = min(memory / 1e6, megabytes.get(key, memory / 1e6))
    idle = compared("server", "idle memory", megabytes, 1.2, "bare pygls")
    return [
        compared("server", "start to initialize answered", seconds, 1.15, "bare pygls"),
        Figure("server", "idle memory", idle.ours, idle.reach, idle.allowed, idle.anchors, unit="MB"),
    ]


async def _demo(scale: Scale) -> Figure:
    """Seconds of all programs of the demo's three questions, as a newcomer sees them: workers just started."""
    asked = [question for question in QUESTIONS if not scale.quick or question.about == "project"]
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        engine = await Engine.open(settings=Settings(), state_dir=Path(folder) / "state")
        try:
            for question in asked:
                seconds += await _programs_of(engine, question)
        finally:
            await engine.close()
    return Figure("./dev demo", "programs of all three questions", seconds, "≤ 5 s", 5.0)


async def _programs_of(engine: Engine, question: DemoQuestion) -> float:
    seconds = 0.0

    def listen(event: AnyEvent) -> None:
        nonlocal seconds
        if isinstance(event, ProgramFinished):
            seconds += event.seconds

    target = await asyncio.to_thread(question.target)
    recording = await asyncio.to_thread(read_recording, question.recording)
    scope = Scope("files", files=(str(target),))
    await engine.ask(
        AskRequest(question.question, scope, levels=("dsl", "llm")),
        listen,
        model=lambda *_: RecordedModel.of(recording.events, strict=False, on_difference=lambda _text: None),
    )
    return seconds


def _sub_calls(scale: Scale) -> Figure:
    pieces = scale.of(llm_map.MANY, 64)
    ideal = -(-pieces // WIDTH) * LATENCY
    with tempfile.TemporaryDirectory() as folder, model_server() as base:
        (run,) = asyncio.run(llm_map.runs(base, Path(folder) / "calls", pieces))
    return compared("runs", "1,000 sub-calls at a time 64", {"ours": run.seconds, "ideal": ideal}, 1.15, "ideal")


async def _compiled(scale: Scale) -> Figure:
    text = await asyncio.to_thread(programs.cut, scale.of(programs.LARGE, 1_000_000))
    source = programs.SOURCES["words"]
    async with programs.programs_over(text) as (host, defined):
        await defined.define(host, "words", "rust", source)
        path = (await defined.program_runner.compile(source, "rust", "wasm")).path
        calls = {
            "ours": lambda: defined.run(host, "words"),
            "bare wasmtime": lambda: asyncio.to_thread(programs.bare_script, path, text),
        }
        for call in calls.values():  # our process is not there yet, and the other is this one, which is
            await call()
        took, _ = await side_by_side(calls, scale)
    return compared("runs", "a compiled program over 100 MB", took, 1.0, "bare wasmtime")


def _responding(scale: Scale) -> Iterator[Figure]:
    """Through a real server: in ms, since what is allowed is what a person feels."""
    path = large_log(scale.of(LINES_OF_200_MB, 16_000))
    cases = [case for case in responsiveness.STOPPED if case.name in CANCELLED and not (scale.quick and case.busy)]
    with (
        tempfile.TemporaryDirectory() as folder,
        responsiveness.endless_model(Path(folder)) as origin,
        responsiveness.server(origin) as wire,
    ):
        asker = responsiveness.Asker(wire, Path(folder), path, origin)
        asker.longest_trip("submit('x')")
        for case in cases:
            times = responsiveness.Stopped()
            for _ in range(scale.repeats):
                asker.stop(case, "$/cancelRequest", times)
            last = max(min(times.answered), min(times.quiet), min(times.closed or [0.0]))
            yield Figure("runs", f"cancelling {case.name}", last, "≤ 100 ms", LIMIT_MS, unit="ms")
        for name in TYPED_DURING:
            trips = [asker.longest_trip(responsiveness.BUSY_WITH[name]) for _ in range(scale.repeats)]
            yield Figure("runs", f"typing while {name}", min(trips), "≤ 100 ms", LIMIT_MS, unit="ms")
