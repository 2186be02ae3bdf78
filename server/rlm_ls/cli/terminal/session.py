"""One command's engine at a terminal: opened, stopped by Ctrl-C, closed; errors become a sentence and an exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from rlm_ls.cli.terminal.console import err
from rlm_ls.ending import end_soon
from rlm_ls.errors import RlmError, StoreFailed
from rlm_ls.interrupt import CODE, end_at_once
from rlm_ls.settings.layers import load
from rlm_ls.settings.sections import Settings

if TYPE_CHECKING:
    from rlm_ls.engine.engine import Engine
    from rlm_ls.store.database import Store

EXIT = {"answered": 0, "failed": 1, "partial": 3, "cancelled": CODE}
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


@asynccontextmanager
async def history() -> AsyncIterator[Store]:
    """The store alone, for what is asked of the history: without what answers questions."""
    from rlm_ls.store.database import Store

    limit, store = user_settings().history_mb, await Store.open(required=False)
    try:
        with suppress(StoreFailed):
            await store.prune(limit << 20)
        if store.warning and not store.trouble:
            err.print(f"warning: {store.warning}", style="yellow", markup=False)
        yield store
    finally:
        await store.close()


def run(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command to its exit code. RlmErrors are shown as sentences, with no traceback."""
    try:
        code = asyncio.run(_interruptible(work))
        sys.stdout.flush()
    except RlmError as error:
        err.print(f"error {error.code}: {error.message}", style="bold red", markup=False)
        if error.remedy:
            err.print(error.remedy, markup=False)
        code = 1
    except BrokenPipeError:
        # `rlm-ls runs | head`: the reader has gone. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


class _CtrlC:
    """What Ctrl-C does to a command: the first one cancels it, or calls `stop` where there is something to be shown of
    what was found; the second cancels it in any case, the third ends the process.

    As a handler of the signal, not as an exception: that would come up in the middle of whatever is running.
    """

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.pressed = 0
        self.stop: Callable[[], object] | None = None
        self._task = task
        self._loop = task.get_loop()

    def __call__(self, _number: int, _frame: object) -> None:
        self.pressed += 1
        if self.pressed > 2:
            end_at_once()
        if self.pressed == 2:
            end_soon(CODE)  # what runs may be what hinders the loop
        stop = self.stop if self.pressed == 1 else None
        self._loop.call_soon_threadsafe(stop or self._task.cancel)


_ctrl_c: ContextVar[_CtrlC] = ContextVar("_ctrl_c")


async def _interruptible(work: Coroutine[Any, Any, int]) -> int:
    """The exit code of `work`: 130 whatever it says, once Ctrl-C was pressed."""
    task = asyncio.current_task()
    assert task is not None
    ctrl_c = _CtrlC(task)
    _ctrl_c.set(ctrl_c)
    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        code = await work
    except (Exception, asyncio.CancelledError):
        if not ctrl_c.pressed:
            raise
    finally:
        signal.signal(signal.SIGINT, before)
        if ctrl_c.pressed:
            end_soon(CODE)  # a thread that nothing can stop is not waited for
    return CODE if ctrl_c.pressed else code


@asynccontextmanager
async def on_interrupt(stop: Callable[[], object]) -> AsyncIterator[None]:
    """Ctrl-C calls `stop` once, so that what was found is shown; a second one ends the command."""
    ctrl_c = _ctrl_c.get()
    ctrl_c.stop = stop
    try:
        yield
    finally:
        ctrl_c.stop = None
