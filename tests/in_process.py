"""The workers' own operations without the worker: for rules whose tests should take no process each."""

from __future__ import annotations

import pickle
from contextvars import ContextVar
from typing import Any

from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.worker import HEADER, answer
from rlm_ls.executors.checking.checker import CheckerPool

PROCESSES: ContextVar[bool] = ContextVar("processes", default=True)
"""Whether engines and pools of this test have worker processes (tests/unit/conftest.py)."""


class SearchHere(SearchPool):
    """Searches in this process."""

    async def _worker(self) -> Any:
        return None

    async def _ask(self, worker: None, request: bytes) -> bytes:
        return replied(request, "rlm_ls.context.ops")


class CheckHere(CheckerPool):
    """Checks in this process."""

    async def _worker(self) -> Any:
        return None

    async def _ask(self, worker: None, request: bytes) -> bytes:
        return replied(request, "rlm_ls.executors.checking")


def replied(request: bytes, package: str) -> bytes:
    return pickle.dumps(answer(pickle.loads(request[HEADER.size :]), package))
