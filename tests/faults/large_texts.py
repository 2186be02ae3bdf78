"""Texts that are large in every way that counts, and a watch over the event loop for whoever searches them."""

from __future__ import annotations

import threading
import time
from asyncio import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlm_ls.context.scope import Scope

LINES = 200_000
DOCUMENTS = 20_000


def large_scope(folder: Path, lines: int = LINES) -> Scope:
    """One text of 20 MB: 200,000 lines, each with a word of its own, and one line of 4 MB."""
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
    """What kept others waiting, in seconds of processor time: what a busy machine does meanwhile is not our doing.

    `loop` is the most that the event loop's thread spent in one callback, passes of the garbage collector included;
    `interpreter` the most that went by while a thread that asks every millisecond did not get its turn: some other one,
    in a single call, kept Python's interpreter to itself.
    """

    loop = 0.0
    interpreter = 0.0

    @property
    def seconds(self) -> float:
        return max(self.loop, self.interpreter)

    def begin(self) -> None:
        self.loop = self.interpreter = 0.0


@contextmanager
def watched() -> Iterator[Held]:
    held, run, ended = Held(), Handle._run, threading.Event()

    def timed(handle: Handle) -> None:
        before, longest = time.thread_time(), held.loop
        run(handle)
        if held.loop == longest:  # else it was begun anew meanwhile
            held.loop = max(longest, time.thread_time() - before)

    def ask() -> None:
        while not ended.is_set():
            before, longest = time.process_time(), held.interpreter
            time.sleep(0.001)
            if held.interpreter == longest:
                held.interpreter = max(longest, time.process_time() - before)

    asking = threading.Thread(target=ask)
    Handle._run = timed  # type: ignore[method-assign]
    asking.start()
    try:
        yield held
    finally:
        Handle._run = run  # type: ignore[method-assign]
        ended.set()
        asking.join()
