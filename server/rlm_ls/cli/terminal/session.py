"""One command's engine at a terminal: opened, stopped by Ctrl-C, closed; errors become a sentence and an exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from rlm_ls.cli.terminal.console import err
from rlm_ls.ending import end_soon
from rlm_ls.errors import RlmError
from rlm_ls.settings import Settings, load

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine

EXIT = {"answered": 0, "failed": 1, "partial": 3, "cancelled": 130}
"""Exit codes by an answer's status; 1 is also any error, 2 a wrong command line."""


@dataclass(frozen=True, slots=True)
class Session:
    engine: Engine
    settings: Settings


def user_settings() -> Settings:
    """The settings of file and environment; problems are shown, and never end the command."""
    settings, problems = load(environ=os.environ)
    for problem in problems:
        err.print(f"warning: setting {problem}", style="yellow", markup=False)
    return settings


@asynccontextmanager
async def session(settings: Settings | None = None) -> AsyncIterator[Session]:
    from rlm_ls.engine.engine import Engine  # not before it is needed: servers for agents start by here, too

    chosen = settings or user_settings()
    engine = await Engine.open(settings=chosen)
    # Where there is no history to write to, the answer says so, or the error of the command that wants to read it.
    if engine.store.warning and not engine.store.trouble:
        err.print(f"warning: {engine.store.warning}", style="yellow", markup=False)
    try:
        yield Session(engine, chosen)
    finally:
        await engine.close()


def run(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command to its exit code. RlmErrors are shown as sentences, with no traceback."""
    try:
        code = asyncio.run(work)
    except RlmError as error:
        err.print(f"error {error.code}: {error.message}", style="bold red", markup=False)
        if error.remedy:
            err.print(error.remedy, markup=False)
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # `rlm-ls runs | head`: the reader has gone. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


@asynccontextmanager
async def on_interrupt(stop: Callable[[], object]) -> AsyncIterator[None]:
    """Ctrl-C calls `stop` once, so that what was found is shown; a second one ends the command."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    pressed = 0

    def interrupted(_number: int, _frame: object) -> None:
        nonlocal pressed
        pressed += 1
        if pressed == 1:
            loop.call_soon_threadsafe(stop)
        elif task is not None:
            end_soon()  # what runs may be what hinders the loop
            loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
