"""Positions of the client, in the negotiated encoding, as the engine has them: in UTF-16 code units."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from itertools import islice

from pygls.uris import to_fs_path

from rlm_ls.lsp.wire import Position
from rlm_ls.lsp.workspace.buffers import Buffers
from rlm_ls.lsp.workspace.rope import characters, units


class Utf16Positions:
    """Converts positions, by the open text as it is when this is made (not when it is awaited); else by the file on
    disk."""

    def __init__(self, buffers: Buffers, uri: str, positions: Sequence[Position]) -> None:
        self._given = list(positions)
        self._encoding = buffers.encoding
        self._lines = None if self._encoding == "utf-16" else _lines(buffers, uri, positions)

    async def positions(self) -> list[Position]:
        if self._lines is None:
            return self._given
        lines = await self._lines
        return [_to_utf16(place, line, self._encoding) for place, line in zip(self._given, lines, strict=True)]


def _to_utf16(position: Position, line: str, encoding: str) -> Position:
    head = line[: characters(line, position.character, encoding)]
    return Position(position.line, units(head, "utf-16"))


def _lines(buffers: Buffers, uri: str, positions: Sequence[Position]) -> Awaitable[list[str]]:
    """The starts of the positions' lines; empty where there is no such line."""
    numbers = [place.line for place in positions]
    limit = max(0, *(place.character for place in positions))
    if uri in buffers:
        return buffers.lines(uri, numbers, limit)
    return asyncio.get_running_loop().run_in_executor(None, _lines_on_disk, to_fs_path(uri) or "", numbers, limit)


def _lines_on_disk(path: str, numbers: Sequence[int], limit: int) -> list[str]:
    found = dict.fromkeys(numbers, "")
    try:
        # Universal newlines are LSP's line ends: \n, \r\n and \r.
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            for number, line in enumerate(islice(file, max(numbers) + 1)):
                if number in found:
                    found[number] = line.rstrip("\n")[:limit]
    except OSError:
        pass  # the engine says what is wrong with the file
    return [found[number] for number in numbers]
