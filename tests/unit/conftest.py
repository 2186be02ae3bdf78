from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.in_process import PROCESSES

from rlm_ls.engine import engine


@pytest.fixture
def processes() -> None:
    """For a test of what becomes of worker processes, or of the loop beside them: here they are real."""


@pytest.fixture(autouse=True)
def _search_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is searched and judged gives the same in this process, without two processes a test that load for a tenth of
    a second each. In all other folders they are real, and so they are for whoever asks for `processes`."""
    monkeypatch.setattr(engine, "SETTLE_SECONDS", 0.0)  # this process does not end with the test
    token = PROCESSES.set("processes" in request.fixturenames)
    yield
    PROCESSES.reset(token)
