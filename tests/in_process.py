"""The workers' own operations without the worker: for rules whose tests should take no process each."""

from __future__ import annotations

from typing import Any

from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.worker import answer
from rlm_ls.executors.checking.checker import CheckerPool


class SearchHere(SearchPool):
    """Searches in this process."""

    async def _ask(self, request: tuple[str, Any, float]) -> tuple[str, Any]:
        return answer(request, "rlm_ls.context.ops")


class CheckHere(CheckerPool):
    """Checks in this process."""

    async def _ask(self, request: tuple[str, Any, float]) -> tuple[str, Any]:
        return answer(request, "rlm_ls.executors.checking")
