from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.scripted import Asker, asking


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    """`await ask(reply, …)` runs the engine over a log of 600 lines with those model replies."""
    async with asking(tmp_path / "state", trace="full") as asker:
        yield asker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asker]:
    """The same with one engine for the tests of a module, which run on one loop: what a fault leaves behind meets the
    next one, as in a server, and its processes are started once."""
    async with asking(tmp_path_factory.mktemp("state"), trace="full") as asker:
        yield asker
