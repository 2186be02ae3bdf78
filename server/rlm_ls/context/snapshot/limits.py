"""Limits a question to a part of the snapshot: to an editor's selection, or to all but some lines."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_ls.context.document import Document, Part, Selection, line_want
from rlm_ls.context.workers.piece import File
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import BadRequest

SECONDS = 20.0

Position = tuple[int, int]
"""Line and UTF-16 column, both from 0."""


async def selected(document: Document, file: File, region: tuple[Position, Position], pool: Pool) -> Selection:
    """The part of the only document that an editor's selection covers. Raises BadRequest for an empty one."""
    (first, column), (last, end_column) = region
    start = await byte_of(document, file, pool, first, column)
    end = await byte_of(document, file, pool, last, end_column)
    if end <= start:
        raise BadRequest("The selection is empty.", "Select some text, or ask about the whole document.")
    return (Part(0, start, end),)


async def without_lines(
    document: Document, file: File, limit: Selection, lines: Sequence[int], pool: Pool
) -> Selection:
    """`limit` of the only document, less some of its lines (from 0)."""
    for line in lines:
        start = await byte_of(document, file, pool, line, 0)
        end = await byte_of(document, file, pool, line + 1, 0)
        limit = tuple(
            part
            for whole in limit
            for part in (Part(0, whole.start, min(start, whole.end)), Part(0, max(end, whole.start), whole.end))
            if part.start < part.end
        )
    return limit


async def byte_of(
    document: Document, file: File, pool: Pool, line: int, utf16_character: int, seconds: float = SECONDS
) -> int:
    """The byte offset of a position from 0, clamped as LSP says: to the line's end, and to the text's."""
    if line < 0:
        return 0
    if line > document.checkpoints[-1]:
        return document.size
    payload = {"file": file, "line": line_want(document, line + 1), "character": max(0, utf16_character)}
    offset: int = await pool.call("places.byte_of", payload, seconds)
    return offset
