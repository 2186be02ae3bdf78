"""`rlm-ls cache`: what replies of sub-models are kept, and doing away with them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rlm_ls.cli.session import out, run, user_settings
from rlm_ls.store.database import Store


class Action(StrEnum):
    SIZE = "size"
    CLEAR = "clear"


def cache(
    action: Annotated[Action, typer.Argument(help="size shows what is kept, clear deletes it.")] = Action.SIZE,
) -> None:
    """Show or clear the kept replies of sub-models: a call made again costs nothing while its reply is kept."""
    run(_cache(action))


async def _cache(action: Action) -> int:
    limit = user_settings().cache_mb
    store = await Store.open()
    try:
        if action is Action.CLEAR:
            entries, size = await store.clear_cache()
            out.print(f"Deleted {_said(entries, size)}.", markup=False)
        else:
            kept = await store.cache_size()
            out.print(f"{_said(kept.entries, kept.bytes)}; the limit is {limit:,} MB (setting cacheMb).", markup=False)
    finally:
        await store.close()
    return 0


def _said(entries: int, size: int) -> str:
    return f"{entries:,} {'reply' if entries == 1 else 'replies'}, {size / 1e6:,.1f} MB"
