"""Asking the user about settings of a workspace that go beyond the user's own: `window/showMessageRequest`, once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from rlm_ls.store.consents import Consents
from rlm_ls.store.schema import state_folder

if TYPE_CHECKING:
    from rlm_ls.settings.workspace import Wish

ALLOW = "Allow in this workspace"
IGNORE = "Use my own settings"

Choose = Callable[[str, Sequence[str]], Awaitable[str | None]]


class WorkspaceConsent:
    """`folders` are those of the workspace at the moment. Answers are kept for these folders and this very value.

    A message that is dismissed is a no until the server ends, and so is any answer where there is no folder.
    """

    def __init__(self, choose: Choose, folders: Callable[[], Sequence[str]]) -> None:
        self._choose = choose
        self._folders = folders
        self._kept = Consents(state_folder() / "workspace-consent.json")
        self._here: dict[str, bool] = {}

    def agrees(self, wish: Wish) -> bool | None:
        """What was answered; None if nobody has asked. Reads a small file."""
        name = self._name(wish)
        return self._here[name] if name in self._here else self._kept.read().get(name)

    async def ask(self, wishes: Sequence[Wish]) -> bool:
        """Put them to the user, in one message."""
        names = [self._name(wish) for wish in wishes]
        for_good = bool(self._folders())
        chosen = await self._choose(_message(wishes), [ALLOW, IGNORE])
        answers = dict.fromkeys(names, chosen == ALLOW)
        self._here.update(answers)
        if for_good and chosen is not None:
            await asyncio.to_thread(self._kept.add, answers)
        return chosen == ALLOW

    def _name(self, wish: Wish) -> str:
        whole = [sorted(self._folders()), wish.section, wish.field, wish.value]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _message(wishes: Sequence[Wish]) -> str:
    listed = "; ".join(f"{wish.means} ({'.'.join(filter(None, (wish.section, wish.field)))})" for wish in wishes)
    return (
        f"The settings of this workspace, not your own, want to: {listed}. Nothing of that is done unless you allow it."
    )
