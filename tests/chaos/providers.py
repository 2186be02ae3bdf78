"""Providers that refuse, babble, break off, never stop, never begin: each run ends, and nothing of it stays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.chaos.tally import Tally
from tests.chaos.watched import Watched, served, until, warm
from tests.fakes.rude_provider import WAYS, RudeProvider
from tests.lsp.editor import document
from tests.scripted import TEXT

BUDGET_SECONDS = 6
ENDS_WITHIN = 40.0
GROWTH_MB = 150


def options(url: str) -> dict[str, Any]:
    return {
        "models": {"root": "openai/scripted", "apiBase": url, "apiKeyEnv": "SCRIPTED_KEY", "silenceSeconds": 1},
        "context": {"directTokens": 0},
        "budget": {"seconds": BUDGET_SECONDS, "turns": 3},
    }


async def providers(ways: list[str], folder: Path, bound: float) -> Tally:
    """One server; each way in turn, one after the other, since memory is looked at."""
    tally = Tally(bound)
    path = folder / "provided.log"
    path.write_text(TEXT)
    async with RudeProvider() as provider, served(tally, options=options(provider.url("polite"))) as editor:
        await warm(editor, path)
        for way in ways:
            await _met(editor, provider, path, way)
    return tally


async def _met(editor: Watched, provider: RudeProvider, path: Path, way: str) -> None:
    tally = editor.tally
    editor.notify("workspace/didChangeConfiguration", {"settings": {"rlm": options(provider.url(way))}})
    before = editor.footprint()
    most = before.megabytes

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, editor.footprint().megabytes)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        async with editor.pinging(f"provider {way}"):
            await editor.asked(
                {"question": "q", "scope": document(path.as_uri())}, f"provider {way}", seconds=ENDS_WITHIN
            )
    finally:
        watching.cancel()
    tally.grown = max(tally.grown, most - before.megabytes)
    if most - before.megabytes > GROWTH_MB:
        tally.leaked.append(f"provider {way}: memory grew by {most - before.megabytes:.0f} MB while it sent")
    if not provider.met.get(way):
        tally.lost.append(f"provider {way} was never asked")
    if not await until(lambda: provider.open_connections <= 1, 5):
        tally.leaked.append(f"provider {way}: {provider.open_connections} connections are still open")


ALL = sorted(WAYS)
