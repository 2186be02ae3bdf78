"""What the tests of the language server share: an editor, a model server, and settings that lead to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.fakes.model_server import ModelServer, Reply, Script, Scripted
from tests.lsp.editor import Connect, Editor, settings_for


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def editor(stack: AsyncExitStack, state_dir: Path) -> Connect:
    """`await editor()` is an Editor whose server runs and is initialized; keywords are those of Editor.initialize."""

    async def connect(*, command: list[str] | None = None, **keywords: Any) -> Editor:
        editor = await stack.enter_async_context(Editor(command=command))
        await editor.initialize(**keywords)
        return editor

    return connect


def _at(home: Path) -> dict[str, str]:
    """The environment of a server that outlives a test."""
    return {
        "SCRIPTED_KEY": "sk-test",
        "RLM_STATE_DIR": str(home / "state"),
        "XDG_CONFIG_HOME": str(home),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


class Servers:
    """`await servers()` is an Editor whose server runs and is initialized with these keywords (Editor.initialize): the
    one that an earlier test of the module has left, with its history, or a new one. Starting one takes a second."""

    def __init__(self, stack: AsyncExitStack, env: dict[str, str]) -> None:
        self._stack = stack
        self._env = env
        self._running: dict[str, Editor] = {}

    async def __call__(self, *, command: list[str] | None = None, **keywords: Any) -> Editor:
        key = json.dumps([command, keywords], sort_keys=True, default=str)
        editor = self._running.get(key)
        if editor is None or editor.process.returncode is not None:
            editor = self._running[key] = await self._stack.enter_async_context(Editor(env=self._env, command=command))
            await editor.initialize(**keywords)
        editor.renew()
        return editor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        yield Servers(stack, _at(tmp_path_factory.mktemp("home")))


class EditorSession:
    """An editor and a model server that the tests of one module share: a process that knows LiteLLM takes seconds."""

    def __init__(self, editor: Editor, server: ModelServer, folder: Path) -> None:
        self.editor = editor
        self.server = server
        self.folder = folder
        self.script: Script = ()
        self._first = 0

    def reply(self, body: Mapping[str, Any]) -> Reply:
        if callable(self.script):
            return self.script(body)
        index = len(self.server.requests) - 1 - self._first
        return self.script[index] if index < len(self.script) else Scripted(fault="400")

    def begin(self, script: Script) -> None:
        self.script, self._first = script, len(self.server.requests)

    async def ask(self, scope: dict[str, Any], question: str = "What?", **more: Any) -> dict[str, Any]:
        params = {"question": question, "scope": scope, **more}
        answer: dict[str, Any] = await self.editor.request("rlm/ask", params)
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EditorSession]:
    folder, home = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ModelServer(lambda body: session.reply(body)))
        editor = await stack.enter_async_context(Editor(env=_at(home)))
        session = EditorSession(editor, server, folder)
        options = settings_for(server.base_url, events=True, scriptSeconds=3600)
        await editor.initialize(options=options, folders=[folder])
        yield session


@pytest.fixture
def session(shared: EditorSession) -> EditorSession:
    """The module's EditorSession, with nothing received yet and an empty workspace."""
    shared.editor.received.clear()
    shared.begin(())
    for path in shared.folder.iterdir():
        path.unlink()
    return shared


@pytest.fixture
def models(stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """`await models(script)` is a ModelServer; `settings_for(server)` is what leads there."""

    async def serve(script: Script = ()) -> ModelServer:
        monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
        return await stack.enter_async_context(ModelServer(script))

    return serve
