"""The client's settings: `initializationOptions`, then the section `rlm` of its configuration, which wins.

A client that can tell sends what a workspace's own files say apart from what the user says, under `workspace`. Of one
that cannot, and says that the workspace is not trusted, everything may come from there.

A bad setting never stops the server: the default holds, the user gets a message. Values are not logged: there may be
keys among them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rlm_ls.lsp.client import Client
from rlm_ls.lsp.wire import as_object

if TYPE_CHECKING:
    from rlm_ls.lsp.jobs.workspace_consent import WorkspaceConsent
    from rlm_ls.settings.sections import Settings
    from rlm_ls.settings.workspace import Loaded, Wish

SECTION = "rlm"
NOT_SETTINGS = {"events", "clientCommands", "trusted", "settingsApart", "sampling", "excerptsAbove", "token"}
"""Keys of initializationOptions that speak of the client itself."""

WORKSPACE = "workspace"
"""The key under which a client with `settingsApart` has the workspace's own settings."""

WAIT_SECONDS = 1.0
"""Seconds that a question waits for the client to tell its configuration."""


class Configuration:
    """What the client has set. `load` makes Settings of it, which costs an import: not before somebody needs it."""

    def __init__(self, client: Client, folders: Callable[[], Sequence[str]]) -> None:
        """`folders` of the workspace, as they are when it is called."""
        self._client = client
        self._folders = folders
        self._options: dict[str, Any] = {}
        self._section: dict[str, Any] = {}
        self._trusted = True
        self._apart = False
        self._consent: WorkspaceConsent | None = None
        self._asking: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._late: asyncio.Task[None] | None = None
        self._settings: Settings | None = None
        self.on_change: Callable[[], Awaitable[None]] | None = None
        self.on_load: Callable[[Settings], None] | None = None

    def take_options(self, options: object) -> None:
        given = {key: value for key, value in as_object(options).items() if key not in NOT_SETTINGS}
        self._trusted = as_object(options).get("trusted") is not False
        self._apart = as_object(options).get("settingsApart") is True
        self._options = as_object(given[SECTION]) if SECTION in given else given

    @property
    def trusted(self) -> bool:
        """False where the client says that the user does not trust the workspace."""
        return self._trusted

    def start(self) -> None:
        """Fetch the section after `initialized`. The user hears of a wrong setting before the first question."""
        self._follow(self._fetch())

    def changed(self, settings: object) -> None:
        """`workspace/didChangeConfiguration`: newer clients send nothing and want to be asked."""
        pushed = as_object(settings)
        if SECTION in pushed:
            self._follow(self._take(pushed[SECTION]))
        else:
            self._follow(self._fetch())

    async def load(self) -> Settings:
        """Settings of the user's file, the environment and the client. Tells the user each problem once."""
        await self.settled()
        return await self._load()

    async def current(self) -> Settings:
        """What was loaded last, or is loaded now."""
        await self.settled()
        return self._settings or await self._load()

    async def settled(self) -> None:
        """Wait for a change under way; for a client that does not answer only once, and not long."""
        task = self._task
        if task is None or task is self._late or task is asyncio.current_task():
            return
        await asyncio.wait([task], timeout=WAIT_SECONDS)
        if not task.done():
            self._late = task

    async def close(self) -> None:
        tasks = [task for task in (self._task, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _follow(self, work: Coroutine[Any, Any, None]) -> None:
        # The newest notification counts; a client that never answered the last request must not hold it up.
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(work)

    async def _fetch(self) -> None:
        section = None
        if self._client.can("workspace.configuration"):
            section = await self._client.section(SECTION)
        await self._take(section)

    async def _take(self, section: object) -> None:
        self._section = as_object(section)
        if self.on_change is not None:
            await self.on_change()
        elif self._options or self._section or self._settings is not None:
            await self._load()

    async def _load(self) -> Settings:
        given = _merged(self._options, self._section)
        # Which of them are the user's is nothing that a setting can say.
        theirs = as_object(given.pop(WORKSPACE, None)) if self._apart else {} if self._trusted else given
        own = {} if theirs is given else given
        loop = asyncio.get_running_loop()
        if theirs and self._consent is None:
            self._consent = await loop.run_in_executor(None, _consent, self._client, self._folders)
        loaded = await loop.run_in_executor(None, _load, own, theirs, self._trusted, self._consent)
        problems = [str(problem) for problem in loaded.problems]
        fresh = [problem for problem in problems if problem not in self._told]
        self._told.update(fresh)
        for problem in fresh:
            self.warn(problem)
        if loaded.open and self._consent is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask(self._consent, loaded.open))
        self._settings = loaded.settings
        if self.on_load is not None:
            self.on_load(loaded.settings)
        return loaded.settings

    async def _ask(self, consent: WorkspaceConsent, wishes: Sequence[Wish]) -> None:
        """Ask the user, in the background: until they agree, their own settings hold."""
        await consent.ask(wishes)
        self._asking = None
        await (self._load() if self.on_change is None else self.on_change())

    def warn(self, problem: str) -> None:
        self._client.log(types.MessageType.Warning, problem)
        self._client.show(types.MessageType.Warning, f"rlm-ls: {problem}")


def _consent(client: Client, folders: Callable[[], Sequence[str]]) -> WorkspaceConsent:
    from rlm_ls.lsp.jobs.workspace_consent import WorkspaceConsent

    return WorkspaceConsent(client.choose, folders)


def _load(own: Mapping[str, Any], theirs: Mapping[str, Any], trusted: bool, consent: WorkspaceConsent | None) -> Loaded:
    from rlm_ls.settings.workspace import load_in

    agrees = consent.agrees if consent is not None else lambda _: False
    return load_in(environ=os.environ, client=own, workspace=theirs, trusted=trusted, agrees=agrees)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two nested objects merged, key by key. A null in the one `above` counts as not set."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        elif value is not None:
            merged[key] = value
    return merged
