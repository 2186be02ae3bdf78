"""Folders of 20,000 and of 100,000 files: first and second question, a regex beside ripgrep."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench import many_files, workspace
from bench.suite.figure import SECONDS, Figure, Scale, compared, shell, side_by_side
from bench.turns import model, reply
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.stamp import SETTLED_NS
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.models.base import Model
from rlm_ls.settings.sections import Settings

PATTERN = r"def handle_\w+"
FILES, BYTES = 20_000, 300_000_000
WORK = "20,000 files, 300 MB"
MANY_WORK = "100,000 small files"


def count(pattern: str) -> Callable[..., Model]:
    """A model whose only script counts lines and submits."""
    return lambda *_: model((reply(f"submit(str(count(r'{pattern}', by='line')))"),))


async def measured(scale: Scale) -> AsyncIterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        root = Path(folder) / "workspace"
        await asyncio.to_thread(workspace.make_tree, root, scale.of(FILES, 300), scale.of(BYTES, 3_000_000))
        await asyncio.sleep(SETTLED_NS / 1e9)
        for figure in [await _regex(root, scale), *await _questions(root, Path(folder), scale)]:
            yield figure
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        root = Path(folder) / "logs"
        errors = await asyncio.to_thread(many_files.make_tree, root, scale.of(many_files.FILES, 300))
        await asyncio.sleep(SETTLED_NS / 1e9)
        yield await _offline(root, Path(folder) / "state", errors, scale)


async def _regex(root: Path, scale: Scale) -> Figure:
    line = f"rg -c --no-filename --hidden --no-require-git '{PATTERN}' . | awk '{{n += $1}} END {{print n}}'"
    async with SearchPool() as pool, await Context.take(Scope("workspace", roots=(str(root),)), pool) as context:
        search = Search(context, pool, 120)

        async def ours() -> object:
            return await search.count(PATTERN, context.limit, by="line")

        took, results = await side_by_side({"ours": ours, "rg": shell(line, root)}, scale)
    note = "" if str(results["ours"]) == results["rg"] else f"ours counts {results['ours']}, rg {results['rg']}"
    return compared(WORK, "a regular expression", took, 1.5, "rg", note=note)


async def _questions(root: Path, folder: Path, scale: Scale) -> list[Figure]:
    """Whole runs that count: in an engine with nothing kept, and again in the same."""
    request = AskRequest("How many handlers are there?", Scope("workspace", roots=(str(root),)))
    reading = shell("rg --files -0 --hidden --no-require-git . | xargs -0 cat | wc -c", root)
    first: dict[str, float] = {}
    second = float("inf")
    begun = time.perf_counter()
    for number in range(scale.repeats):
        if number and time.perf_counter() - begun > SECONDS:
            break
        engine = await Engine.open(settings=Settings(), state_dir=folder / f"state{number}")
        try:
            took, _ = await side_by_side(
                {"ours": _asking(engine, request), "rg --files, cat": reading}, Scale(quick=True)
            )
            first = {name: min(seconds, first.get(name, seconds)) for name, seconds in took.items()}
            for _ in range(scale.repeats):
                took, _ = await side_by_side({"ours": _asking(engine, request)}, Scale(quick=True))
                second = min(second, took["ours"])
        finally:
            await engine.close()
    return [
        compared(WORK, "first question, cold", first, 4.0, "rg --files, cat"),
        Figure(WORK, "second question", second, "≤ 150 ms", 0.15),
    ]


def _asking(engine: Engine, request: AskRequest) -> Callable[[], asyncio.Future[Answer]]:
    async def ask() -> Answer:
        answer = await engine.ask(request, lambda _event: None, model=count(PATTERN))
        if answer.status != "answered":
            raise RuntimeError(f"{answer.status}: {answer.reason}")
        return answer

    return lambda: asyncio.ensure_future(ask())


async def _offline(root: Path, state: Path, errors: int, scale: Scale) -> Figure:
    engine = await Engine.open(settings=Settings(), state_dir=state)
    request = AskRequest(many_files.QUESTION, Scope("files", files=(str(root),)))
    counting = shell("rg -c ERROR . | wc -l", root)
    anchor, _ = await side_by_side({"rg -c": counting}, scale)
    try:
        started = time.perf_counter()
        answer = await engine.ask(request, lambda _event: None)
        ours = time.perf_counter() - started
    finally:
        await engine.close()
    note = "" if f"{errors:,} lines" in answer.answer else f"{errors:,} lines were expected: {answer.answer[:100]}"
    allowed = 3 * anchor["rg -c"] + 2
    return Figure(MANY_WORK, "first question, cold, offline", ours, "≤ 3 × rg -c + 2 s", allowed, anchor, note=note)
