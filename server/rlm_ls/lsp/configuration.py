"""The client's settings: `initializationOptions`, then the section `rlm` of its configuration, which wins.

A bad setting never stops the server: the default holds, the user gets a message. Values are not logged: there may be
keys among them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rlm_ls.lsp.client import Client, as_object

if TYPE_CHECKING:
    from rlm_ls.settings import Settings

SECTION = "rlm"
NOT_SETTINGS = {"events", "clientCommands", "trusted", "sampling", "token"}
"""Keys of initializationOptions that speak of the client itself."""

PATIENCE = 1.0
"""Seconds that a question waits for the client to tell its configuration."""


class Configuration:
    """What the client has set. `load` makes Settings of it, which costs an import: not before somebody needs it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._options: dict[str, Any] = {}
        self._section: dict[str, Any] = {}
        self._trusted = True
        self._told: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._late: asyncio.Task[None] | None = None
        self._settings: Settings | None = None
        self.on_change: Callable[[], Awaitable[None]] | None = None
        self.on_load: Callable[[Settings], None] | None = None

    def take_options(self, options: object) -> None:
        given = {key: value for key, value in as_object(options).items() if key not in NOT_SETTINGS}
        self._trusted = as_object(options).get("trusted") is not False
        self._options = as_object(given[SECTION]) if SECTION in given else given

    @property
    def trusted(self) -> bool:
        """False where the client says that the user does not trust the workspace."""
        return self._trusted

    def start(self) -> None:
        """Fetch the section after `initialized`. A mistake in what was given is told before the first question."""
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
        await asyncio.wait([task], timeout=PATIENCE)
        if not task.done():
            self._late = task

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

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
        settings, problems = await asyncio.get_running_loop().run_in_executor(None, _load, given, self._trusted)
        fresh = [problem for problem in problems if problem not in self._told]
        self._told.update(fresh)
        for problem in fresh:
            self.warn(problem)
        self._settings = settings
        if self.on_load is not None:
            self.on_load(settings)
        return settings

    def warn(self, problem: str) -> None:
        self._client.log(types.MessageType.Warning, problem)
        self._client.show(types.MessageType.Warning, f"rlm-ls: {problem}")


def _load(given: Mapping[str, Any], trusted: bool) -> tuple[Settings, list[str]]:
    from rlm_ls.settings import load

    settings, problems = load(environ=os.environ, client=given, trusted=trusted)
    return settings, [str(problem) for problem in problems]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, key by key; what is null above is not set there."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        elif value is not None:
            merged[key] = value
    return merged
