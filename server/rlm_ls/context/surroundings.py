"""What the user sees beside the text: the cursor's place, open documents, diagnostics. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "information", "hint"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A mark of another tool. Lines count from 0, as in LSP; `source` names the tool, `code` its rule."""

    uri: str
    line: int
    end_line: int
    severity: Severity
    message: str
    source: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines (from 0) of a document that were changed since it was opened. The newest edit comes first."""

    uri: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`cursor` is (uri, line, UTF-16 character), from 0. `open` lists URIs, the one in use first."""

    cursor: tuple[str, int, int] | None = None
    open: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    edits: tuple[Edit, ...] = ()


NO_SURROUNDINGS = Surroundings()
"""Nothing is known: a terminal, or a client that tells nothing."""
