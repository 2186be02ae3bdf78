from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.scripted import Asker, asking


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    """`await ask(reply, …)` runs the engine over a log of 600 lines with those model replies."""
    async with asking(tmp_path / "state", trace="full") as asker:
        yield asker
