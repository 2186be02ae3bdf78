"""Asking for consent to native programs at a terminal."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rlm_ls.cli.terminal.console import err
from rlm_ls.cli.terminal.keyboard import is_interactive, typed_line
from rlm_ls.cli.terminal.screen import Screen
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.executors.compiled.native_consent import NativeConsent


def native_consent(engine: Engine, screen: Screen) -> Callable[[AskRequest], Awaitable[None]] | None:
    """The function that the engine calls as `native_consent`; None where there is no user at a terminal to ask."""
    if not is_interactive():
        return None

    async def choose(message: str, choices: Sequence[str]) -> str | None:
        numbered = ", ".join(f"[{number}] {choice}" for number, choice in enumerate(choices, 1))
        with screen.paused():
            err.print(f"\n{message}\n{numbered}: ", end="", markup=False)
            said = (await typed_line()).strip()
        return choices[int(said) - 1] if said in {str(number) for number in range(1, len(choices) + 1)} else None

    consent = NativeConsent(engine.store.folder, choose)

    async def allowed(request: AskRequest) -> None:
        scope = request.scope
        folders = {*scope.roots, *(os.path.dirname(os.path.abspath(one)) for one in scope.files if ":" not in one)}
        places = sorted(str(Path(one).resolve()) for one in folders)
        await consent.allow(str(request.run_id), places, trusted=True)

    return allowed
