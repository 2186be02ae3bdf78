"""Texts that are large in every way that counts, and a watch over the event loop for whoever searches them."""

from __future__ import annotations

import gc
import threading
import time
from asyncio import Handle
from collections.abc import Iterator
from contextlib import contextmanager
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
    """`seconds`: the most processor time that the event loop's thread spent in one callback.

    Processor time, since what a busy machine does meanwhile is not our doing. Python's own passes over all objects, of
    which 20,000 documents are many, are left out: none is longer for what a verb was asked.
    """

    seconds = 0.0


@contextmanager
def watched() -> Iterator[Held]:
    held = Held()
    run, loop = Handle._run, threading.get_ident()
    collected = began = 0.0

    def collecting(phase: str, _: dict[str, int]) -> None:
        nonlocal collected, began
        if threading.get_ident() != loop:
            return
        if phase == "start":
            began = time.thread_time()
        else:
            collected += time.thread_time() - began

    def timed(handle: Handle) -> None:
        nonlocal collected
        collected, before, seconds = 0.0, time.thread_time(), held.seconds
        run(handle)
        if held.seconds == seconds:  # else it was begun anew meanwhile
            held.seconds = max(seconds, time.thread_time() - before - collected)

    gc.callbacks.append(collecting)
    Handle._run = timed  # type: ignore[method-assign]
    try:
        yield held
    finally:
        Handle._run = run  # type: ignore[method-assign]
        gc.callbacks.remove(collecting)
