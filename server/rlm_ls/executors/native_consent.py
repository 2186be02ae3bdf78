"""The user's consent to native programs: asked at the first one of a run, remembered by folder if the user says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rlm_ls.errors import ConsentDenied
from rlm_ls.store.consents import Consents

ONCE = "Allow once"
HERE = "Allow in this workspace"
DENY = "Deny"

Ask = Callable[[str, Sequence[str]], Awaitable[str | None]]
"""Shows a message and choices; the choice, or None where it was dismissed or nobody can be asked."""

MOST_RUNS = 64

OTHERWISE = "Without `native` the program runs in WebAssembly."


class NativeConsent:
    """One an engine. What a user answered for a run holds to its end; `HERE` holds for those folders from then on."""

    def __init__(self, state_dir: Path, ask: Ask) -> None:
        self._folders = Consents(state_dir / "native-consent.json")
        self._ask = ask
        self._answers: dict[str, str] = {}
        # Several programs of a run, or runs of a workspace: one question at a time, and its answer counts for the next.
        self._asking = asyncio.Lock()

    async def allow(self, run_id: str, folders: Sequence[str], *, trusted: bool) -> None:
        """Returns if native programs may run over those folders; raises ConsentDenied. Nothing is asked twice."""
        if not trusted:
            raise ConsentDenied("Native programs do not run in a workspace that is not trusted.", OTHERWISE)
        async with self._asking:
            known = await asyncio.to_thread(self._folders.read)
            if folders and all(known.get(folder) for folder in folders):
                return
            if run_id not in self._answers:
                choices = [ONCE, HERE, DENY] if folders else [ONCE, DENY]
                self._answers[run_id] = await self._ask(_message(folders), choices) or DENY
                if self._answers[run_id] == HERE:
                    await asyncio.to_thread(self._folders.add, dict.fromkeys(folders, True))
                for old in list(self._answers)[:-MOST_RUNS]:
                    del self._answers[old]
            if self._answers[run_id] not in (ONCE, HERE):
                raise ConsentDenied("The user did not allow native programs.", OTHERWISE)


def _message(folders: Sequence[str]) -> str:
    where = f" over {', '.join(folders[:3])}{' …' if len(folders) > 3 else ''}" if folders else ""
    return (
        f"The model wants to run a native program that it wrote{where}. "
        "It runs in a sandbox: it sees the text and no files, network or other programs."
    )
