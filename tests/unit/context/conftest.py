from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.in_process import PROCESSES, SearchHere

from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

Asking = Callable[..., Awaitable[Search]]


@pytest.fixture
async def pool() -> AsyncIterator[SearchPool]:
    async with SearchPool(2) if PROCESSES.get() else SearchHere(2) as pool:
        yield pool


@pytest.fixture
async def taking(pool: SearchPool) -> AsyncIterator[Callable[..., Awaitable[Context]]]:
    """Takes Contexts and closes them at the end."""
    async with AsyncExitStack() as stack:

        async def take(scope: Scope, **options: object) -> Context:
            context = await Context.take(scope, pool, ContextOptions(**options))  # type: ignore[arg-type]
            return await stack.enter_async_context(context)

        yield take


@pytest.fixture
async def asking(pool: SearchPool, taking: Callable[..., Awaitable[Context]], tmp_path: Path) -> Asking:
    """`await asking("text", …)` is a Search of open documents 1.txt, 2.txt …; `folder=True` puts them on disk."""

    async def ask(*texts: str | bytes, seconds: float = 20.0, on_disk: bool = False, language: str = "") -> Search:
        names = [f"{number}.txt" for number in range(1, len(texts) + 1)]
        if on_disk:
            for name, text in zip(names, texts, strict=True):
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
            scope = Scope("files", files=tuple(str(tmp_path / name) for name in names))
        else:
            buffers = tuple(
                Buffer(f"untitled:{name}", str(text), language=language)
                for name, text in zip(names, texts, strict=True)
            )
            scope = Scope("files", files=tuple(buffer.uri for buffer in buffers), buffers=buffers)
        return Search(await taking(scope), pool, seconds)

    return ask
