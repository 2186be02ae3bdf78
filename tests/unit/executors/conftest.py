from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.scripted import Asker, asking


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    """Runs over a log of 600 lines; a script may work for one second."""
    async with asking(tmp_path / "state", trace="full", script_seconds=1.0) as asker:
        yield asker
