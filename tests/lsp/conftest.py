"""What the tests of the language server share: an editor, a model server, and settings that lead to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from editor import Connect, Editor

from fakes.model_server import ModelServer, Script


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def editor(stack: AsyncExitStack, state_dir: Path) -> Connect:
    """`await editor()` is an Editor whose server runs and is initialized; keywords are those of Editor.initialize."""

    async def connect(**keywords: Any) -> Editor:
        editor = await stack.enter_async_context(Editor())
        await editor.initialize(**keywords)
        return editor

    return connect


@pytest.fixture
def models(stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """`await models(script)` is a ModelServer; `settings_for(server)` is what leads there."""

    async def serve(script: Script = ()) -> ModelServer:
        monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
        return await stack.enter_async_context(ModelServer(script))

    return serve
