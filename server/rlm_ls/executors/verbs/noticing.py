"""Verbs about what the asker's editor shows beside the text."""

from __future__ import annotations

from typing import Any, Literal

from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.verbs.registry import verb

DiagnosticRow = tuple[str, int, int, str, str, str, str]


@verb(returns="list[Diagnostic]", shape="diagnostics")
async def diagnostics(
    host: VerbHost, doc: Any = None, severity: Literal["error", "warning", "information", "hint"] | None = None
) -> list[DiagnosticRow]:
    """list of .doc .line .end_line .severity .message .source .code: what other tools mark in the editor"""
    wanted = None if doc is None else host.document(doc)
    rows: list[DiagnosticRow] = []
    for mark in host.surroundings.diagnostics:
        number = host.context.number(mark.uri)
        if number is None or wanted not in (None, number) or severity not in (None, mark.severity):
            continue
        path = host.doc(number).path
        rows.append((path, mark.line + 1, mark.end_line + 1, mark.severity, mark.message, mark.source, mark.code))
    return rows


@verb(returns="dict")
async def editor(host: VerbHost) -> dict[str, Any]:
    """dict of cursor ("path:line" or None), open (paths) and edits (["path:first-last"], newest first)"""
    here = host.surroundings
    cursor = here.cursor and _place(host, here.cursor[0], here.cursor[1], here.cursor[1])
    edits = [_place(host, edit.uri, edit.line, edit.end_line) for edit in here.edits]
    numbers = [host.context.number(uri) for uri in here.open]
    return {
        "cursor": cursor or None,
        "open": [host.doc(number).path for number in numbers if number is not None],
        "edits": [edit for edit in edits if edit],
    }


def _place(host: VerbHost, uri: str, line: int, end_line: int) -> str:
    number = host.context.number(uri)
    if number is None:
        return ""
    return f"{host.doc(number).path}:{line + 1}" + (f"-{end_line + 1}" if end_line > line else "")
