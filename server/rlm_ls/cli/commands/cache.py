"""`rlm-ls cache`: show or delete what is kept for the next question: replies, programs, copies of texts elsewhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rlm_ls.cli.terminal.console import out
from rlm_ls.cli.terminal.session import run, user_settings
from rlm_ls.engine.kept import Kept, clear, kept
from rlm_ls.store.database import Store


class Action(StrEnum):
    SIZE = "size"
    CLEAR = "clear"


def cache(
    action: Annotated[Action, typer.Argument(help="size shows what is kept, clear deletes it.")] = Action.SIZE,
) -> None:
    """Show or clear what is kept: replies of sub-models (a call made again costs nothing), programs, copies."""
    run(_cache(action))


async def _cache(action: Action) -> int:
    limit = user_settings().cache_mb
    store = await Store.open()
    try:
        if action is Action.CLEAR:
            out.print(f"Deleted {_said(await clear(store))}.", markup=False)
        else:
            out.print(
                f"{_said(await kept(store))}; the limit of replies is {limit:,} MB (setting cacheMb).", markup=False
            )
    finally:
        await store.close()
    return 0


def _said(found: Kept) -> str:
    replies = f"{found.replies:,} {'reply' if found.replies == 1 else 'replies'}"
    programs = f"{found.programs:,} compiled program{'' if found.programs == 1 else 's'}"
    copies = f"{found.copies:,} cop{'y' if found.copies == 1 else 'ies'} of texts that lie elsewhere"
    return f"{replies}, {programs}, {copies}: {found.bytes / 1e6:,.1f} MB"
