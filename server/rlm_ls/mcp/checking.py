"""The tool `check`: whether citations, or a whole earlier answer, hold for the text as it is now. Asks no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rlm_ls.engine.answer import Citation
from rlm_ls.engine.citing.citing import MAX_QUOTE
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.trace.check import check as check_run
from rlm_ls.engine.trace.standing import standing_now
from rlm_ls.errors import BadRequest
from rlm_ls.mcp.bounds import Bounds
from rlm_ls.mcp.results import Checked, Cited, cited

MOST_CITATIONS = 200


async def check_answer(engine: Engine, run_id: str) -> Checked:
    """Raises UnknownRun."""
    row = await engine.store.run(run_id)
    found = await check_run(engine, await engine.store.events(row.run_id))
    return Checked(verdict=found.verdict, changes=list(found.changes), unknown=list(found.unknown))


async def check_citations(engine: Engine, given: Sequence[Cited], bounds: Bounds) -> Checked:
    """Raises BadRequest, and DocumentDenied for what lies out of bounds."""
    if len(given) > MOST_CITATIONS:
        raise BadRequest(f"{len(given):,} citations are given; at most {MOST_CITATIONS} are looked for at once.")
    if any(not one.quote.strip() or len(one.quote) > MAX_QUOTE for one in given):
        raise BadRequest(f"A quote has 1 to {MAX_QUOTE:,} characters.", "Quote the line that proves it.")
    now: list[Cited] = []
    for one in given:
        scope = await bounds.scope([one.uri], None)
        (found,) = await standing_now(engine, [_at_its_line(one, Path(scope.files[0]).as_uri() if scope.files else "")])
        same = found.state == "moved" and found.line == one.line  # its column was not known
        now.append(cited(found.model_copy(update={"state": "verified"}) if same else found))
    changes = [_told(old, new) for old, new in zip(given, now, strict=True) if new.state != "verified"]
    return Checked(verdict="changed" if changes else "still true", changes=changes, citations=now)


def _at_its_line(one: Cited, uri: str) -> Citation:
    lines = one.quote.splitlines() or [""]
    last = len(lines[-1].encode("utf-16-le", "surrogatepass")) // 2
    return Citation(
        uri=uri,
        path=one.path or one.uri,
        line=one.line,
        end_line=one.line + len(lines) - 1,
        start_byte=0,
        end_byte=0,
        start_utf16=(one.line - 1, 0),
        end_utf16=(one.line - 2 + len(lines), last),
        quote=one.quote,
    )


def _told(old: Cited, new: Cited) -> str:
    where = f"{old.path or old.uri}:{old.line}"
    return f"{where} has moved to line {new.line}" if new.state == "moved" else f"{where} stands no longer there"
