"""Texts that are large in every way that counts, and a watch over the event loop for whoever searches them."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rlm_ls.context.scope import Scope

LINES = 600_000
DOCUMENTS = 20_000


def large_scope(folder: Path, lines: int = LINES) -> Scope:
    """One text of 50 MB and more: 600,000 lines, each with a word of its own, and one line of 4 MB."""
    path = folder / "large.log"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            f"2024-01-01 {n // 36_000:02}:{n // 600 % 60:02}:{n // 10 % 60:02} {'ERROR' if n % 3 else 'INFO'} "
            f"host=web-{n % 5000} request=r{n:x} path=/shop/{n * 7919 % 100_003} took={n % 977} ms\n"
            for n in range(lines)
        )
        file.write("wide " * 800_000 + "\n")
    return Scope(kind="document", files=(path.as_uri(),))


def many_scope(folder: Path) -> Scope:
    """20,000 small documents."""
    for n in range(DOCUMENTS):
        if n % 500 == 0:
            (folder / f"part{n // 500}").mkdir()
        (folder / f"part{n // 500}" / f"note{n}.txt").write_text(f"# Note {n}\nthe host web-{n} took={n} ms\n", "utf-8")
    return Scope(kind="workspace", roots=(folder.as_uri(),))


class Held:
    """`seconds`: the most processor time that this process used while the event loop could do nothing else.

    Processor time, since what a busy machine does meanwhile is not our doing; of all threads, since one that does not
    let go of the interpreter holds the loop as well. Python's own passes over all objects, of which 20,000 documents
    are many, stand in `collecting`: no verb causes them alone, and none is longer for what a verb was asked.
    """

    seconds = 0.0
    collecting = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Held]:
    held = Held()
    collected = began = 0.0

    def collecting(phase: str, _: dict[str, int]) -> None:
        nonlocal collected, began
        if phase == "start":
            began = time.process_time()
            return
        took = time.process_time() - began
        collected += took
        held.collecting = max(held.collecting, took)

    async def tick() -> None:
        nonlocal collected
        before = time.process_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.process_time()
            held.seconds = max(held.seconds, now - before - collected)
            before, collected = now, 0.0

    gc.callbacks.append(collecting)
    ticking = asyncio.create_task(tick())
    try:
        yield held
    finally:
        ticking.cancel()
        gc.callbacks.remove(collecting)
