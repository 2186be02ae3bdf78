"""Which lines were changed last. A part of what a question may be about: "why does it fail since my last change?"."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from rlm_ls.lsp.workspace.buffers import key_of

MOST = 20


@dataclass(slots=True)
class EditedLines:
    """Lines `first` to `last` (from 0) of a text, as they are numbered now."""

    uri: str
    key: str
    first: int
    last: int


class RecentEdits:
    """The last edits of all open texts, newest first; neighbouring ones are one. A change costs at most MOST steps."""

    def __init__(self) -> None:
        self._edits: list[EditedLines] = []

    def newest_first(self) -> list[EditedLines]:
        return list(self._edits)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        for event in params.content_changes:
            if isinstance(event, types.TextDocumentContentChangePartial):
                self._take(uri, event.range, _line_ends(event.text))
            else:
                # All of the text is new, so that no line of it is worth a mention.
                self.closed(uri)

    def closed(self, uri: str) -> None:
        """`textDocument/didClose`, and `didOpen`: the numbers of another text mean nothing."""
        key = key_of(uri)
        self._edits = [edit for edit in self._edits if edit.key != key]

    def _take(self, uri: str, place: types.Range, added: int) -> None:
        start, end = sorted((place.start.line, place.end.line))
        shift = start + added - end
        new = EditedLines(uri, key_of(uri), start, start + added)
        others = []
        for edit in self._edits:
            if edit.key != new.key or edit.last < start - 1:
                others.append(edit)
            elif edit.first > end + 1:
                edit.first += shift
                edit.last += shift
                others.append(edit)
            else:
                new.first = min(new.first, edit.first)
                new.last = max(new.last, edit.last + shift if edit.last > end else start + added)
        self._edits = [new, *others][:MOST]


def _line_ends(text: str) -> int:
    ends = text.count("\n")
    if "\r" in text:
        ends += text.count("\r") - text.count("\r\n")
    return ends
