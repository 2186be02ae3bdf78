"""Documents that are edited, closed, deleted, renamed, truncated, replaced while a run reads them."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.tally import Tally
from tests.chaos.watched import Watched, served, warm
from tests.fakes.model_server import ModelServer, Reply, Scripted
from tests.lsp.editor import settings_for
from tests.scripted import TEXT, script

FILES = 6
ENDING = ("answered", "partial", "failed", "error")
"""How a run over texts that change may end: never by silence."""

LOOKS = (
    "for n in range(6):\n    print(count('ERROR'), find('worker=3', limit=3))",
    "print(top(r'worker=(\\d)', 3), stats(r'took=(\\d+)'))\nfor d in docs():\n    print(lines(1, 3, d.path))",
    "for piece in chunks(100)[:9]:\n    print(text(piece)[:20])\nprint(regex('ERROR.*took=(?!7)', limit=2))",
    "submit('seen', cite=find('ERROR', limit=20))",
    "submit('seen')",
)


def _reply(body: Mapping[str, Any]) -> Reply:
    turn = sum(message["role"] == "assistant" for message in body["messages"])
    return Scripted(script(LOOKS[min(turn, len(LOOKS) - 1)]), delay=0.01, piece=40)


class VerbHost:
    """A folder of texts, half of them open in the editor, and what may happen to one of them."""

    def __init__(self, editor: Watched, folder: Path, rng: random.Random) -> None:
        self._editor, self._folder, self._rng = editor, folder, rng
        self._version = 1
        self._outside = folder.parent / "outside.txt"
        self._outside.write_text("outside\n")

    def lay_out(self) -> list[Path]:
        paths = [self._folder / f"app{n}.log" for n in range(FILES)]
        for path in self._folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        for number, path in enumerate(paths):
            path.write_text(TEXT * (1 + 20 * (number % 2)))
            if number % 2 == 0:
                self._editor.open(path.as_uri(), TEXT)
        return paths

    def change(self, paths: list[Path]) -> str:
        """Do something to one of the texts; what it was."""
        path = self._rng.choice(paths)
        done: Callable[[Path], None] = self._rng.choice(
            [
                *(self.edit, self.edit, self.close, self.delete, self.rename, self.truncate, self.grow),
                *(self.fifo, self.link, self.folder, self.binary, self.forbid, self.overwrite),
            ]
        )
        with suppress(OSError):  # what is there may no longer be of a kind to which this can be done
            done(path)
        self._editor.tally.messages += 1
        return f"{done.__name__} {path.name}"

    def edit(self, path: Path) -> None:
        self._version += 1
        line = self._rng.randrange(700)
        spot = {"start": {"line": line, "character": 3}, "end": {"line": line + self._rng.randrange(3), "character": 0}}
        self._editor.change(path.as_uri(), self._version, {"range": spot, "text": "changed\nERROR\n"})

    def close(self, path: Path) -> None:
        self._editor.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})

    def delete(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)

    def rename(self, path: Path) -> None:
        if path.is_file():
            path.rename(path.with_name(f"renamed{self._rng.randrange(9)}.txt"))

    def truncate(self, path: Path) -> None:
        if path.is_file():
            os.truncate(path, self._rng.choice([0, 1, 4096, 10_000]))

    def grow(self, path: Path) -> None:
        if path.is_file():
            with path.open("a") as file:
                file.write(TEXT)

    def overwrite(self, path: Path) -> None:
        if path.is_file():
            path.write_text(TEXT.replace("ERROR", "FAULT"))

    def binary(self, path: Path) -> None:
        if path.is_file():
            path.write_bytes(self._rng.randbytes(10_000))

    def forbid(self, path: Path) -> None:
        if path.is_file():
            path.chmod(0)

    def fifo(self, path: Path) -> None:
        self.delete(path)
        os.mkfifo(path)

    def link(self, path: Path) -> None:
        self.delete(path)
        path.symlink_to(self._rng.choice([self._outside, path, Path("/dev/zero"), Path("/proc/self/environ")]))

    def folder(self, path: Path) -> None:
        self.delete(path)
        path.mkdir()


async def texts(number: int, seed: int, folder: Path, bound: float) -> Tally:
    """`number` runs, two at a time, over texts that change all the while."""
    tally = Tally(bound)
    rng = random.Random(seed)
    workspace = folder / "workspace"
    workspace.mkdir()
    quiet = folder / "quiet.log"
    quiet.write_text(TEXT)
    async with ModelServer(_reply) as server:
        options = settings_for(server.base_url, verbSeconds=5, scriptSeconds=5, budget={"seconds": 20})
        async with served(tally, options=options, folders=[workspace]) as editor:
            desk = VerbHost(editor, workspace, rng)
            before = await warm(editor, quiet)
            async with editor.pinging("texts change"):
                for round_number in range(0, number, 2):
                    paths = desk.lay_out()
                    one = {"kind": "document", "textDocument": {"uri": rng.choice(paths).as_uri()}}
                    scopes = [{"kind": "workspace"}, one]
                    runs = [
                        asyncio.create_task(
                            editor.asked(
                                {"question": "What?", "scope": scope}, f"texts, run {round_number}", seconds=60
                            )
                        )
                        for scope in scopes[: number - round_number]
                    ]
                    done: list[str] = []
                    while not all(run.done() for run in runs):
                        done.append(desk.change(paths))
                        await asyncio.sleep(rng.random() * 0.05)
                    for run in runs:
                        answer = run.result()
                        if answer is None or answer["status"] not in ENDING:
                            tally.lost.append(
                                f"texts, run {round_number}: {answer and answer['status']} after {done[-5:]}"
                            )
            await editor.settled(before, f"{number} runs over changing texts", megabytes=150)
    return tally
