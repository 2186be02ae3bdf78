"""What the user sees beside the text: as the client sends it with a question, else as the server has noted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlm_ls.lsp.wire import EditorParams, Position
from rlm_ls.lsp.workspace.positions import Utf16Positions

if TYPE_CHECKING:
    from rlm_ls.context.surroundings import Diagnostic, Severity, Surroundings
    from rlm_ls.lsp.services import Services

MOST_OPEN = 100
MOST_DIAGNOSTICS = 200
LONGEST_MESSAGE = 1000
"""Characters of a diagnostic's message."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information", "hint")


class CapturedSurroundings:
    """The surroundings of the moment in which this is made."""

    def __init__(self, services: Services, params: EditorParams | None) -> None:
        from rlm_ls.context.surroundings import Edit  # with the first question: nobody waits for it before

        given = params or EditorParams()
        opened = given.open_files
        if opened is None:
            # Our own answers and traces are no files of the user's.
            opened = [uri for uri in services.buffers.uris() if not uri.startswith("rlm:")]
        self._open = tuple(dict.fromkeys(opened))[:MOST_OPEN]
        self._diagnostics = _diagnostics(services, given)
        self._edits = tuple(Edit(edit.uri, edit.first, edit.last) for edit in services.edits.newest_first())
        self._uri = "" if given.cursor is None else given.cursor.uri
        places = [] if given.cursor is None else [_from_0(given.cursor.position)]
        self._cursor = Utf16Positions(services.buffers, self._uri, places) if places else None

    async def surroundings(self) -> Surroundings:
        from rlm_ls.context.surroundings import Surroundings

        cursor = None
        if self._cursor is not None:
            (position,) = await self._cursor.positions()
            cursor = (self._uri, position.line, position.character)
        return Surroundings(cursor, self._open, self._diagnostics, self._edits)


def _from_0(position: Position) -> Position:
    return Position(max(0, position.line), max(0, position.character))


def _diagnostics(services: Services, given: EditorParams) -> tuple[Diagnostic, ...]:
    """The worst first, and of the same severity in the client's order."""
    marks: list[tuple[str, Any]]
    if given.diagnostics is None:
        marks = list(services.diagnostics.all())
    else:
        marks = [(document.uri, document.diagnostics) for document in given.diagnostics]
    found = [_diagnostic(uri, mark) for uri, of_document in marks for mark in of_document]
    return tuple(sorted(found, key=lambda mark: SEVERITIES.index(mark.severity))[:MOST_DIAGNOSTICS])


def _diagnostic(uri: str, mark: Any) -> Diagnostic:
    """Of LSP's Diagnostic, or of what a question brought along: the same names."""
    from rlm_ls.context.surroundings import Diagnostic

    return Diagnostic(
        uri=uri,
        line=mark.range.start.line,
        end_line=mark.range.end.line,
        severity=severity(mark.severity),
        message=str(mark.message)[:LONGEST_MESSAGE],
        source=mark.source or "",
        code="" if mark.code is None else str(mark.code),
    )


def severity(number: int | None) -> Severity:
    """LSP leaves a missing one to the client; most show it as an error."""
    return SEVERITIES[int(number) - 1] if number is not None and 1 <= int(number) <= 4 else "error"
