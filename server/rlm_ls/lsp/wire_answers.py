"""An Answer as it is sent to the client: citations as LSP locations in the negotiated position encoding."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygls.uris import to_fs_path

from rlm_ls.lsp.features.excerpts import Address, excerpts_instead
from rlm_ls.lsp.workspace.rope import units

if TYPE_CHECKING:
    from rlm_ls.engine.answer import Answer, Citation
    from rlm_ls.lsp.services import Services

WINDOW = 1 << 16
"""Bytes of a line that are looked at to count its characters; a column further out is left in UTF-16."""

_END = re.compile("\r\n|\r|\n")


async def wire_answer(services: Services, answer: Answer) -> dict[str, Any]:
    """The result of `rlm/ask`: the engine's, but for its citations: see wire_citation."""
    sent = answer.wire()
    sent["citations"] = await wire_citations(services, answer.run_id, answer.citations)
    return sent


async def wire_citations(services: Services, run_id: str, citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """The citations of a run, in order, each with the address of its excerpt."""
    from rlm_ls.engine.trace.excerpt import AROUND

    instead = await excerpts_instead(services, citations)
    return [
        {
            **await wire_citation(services, one),
            "opens": "excerpt" if index in instead else "file",
            "excerpt": str(Address("around", run_id, index, name=one.path)),
            "excerptLine": min(one.line, AROUND + 1),
        }
        for index, one in enumerate(citations)
    ]


async def wire_citation(services: Services, citation: Citation) -> dict[str, Any]:
    """`{location: {uri, range}, path, line, endLine, inside, quote, version, state, place, charted}`, in the negotiated
    position encoding."""
    if services.buffers.encoding == "utf-16":
        return _sent(citation, citation.start_utf16, citation.end_utf16)
    return await _converted(services, citation)


def _sent(citation: Citation, start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    place = {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }
    return {
        "location": {"uri": citation.uri, "range": place},
        "path": citation.path,
        "line": citation.line,
        "endLine": citation.end_line,
        "inside": citation.inside,
        "quote": citation.quote,
        "version": citation.version,
        "state": citation.state,
        "place": citation.place,
        "charted": citation.charted,
    }


async def _converted(services: Services, citation: Citation) -> dict[str, Any]:
    """Columns are counted in the text before them: the quote, as far as it reaches, else the document as it is now."""
    encoding = services.buffers.encoding
    start_line, start = citation.start_utf16
    end_line, end = citation.end_utf16
    quoted = _END.split(citation.quote)
    heads: dict[str, str] = {}
    if start:
        heads["start"] = await _head(services, citation, start_line, start, citation.start_byte)
    if len(quoted) == end_line - start_line + 1:
        before = heads.get("start", "") if start_line == end_line else ""
        heads["end"] = before + quoted[-1]
    if units(heads.get("end", ""), "utf-16") != end:
        heads["end"] = await _head(services, citation, end_line, end, citation.end_byte)
    columns = {"start": start, "end": end}
    for name, head in heads.items():
        if units(head, "utf-16") == columns[name]:
            columns[name] = units(head, encoding)
    return _sent(citation, (start_line, columns["start"]), (end_line, columns["end"]))


async def _head(services: Services, citation: Citation, line: int, width: int, byte: int) -> str:
    """A line's text up to a place `width` UTF-16 units in; something else if the text has changed since."""
    if citation.uri in services.buffers:
        text = (await services.buffers.lines(citation.uri, [line], width))[0]
        return text.encode("utf-16-le", "surrogatepass")[: 2 * width].decode("utf-16-le", "replace")
    path = to_fs_path(citation.uri)
    if path is None:
        return ""
    return await asyncio.get_running_loop().run_in_executor(None, _head_on_disk, Path(path), byte)


def _head_on_disk(path: Path, byte: int) -> str:
    """What stands before `byte` in its line. A Document's bytes leave out the file's byte order mark."""
    try:
        with path.open("rb") as file:
            byte += 3 if file.read(3) == b"\xef\xbb\xbf" else 0
            file.seek(max(0, byte - WINDOW))
            before = file.read(byte - max(0, byte - WINDOW))
    except OSError:
        return ""
    return _END.split(before.decode("utf-8", "replace"))[-1]
