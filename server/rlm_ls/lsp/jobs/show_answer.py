"""Showing an answer or an excerpt in an editor without one of our plugins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from rlm_ls.lsp.features.content import ANSWERS, answer_text
from rlm_ls.lsp.features.excerpts import cited_range, document_text, excerpt_at, heading_lines
from rlm_ls.private import private_folder, replace_file

if TYPE_CHECKING:
    from rlm_ls.lsp.features.excerpts import Address
    from rlm_ls.lsp.services import Services

KEPT = 100
"""Answers kept as files. All of them are in the store as well."""


async def show_answer(services: Services, run_id: str) -> None:
    """Show the answer as an `rlm:` document if the client can read those, else as a file; else a message names the
    file."""
    client = services.client
    readable = client.can("workspace.text_document_content") and client.can_show_documents()
    if readable and await client.show_document(f"rlm:/answer/{run_id}.md"):
        return
    engine = await services.engine_loader.engine()
    text = await answer_text(services, run_id)
    path = engine.store.folder / ANSWERS / f"{run_id}.md"
    await asyncio.get_running_loop().run_in_executor(None, _write_privately, path, text)
    if client.can_show_documents() and await client.show_document(path.as_uri()):
        return
    client.show(types.MessageType.Info, f"rlm-ls: the answer is in {path}")


async def show_excerpt(services: Services, address: Address) -> None:
    """Show an excerpt, the cited lines selected, in the way of `show_answer`. Raises what `excerpt_at` does."""
    client = services.client
    excerpt = await excerpt_at(services, address)
    text = await document_text(services, address)
    place = cited_range(
        excerpt, services.buffers.encoding, 0 if client.has_commands else heading_lines(address, excerpt)
    )
    readable = client.can("workspace.text_document_content") and client.can_show_documents()
    if readable and await client.show_document(str(address), place):
        return
    from hashlib import blake2b  # not on the way to `initialize`

    name = blake2b(str(address).encode("utf-8", "replace"), digest_size=8).hexdigest() + ".txt"
    path = await asyncio.get_running_loop().run_in_executor(None, services.shown_files.write, name, text)
    if client.can_show_documents() and await client.show_document(path.as_uri(), place):
        return
    client.show(types.MessageType.Info, f"rlm-ls: the excerpt is in {path}")


def _write_privately(path: Path, text: str) -> None:
    private_folder(path.parent)
    answers = sorted(path.parent.glob("*.md"), key=lambda answer: answer.stat().st_mtime)
    for old in answers[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    # Quotes of the user's documents: nobody else's business.
    replace_file(path, text.encode("utf-8", "replace"))
