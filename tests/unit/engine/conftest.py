from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.in_process import SearchHere
from tests.scripted import Asker, asking

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.executors.scripts.host import VerbHost

Hosting = Callable[..., Awaitable[VerbHost]]


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    """`await ask(reply, …)` runs the engine over a log of 600 lines with those model replies."""
    async with asking(tmp_path / "state", trace="full") as asker:
        yield asker


@pytest.fixture
async def hosting() -> AsyncIterator[Hosting]:
    """`await hosting("text", …)` is a host over documents 1.txt, 2.txt, …; `scope=` over another scope."""
    async with AsyncExitStack() as stack:

        async def make(*texts: str, scope: Scope | None = None, region: Any = None) -> VerbHost:
            buffers = tuple(Buffer(f"untitled:{n}.txt", text, version=n) for n, text in enumerate(texts, 1))
            kind: Any = "selection" if region else "files"
            asked = scope or Scope(kind, files=tuple(one.uri for one in buffers), buffers=buffers, region=region)
            pool = SearchHere(1)
            context = await stack.enter_async_context(await Context.take(asked, pool, ContextOptions()))
            return VerbHost(context, Search(context, pool, 20.0), lambda: {})

        yield make
