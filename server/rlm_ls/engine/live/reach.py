"""How far an answer looked at files that may go on, and what has come since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlm_ls.context.document import Document
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.engine.answer import Answer, UpTo
from rlm_ls.errors import RlmError

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

MOST_FILES = 20
"""Of more no end is noted: that is a project, and no log."""

SECONDS = 10.0


async def up_to(context: Context, pool: Pool) -> tuple[UpTo, ...]:
    """Where the files end that are searched as a whole; nothing of open texts, and of those inside of others."""
    if len(context.documents) > MOST_FILES:
        return ()
    whole = {part.doc for part in context.limit if part.start == 0 and part.end == context.documents[part.doc].size}
    numbers = [number for number, one in enumerate(context.documents) if number in whole and _may_go_on(one)]
    documents = [context.documents[number] for number in numbers]
    marks = await _marks(context, pool, [(number, context.documents[number].size) for number in numbers])
    return tuple(
        UpTo(uri=one.uri, path=one.path, line=one.lines, byte=one.size, mark=mark)
        for one, mark in zip(documents, marks, strict=True)
        if mark
    )


async def news(services: Services, context: Context, run_id: str) -> tuple[str, ...]:
    """What has become of the texts since a run looked at them."""
    row = await services.store.run(run_id)
    then = Answer.model_validate(row.answer).coverage.up_to if row.answer is not None else ()
    return await since(context, services.pool, then)


async def since(context: Context, pool: Pool, then: Sequence[UpTo]) -> tuple[str, ...]:
    """What has become of the texts, in a sentence each: for a model that has answered before, and for people."""
    known = [(one, number) for one in then if (number := context.number(one.uri)) is not None]
    marks = await _marks(context, pool, [(number, one.byte) for one, number in known])
    told = [_told(one, context.documents[number], mark) for (one, number), mark in zip(known, marks, strict=True)]
    had = {one.uri for one in then}
    told += [f"{one.path} is gone." for one in then if context.number(one.uri) is None]
    if then:
        told += [f"{one.path} is new." for one in context.documents[:MOST_FILES] if one.uri not in had]
    return tuple(told)


def _told(then: UpTo, now: Document, mark: str) -> str:
    if not mark or mark != then.mark:
        return f"{now.path} was written anew (rotated, truncated or edited): of its {now.lines:,} lines none is known."
    if now.size == then.byte:
        return f"{now.path} is as it was, up to line {now.lines:,}."
    first = then.line + 1 if mark.endswith("+") else then.line
    return f"{now.path} goes on: lines {first} to {now.lines} are new, the others as they were."


def _may_go_on(document: Document) -> bool:
    return document.version is None and not document.inside and document.uri.startswith("file:")


async def _marks(context: Context, pool: Pool, places: Sequence[tuple[int, int]]) -> list[str]:
    """A text that cannot be read any more has none."""
    if not places:
        return []
    asked = [(context.files[number], byte) for number, byte in places]
    try:
        found: list[str] = await pool.call("files.growth.marks", {"places": asked}, SECONDS)
    except RlmError:
        return [""] * len(places)
    return found
