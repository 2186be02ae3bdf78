"""The texts that the client has open. They take precedence over the files on disk.

pygls splits a whole text anew at each change: 53 ms of the event loop for 10 MB. Here a change is only noted. One
thread applies the notes to the text when it is needed, and only that thread touches the ropes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types

from rlm_ls.lsp.workspace.rope import Rope

if TYPE_CHECKING:
    from rlm_ls.context.scope import Buffer

log = logging.getLogger(__name__)

FOLD_AT = 4096
"""Changes that are noted before they are applied although nobody asked: this bounds the notes of a long day's
typing."""


@dataclass(frozen=True, slots=True)
class Change:
    """`range` is ((line, character), (line, character)); None replaces the whole text."""

    range: tuple[tuple[int, int], tuple[int, int]] | None
    text: str


@dataclass(slots=True)
class OpenText:
    uri: str
    language: str
    version: int
    noted: list[Change]
    size: int
    """At most so many characters: those of the text that was opened, and all that were put in since."""
    rope: Rope | None = field(default=None)
    """Used by the buffers' thread only."""
    marked: list[tuple[int, str]] | None = field(default=None)
    """The marked lines of the rope as it is; of the buffers' thread alone."""


class Buffers:
    """All open texts. Call every method on the event loop's thread; the work that they await is done in the buffers'
    own thread."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        """The negotiated position encoding; set before the first text is opened."""
        self._open: dict[str, OpenText] = {}
        """The one opened or changed last comes last."""
        # A thread of its own: the default pool may be full of other work.
        self._thread = ThreadPoolExecutor(1, "rlm-buffers")

    def opened(self, item: types.TextDocumentItem) -> None:
        whole = Change(None, item.text)
        self._open.pop(key_of(item.uri), None)
        self._open[key_of(item.uri)] = OpenText(item.uri, item.language_id, item.version, [whole], len(item.text))

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        key = key_of(params.text_document.uri)
        opened = self._open.pop(key, None)
        if opened is None:
            log.warning("a change of a text that is not open was ignored")
            return
        self._open[key] = opened
        opened.version = params.text_document.version
        for event in params.content_changes:
            if isinstance(event, types.TextDocumentContentChangePartial):
                start, end = event.range.start, event.range.end
                place = ((start.line, start.character), (end.line, end.character))
                opened.noted.append(Change(place, event.text))
                opened.size += len(event.text)
            else:
                opened.noted = [Change(None, event.text)]
                opened.size = len(event.text)
        if len(opened.noted) >= FOLD_AT:
            self._thread.submit(_fold, opened, self._take(opened), self.encoding)

    def closed(self, uri: str) -> None:
        self._open.pop(key_of(uri), None)

    def uris(self) -> list[str]:
        """The text that was opened or changed last comes first."""
        return [opened.uri for opened in reversed(self._open.values())]

    def __contains__(self, uri: str) -> bool:
        return key_of(uri) in self._open

    def size(self, uri: str) -> int:
        """The most characters that a text can have, however much of it has been read yet; 0 if it is not open."""
        opened = self._open.get(key_of(uri))
        return opened.size if opened else 0

    async def snapshot(self, uris: Sequence[str]) -> tuple[Buffer, ...]:
        """The texts as they are at the moment of the call; URIs that are not open are left out."""
        loop = asyncio.get_running_loop()
        found = [opened for uri in uris if (opened := self._open.get(key_of(uri)))]
        # All handed over before the first await: changes that come in later are behind them in the thread's queue.
        jobs = [
            loop.run_in_executor(
                self._thread, _buffer, opened, self._take(opened), self.encoding, opened.version, opened.language
            )
            for opened in found
        ]
        return tuple(await asyncio.gather(*jobs))

    def lines(self, uri: str, numbers: Sequence[int], limit: int) -> Awaitable[list[str]]:
        """The first `limit` characters of each line (from 0), of the text as it is at the moment of the call, not of
        the await; none of a text that is not open.
        """
        loop = asyncio.get_running_loop()
        opened = self._open.get(key_of(uri))
        if opened is None:
            nothing: asyncio.Future[list[str]] = loop.create_future()
            nothing.set_result([])
            return nothing
        return loop.run_in_executor(
            self._thread, _lines, opened, self._take(opened), self.encoding, tuple(numbers), limit
        )

    def marked_lines(self, uri: str, marks: tuple[str, ...], most: int, limit: int) -> Awaitable[list[tuple[int, str]]]:
        """Number and first `limit` characters of each of the first `most` lines that hold one of the marks, which are
        always the same. Of the moment of the call, as for `lines`.
        """
        loop = asyncio.get_running_loop()
        opened = self._open.get(key_of(uri))
        if opened is None:
            nothing: asyncio.Future[list[tuple[int, str]]] = loop.create_future()
            nothing.set_result([])
            return nothing
        return loop.run_in_executor(
            self._thread, _marked_lines, opened, self._take(opened), self.encoding, marks, most, limit
        )

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _take(opened: OpenText) -> list[Change]:
        noted, opened.noted = opened.noted, []
        return noted


def key_of(uri: str) -> str:
    """The same for every spelling: clients differ in what they escape ("c%3A/…"), some from message to message."""
    return unquote(uri)


def _fold(opened: OpenText, changes: Sequence[Change], encoding: str) -> Rope:
    if changes:
        opened.marked = None
    for change in changes:
        if change.range is None or opened.rope is None:
            opened.rope = Rope(change.text, encoding)
        else:
            opened.rope.replace(*change.range, change.text)
    if opened.rope is None:
        opened.rope = Rope("", encoding)
    return opened.rope


def _buffer(opened: OpenText, changes: Sequence[Change], encoding: str, version: int, language: str) -> Buffer:
    from rlm_ls.context.scope import Buffer

    return Buffer(opened.uri, _fold(opened, changes, encoding).text(), version, language)


def _lines(opened: OpenText, changes: Sequence[Change], encoding: str, numbers: Sequence[int], limit: int) -> list[str]:
    rope = _fold(opened, changes, encoding)
    return [rope.line(number, limit) for number in numbers]


def _marked_lines(
    opened: OpenText, changes: Sequence[Change], encoding: str, marks: tuple[str, ...], most: int, limit: int
) -> list[tuple[int, str]]:
    rope = _fold(opened, changes, encoding)
    if opened.marked is None:
        opened.marked = [(number, rope.line(number, limit)) for number in rope.marked_lines(marks, most)]
    return opened.marked
