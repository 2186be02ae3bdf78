"""The Answer: what a run ends in. Field names are the wire's (camelCase through aliases)."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Status = Literal["answered", "partial", "cancelled", "failed"]
Route = Literal["direct", "rlm", "guided", "offline"]
CitationState = Literal["verified", "moved", "unmatched"]


class Wire(BaseModel):
    """Base of frozen data that is sent to clients or enters the trace: field names are snake_case here and camelCase
    there."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")

    def wire(self) -> dict[str, Any]:
        """The JSON object that is sent: camelCase keys, plain values."""
        return self.model_dump(mode="json", by_alias=True)


class Citation(Wire):
    """A place in a Document with its text. Lines count from 1; bytes are the snapshot's.

    `quote` is the cited text (at most 2,000 characters, then `…`); `state` is what the check against the snapshot said.
    """

    uri: str
    path: str
    line: int
    end_line: int
    start_byte: int
    end_byte: int
    start_utf16: tuple[int, int]
    """LSP position (line, character) from 0, in UTF-16 code units; `lsp` converts to the negotiated encoding."""
    end_utf16: tuple[int, int]
    quote: str
    place: str = ""
    """What a reader of the original calls the place ("page 12", "sheet Sales, row 7"), where that is not its line."""
    version: int | None = None
    state: CitationState = "verified"
    inside: bool = False
    """The text is inside the file (compressed, an archive's member, a notebook), which has other lines in an editor."""
    charted: bool = False
    """Only a point of a chart leads there: it is in no list of citations."""

    @property
    def label(self) -> str:
        if self.place:
            return f"{self.path}, {self.place}"
        return f"{self.path}:{self.line}" + (f"-{self.end_line}" if self.end_line > self.line else "")

    @property
    def fragment(self) -> str:
        """What follows the `#` in an address of the place: its line; or by RFC 8118 the page of a PDF, and the line of
        its text, which viewers pass over."""
        page = re.match(r"page (\d+)", self.place)
        return f"page={page[1]}&line={self.line}" if page else f"L{self.line}"


class ChartRow(Wire):
    """A point of a chart: what `columns` name. `cited` is its line, as an index into the answer's citations."""

    cells: tuple[str | int | float | None, ...]
    cited: int | None = None


class Chart(Wire):
    """A picture of numbers, as data. `bars` and `lines`: a label, then a number or several, the points of `lines` in
    the order of time; `heat`: row, column and number; `histogram`: from, to (of the last bin itself in it), how many;
    `table`: anything. `note` says what is not in it.
    """

    kind: Literal["bars", "lines", "histogram", "heat", "table"]
    title: str
    columns: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    note: str = ""


class SkippedDocument(Wire):
    uri: str
    reason: str


class UpTo(Wire):
    """How far a text was looked at that may go on: its last line (from 1), and the byte where it ended.

    By `mark`, a digest of what stood there, it is known again; it ends with `+` where that line was complete.
    """

    uri: str
    path: str
    line: int
    byte: int
    mark: str


class Coverage(Wire):
    """Which documents were in scope, searched by verbs, and read (their text handed to a program or a model).

    `characters_read` counts what models were shown: the first message's excerpts and every observation. `up_to` says of
    files that were searched in their place, a few of them, where they ended. `cluster`: whose machines searched too.
    """

    documents: int = 0
    searched: int = 0
    read: int = 0
    characters_read: int = 0
    skipped: tuple[SkippedDocument, ...] = ()
    up_to: tuple[UpTo, ...] = ()
    cluster: str = ""


class RunUsage(Wire):
    """What a run and all its children took. `usd` is None where a price was not known; `estimated_tokens` of the prompt
    and completion tokens were reported by nobody.

    `model_calls` were made to a model, of which `sub_calls` by verbs; `cached_calls` were answered without one.
    """

    turns: int = 0
    model_calls: int = 0
    sub_calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated_tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0


class Answer(Wire):
    run_id: str
    status: Status
    reason: str
    route: Route
    answer: str
    data: Any = None
    citations: tuple[Citation, ...] = ()
    charts: tuple[Chart, ...] = ()
    coverage: Coverage = Coverage()
    usage: RunUsage = RunUsage()
    trace_uri: str = ""
    model: str = ""
    model_kind: Literal["live", "recorded", "offline", "agent"] = "live"
    warnings: tuple[str, ...] = ()
