"""Asking for consent to native programs at a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rlm_ls.cli.session import err
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.executors.native_consent import NativeConsent


def native_consent(engine: Engine) -> Callable[[AskRequest], Awaitable[None]] | None:
    """The engine's `consent`; None where nobody sits at a terminal. What is asked about lies in the workspace."""
    if not (sys.stdin.isatty() and err.is_terminal):
        return None
    consent = NativeConsent(engine.store.folder, _choose)

    async def allowed(request: AskRequest) -> None:
        scope = request.scope
        folders = {*scope.roots, *(os.path.dirname(os.path.abspath(one)) for one in scope.files if ":" not in one)}
        places = sorted(str(Path(one).resolve()) for one in folders)
        await consent.allow(str(request.run_id), places, trusted=True)

    return allowed


async def _choose(message: str, choices: Sequence[str]) -> str | None:
    numbered = ", ".join(f"[{number}] {choice}" for number, choice in enumerate(choices, 1))
    err.print(f"\n{message}\n{numbered}: ", end="", markup=False)
    said = (await _line()).strip()
    return choices[int(said) - 1] if said in {str(number) for number in range(1, len(choices) + 1)} else None


async def _line() -> str:
    """A line typed at the terminal. A daemon thread waits for it: Ctrl-C ends the run and not the reading."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def told(line: str) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        # Not through sys.stdin: Python cannot end while a thread holds that one's lock.
        line = os.read(sys.stdin.fileno(), 1024)
        try:
            loop.call_soon_threadsafe(told, line.decode("utf-8", "replace"))
        except RuntimeError:
            return  # the command has ended meanwhile

    threading.Thread(target=read, name="rlm-native-consent", daemon=True).start()
    return await typed
