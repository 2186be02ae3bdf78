"""`textDocument/documentLink` in answer documents: each place that is cited leads to where its text stands now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lsprotocol import types
from pygls.uris import to_fs_path

from rlm_ls.errors import UnknownRun
from rlm_ls.lsp.features.content import ANSWERS, answer_text
from rlm_ls.lsp.features.excerpts import Address, excerpts_instead
from rlm_ls.lsp.requests.citations import citations_now
from rlm_ls.lsp.workspace.rope import units

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.engine.answer import Citation
    from rlm_ls.lsp.services import Services

MOST = 1000
"""Links of one document."""

_RUN = r"(?P<run>[A-Za-z0-9_-]{1,128})\.md"
_DOCUMENT = re.compile(rf"rlm:/{{1,3}}answer/{_RUN}")
_FILE = re.compile(rf"file://.*/{ANSWERS}/{_RUN}")
_LINE_END = re.compile(r"\r\n|\r|\n")


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, types.DocumentLinkOptions(resolve_provider=False))
    async def document_link(params: types.DocumentLinkParams) -> list[types.DocumentLink] | None:
        uri = params.text_document.uri
        run_id = await _run_of(services, uri)
        if run_id is None:
            return None
        try:
            was, now = await citations_now(services, run_id)
        except UnknownRun:
            return None
        text = await _text(services, uri, run_id) if was else ""
        instead: dict[int, str] = {}
        if services.client.can("workspace.text_document_content"):
            instead = {n: str(_excerpt(run_id, n, now[n])) for n in await excerpts_instead(services, now)}
        return list(links(text, was, now, services.buffers.encoding, instead))


async def cited_in(services: Services, uri: str, line: str) -> list[tuple[str, Address]]:
    """The places that are cited on a line of an answer, in words, and the addresses of their excerpts."""
    run_id = await _run_of(services, uri)
    if run_id is None:
        return []
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.answer import Answer

    row = await engine.store.run(run_id)
    was = Answer.model_validate(row.answer).citations if row.answer is not None else ()
    if not was:
        return []
    places = _Places(was, was)
    found = {n for match in places.pattern.finditer(line) if (n := places.index(match)) is not None}
    return [(was[n].label, _excerpt(run_id, n, was[n])) for n in sorted(found)]


def _excerpt(run_id: str, index: int, citation: Citation) -> Address:
    return Address("around", run_id, index, name=citation.path)


async def _run_of(services: Services, uri: str) -> str | None:
    """The run whose answer this document is; None for any other document, which takes no engine to know."""
    plain = unquote(uri)
    if match := _DOCUMENT.fullmatch(plain):
        return match["run"]
    if match := _FILE.fullmatch(plain):
        engine = await services.engine_loader.engine()
        path = Path(to_fs_path(uri) or "")
        if path.parent == engine.store.folder / ANSWERS:
            return match["run"]
    return None


async def _text(services: Services, uri: str, run_id: str) -> str:
    """As the client has it; else as it was handed out."""
    for buffer in await services.buffers.snapshot([uri]):
        return buffer.text
    path = to_fs_path(uri) if uri.startswith("file:") else None
    if path is None:
        return await answer_text(services, run_id)
    return await asyncio.to_thread(_read, Path(path))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def links(
    text: str,
    was: Sequence[Citation],
    now: Sequence[Citation],
    encoding: str,
    instead: Mapping[int, str] = MappingProxyType({}),
) -> Iterator[types.DocumentLink]:
    """One for each `path:line` that is cited, or the Markdown link around it; at most MOST. `instead`
    has the addresses of those that lead elsewhere than to their file."""
    if not was:
        return
    places = _Places(was, now, instead)
    count = 0
    for number, line in enumerate(_LINE_END.split(text)):
        for match in places.pattern.finditer(line):
            found = places.of(match)
            if found is None:
                continue
            target, tooltip = found
            columns = (units(line[:at], encoding) for at in match.span())
            start, end = (types.Position(number, column) for column in columns)
            yield types.DocumentLink(types.Range(start, end), target=target, tooltip=tooltip)
            count += 1
            if count >= MOST:
                return


class _Places:
    """Which citation a place in words is of, and where that leads now."""

    def __init__(
        self, was: Sequence[Citation], now: Sequence[Citation], instead: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        from rlm_ls.engine.trace.inert import line
        from rlm_ls.engine.trace.links import label_text

        self._pairs = list(zip(was, now, strict=True))
        self._instead = instead
        # The longest first: a path may be another one's beginning.
        # As the text of a link it is written with backslashes where a file is named like markup.
        self._paths = {shape(path): path for path in {one.path for one in was} for shape in (line, label_text, str)}
        paths = sorted(self._paths, key=len, reverse=True)
        place = rf"(?P<path>{'|'.join(map(re.escape, paths))}):(?P<line>\d{{1,12}})(?:[-–]\d{{1,12}})?"
        linked = rf"\[`?{place}`?\]\([^()\s]*\)"
        plain = rf"(?<![\w/\\.-]){place.replace('?P<path>', '?P<path2>').replace('?P<line>', '?P<line2>')}(?!\w)"
        # A place that is none of lines (`[paper.pdf, page 12](…)`): its address has the line.
        address = r"\([^()\s]*[#&](?:L|line=)(?P<line3>\d{1,12})\)"
        called = rf"\[(?P<path3>{'|'.join(map(re.escape, paths))}), [^\]\n]{{1,300}}\]{address}"
        self.pattern = re.compile(f"{linked}|{called}|{plain}")

    def of(self, match: re.Match[str]) -> tuple[str, str] | None:
        """Target and tooltip; None for a place that is not cited."""
        index, line = self.index(match), _line(match)
        if index is None:
            return None
        was, now = self._pairs[index]
        if index in self._instead:
            return self._instead[index], _tooltip(was, now)
        at = now.line + min(line - was.line, now.end_line - now.line)
        return f"{quote(now.uri, safe=':/%')}#{now.fragment if now.place else f'L{at}'}", _tooltip(was, now)

    def index(self, match: re.Match[str]) -> int | None:
        """Which citation it is."""
        path, line = self._paths[match["path"] or match["path2"] or match["path3"]], _line(match)
        cited = [n for n, (was, _) in enumerate(self._pairs) if was.path == path and was.line <= line <= was.end_line]
        # The citation that starts there rather than one that reaches there.
        return max(cited, key=lambda n: self._pairs[n][0].line, default=None)


def _line(match: re.Match[str]) -> int:
    return int(match["line"] or match["line2"] or match["line3"])


def _tooltip(was: Citation, now: Citation) -> str:
    if now.state == "moved" and now.line != was.line:
        return f"moved here from line {was.line}"
    if now.state == "unmatched":
        return "the quoted text is no longer there: this is where it was"
    return now.state
