"""Diagnostics of other tools, as far as the client sends them: in the contexts of its code action requests."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from rlm_ls.lsp.workspace.buffers import Buffers, key_of

MOST = 200
"""Diagnostics kept of one text."""


class KnownDiagnostics:
    """The diagnostics of each open text, until it is changed or closed: after that they may no longer hold."""

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._marks: dict[str, tuple[str, list[types.Diagnostic]]] = {}

    def seen(self, uri: str, place: types.Range, diagnostics: Sequence[types.Diagnostic]) -> None:
        """All that the client has in this range: others kept there are gone."""
        if uri not in self._buffers:
            return
        diagnostics = diagnostics[:MOST]
        _, kept = self._marks.get(key_of(uri), (uri, []))
        elsewhere = [mark for mark in kept if not _touch(mark.range, place) and mark not in diagnostics]
        if marks := [*diagnostics, *elsewhere][:MOST]:
            self._marks[key_of(uri)] = (uri, marks)
        else:
            self.forget(uri)

    def forget(self, uri: str) -> None:
        self._marks.pop(key_of(uri), None)

    def all(self) -> list[tuple[str, list[types.Diagnostic]]]:
        """URIs and what is marked there."""
        return list(self._marks.values())


def _touch(one: types.Range, other: types.Range) -> bool:
    return _place(one.start) <= _place(other.end) and _place(other.start) <= _place(one.end)


def _place(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
