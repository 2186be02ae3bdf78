"""What a prompt asks, and of which texts: words, mentioned files and folders, texts that were selected."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag

from acp.schema import EmbeddedResourceContentBlock, ResourceContentBlock, TextContentBlock, TextResourceContents

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.sources.uris import file_path
from rlm_ls.errors import BadRequest
from rlm_ls.visible import visible_line

MOST_MENTIONED = 1000
MOST_TEXT = 16 << 20


@dataclass(frozen=True, slots=True)
class Prompted:
    """`scope` is None where no text was mentioned: then the earlier one holds, or the session's folders."""

    question: str
    scope: Scope | None


async def prompted(blocks: Sequence[Any]) -> Prompted:
    """Raises BadRequest for what is no text: pictures, sounds, addresses elsewhere."""
    words: list[str] = []
    named_last = 0
    """So many of the words at their end only name texts: they are no part of the sentence."""
    named: list[str] = []
    buffers: list[Buffer] = []
    for block in blocks:
        match block:
            case TextContentBlock():
                words.append(block.text)
                named_last = 0
            case ResourceContentBlock():
                named.append(block.uri)
                words.append(visible_line(block.name))
                named_last += 1
            case EmbeddedResourceContentBlock(resource=TextResourceContents() as resource):
                # A selection comes with its lines in the fragment: a text of its own, beside its file.
                buffers.append(Buffer(resource.uri, resource.text))
                words.append(visible_line(os.path.basename(urldefrag(resource.uri).url)) or "text")
                named_last += 1
            case _:
                raise BadRequest("Only words, files, folders and texts can be asked about.", "Leave out what is none.")
    if len(named) + len(buffers) > MOST_MENTIONED or sum(len(buffer.text) for buffer in buffers) > MOST_TEXT:
        raise BadRequest("More is mentioned than is taken.", "Mention the folder in place of its files.")
    question = " ".join(" ".join(words[: len(words) - named_last]).split())
    if not named and not buffers:
        return Prompted(question, None)
    return Prompted(question, await asyncio.to_thread(_scope, tuple(named), tuple(buffers)))


def _scope(named: Sequence[str], buffers: Sequence[Buffer]) -> Scope:
    paths = [_path(uri) for uri in named]
    roots = tuple(path for path in paths if os.path.isdir(path))
    files = tuple(path for path in paths if path not in roots) + tuple(buffer.uri for buffer in buffers)
    kind = "document" if len(files) == 1 and not roots else "files"
    return Scope(kind=kind, files=files, roots=roots, buffers=tuple(buffers))  # type: ignore[arg-type]


def _path(uri: str) -> str:
    if (path := file_path(urldefrag(uri).url)) is None:
        raise BadRequest(f"{visible_line(uri)} cannot be read.", "Mention files and folders of this machine.")
    return path
