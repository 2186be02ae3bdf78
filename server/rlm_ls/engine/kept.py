"""What is kept for the next question beside the history, in the folder of the store: how much, and its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rlm_ls.executors.compiled.program_cache import PROGRAMS
from rlm_ls.executors.compiled.wasm import MODULE
from rlm_ls.store.database import Store

COPIES = "remote"
"""Texts that lie elsewhere, as they were read."""

LINE_INDEX = "line-index.json"
"""Where the lines of large files are, for the next start."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Numbers of sub-models' replies, compiled programs and copies of texts that lie elsewhere, and their bytes."""

    replies: int
    programs: int
    copies: int
    bytes: int


async def kept(store: Store) -> Kept:
    """Raises StoreFailed."""
    replies = await store.cache_size()
    (programs, more), (copies, most) = await asyncio.to_thread(
        lambda: (_size(_files(store.folder / PROGRAMS)), _size(_files(store.folder / COPIES)))
    )
    return Kept(replies.entries, programs, copies, replies.bytes + more + most)


async def clear(store: Store) -> Kept:
    """Deletes it all and says what it was; a question that is under way may miss its copy, and says so.

    Raises StoreFailed."""
    replies, size = await store.clear_cache()
    (programs, more), (copies, most) = await asyncio.to_thread(
        lambda: (_unlinked(_files(store.folder / PROGRAMS)), _unlinked(_files(store.folder / COPIES)))
    )
    await asyncio.to_thread(_unlinked, [store.folder / LINE_INDEX])
    return Kept(replies, programs, copies, size + more + most)


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.iterdir())
    return []


def _size(files: Iterable[Path]) -> tuple[int, int]:
    count = size = 0
    for path in files:
        with contextlib.suppress(OSError):
            size += path.stat().st_size
            count += path.suffix != MODULE  # beside its program
    return count, size


def _unlinked(files: Iterable[Path]) -> tuple[int, int]:
    count = size = 0
    for path in files:
        with contextlib.suppress(OSError):
            taken = path.stat().st_size
            path.unlink()
            count, size = count + (path.suffix != MODULE), size + taken
    return count, size
