"""The offline model end to end: an engine for each file of tests, and what its rules answer about a text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.models.providers import windows
from rlm_ls.settings.sections import Settings

Replying = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
def no_window_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of this test may have the port that one of another test had, and would be taken for it."""
    monkeypatch.setattr(windows, "_known", {})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    engine = await Engine.open(settings=Settings(), state_dir=tmp_path_factory.mktemp("state"))
    yield engine
    await engine.close()


@pytest.fixture
def reply(engine: Engine, tmp_path: Path) -> Replying:
    """`await reply(text, question, name="x.log")` is the rules' answer about a file with this text."""

    async def replied(text: str, question: str, name: str = "x.log") -> str:
        file = tmp_path / name
        file.write_text(text, "utf-8")
        scope = Scope("files", files=(str(file),))
        return (await engine.ask(AskRequest(question, scope, model="offline"), lambda _event: None)).answer

    return replied
