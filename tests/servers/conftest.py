"""Real model servers. A build machine has to have them; a laptop may lack them."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator

import pytest
from tests.conftest import IN_CI

from rlm_ls.models.providers import library


def need(*packages: str) -> None:
    """Skip, by name, what a laptop lacks; on a build machine that is a failure."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing and not IN_CI:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install -r .ci/servers.txt)")
    assert not missing, f"not installed: {', '.join(missing)}"


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()
