"""`rlm-ls cache`: show or delete the cached replies of sub-models and the cached compiled programs."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from rlm_ls.cli.terminal.console import out
from rlm_ls.cli.terminal.session import run, user_settings
from rlm_ls.executors.compiled.program_cache import PROGRAMS, ProgramCache
from rlm_ls.store.database import Store


class Action(StrEnum):
    SIZE = "size"
    CLEAR = "clear"


def cache(
    action: Annotated[Action, typer.Argument(help="size shows what is kept, clear deletes it.")] = Action.SIZE,
) -> None:
    """Show or clear what is kept: replies of sub-models (a call made again costs nothing), compiled programs."""
    run(_cache(action))


async def _cache(action: Action) -> int:
    limit = user_settings().cache_mb
    store = await Store.open()
    try:
        if action is Action.CLEAR:
            entries, size = await store.clear_cache()
            programs, more = await asyncio.to_thread(ProgramCache(store.folder / PROGRAMS).clear)
            out.print(f"Deleted {_said(entries, size)}; {_programs(programs, more)}.", markup=False)
        else:
            kept = await store.cache_size()
            programs, more = await asyncio.to_thread(ProgramCache(store.folder / PROGRAMS).size)
            out.print(f"{_said(kept.entries, kept.bytes)}; the limit is {limit:,} MB (setting cacheMb).", markup=False)
            out.print(f"{_programs(programs, more)}.", markup=False)
    finally:
        await store.close()
    return 0


def _programs(entries: int, size: int) -> str:
    return f"{entries:,} compiled program{'' if entries == 1 else 's'}, {size / 1e6:,.1f} MB"


def _said(entries: int, size: int) -> str:
    return f"{entries:,} {'reply' if entries == 1 else 'replies'}, {size / 1e6:,.1f} MB"
