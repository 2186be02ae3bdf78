"""What the tools are given, and their typed replies. Field names are snake_case, as the output schemas say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import mcp_types as types
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from rlm_ls.engine.answer import Answer, Chart, Citation

MOST_LINKS = 20
State = Literal["verified", "moved", "unmatched"]


@dataclass(frozen=True, slots=True)
class Given:
    """What a tool is asked for. `limits`: of the budget, by name; None is the settings'."""

    question: str
    paths: Sequence[str]
    text: str | None
    model: str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    follow_up: str | None = None


class Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Cited(Result):
    """A place in a document with the text that stands there. Lines count from 1."""

    uri: str
    path: str = ""
    line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    quote: str
    state: State = "verified"


class Charted(Result):
    """Numbers that are shown as a picture elsewhere. `cited` is the row's line, an index into the citations."""

    kind: Literal["bars", "lines", "histogram", "heat", "table"]
    title: str
    columns: list[str]
    rows: list[list[str | int | float | None]]
    cited: list[int | None]
    note: str = ""


class Answered(Result):
    """An answer. Every citation was looked up in the text; `status` other than `answered` means: not finished."""

    run_id: str
    status: Literal["answered", "partial", "cancelled", "failed"]
    reason: str
    answer: str
    data: Any = None
    citations: list[Cited]
    charts: list[Charted] = Field(default_factory=list)
    documents: int
    searched: int
    not_read: list[str] = Field(default_factory=list, description="Documents that could not be read, and why")
    model: str
    turns: int
    tokens: int
    usd: float | None = Field(description="None where a price is not known")
    warnings: list[str]


class Opened(Result):
    """A session over texts, ready for scripts. `instructions` say which verbs a script can call."""

    session: str
    instructions: str
    card: str = Field(description="The texts: names, sizes, a few lines")


class Ran(Result):
    """What a script printed. `answer` is there once one submitted an answer whose citations hold: the session ended."""

    session: str
    output: str
    answer: Answered | None = None


class Checked(Result):
    """Whether citations, or a whole earlier answer, hold for the text as it is now."""

    verdict: Literal["still true", "changed", "cannot tell"]
    changes: list[str]
    unknown: list[str] = Field(default_factory=list)
    citations: list[Cited] = Field(default_factory=list)


def cited(citation: Citation) -> Cited:
    return Cited(
        uri=citation.uri,
        path=citation.path,
        line=citation.line,
        end_line=citation.end_line,
        quote=citation.quote,
        state=citation.state,
    )


def _charted(chart: Chart) -> Charted:
    return Charted(
        kind=chart.kind,
        title=chart.title,
        columns=list(chart.columns),
        rows=[list(row.cells) for row in chart.rows],
        cited=[row.cited for row in chart.rows],
        note=chart.note,
    )


def answered(answer: Answer) -> Answered:
    usage, coverage = answer.usage, answer.coverage
    return Answered(
        run_id=answer.run_id,
        status=answer.status,
        reason=answer.reason,
        answer=answer.answer,
        data=answer.data,
        citations=[cited(one) for one in answer.citations],
        charts=[_charted(one) for one in answer.charts],
        documents=coverage.documents,
        searched=coverage.searched,
        not_read=[f"{one.uri}: {one.reason}" for one in coverage.skipped[:100]],
        model=answer.model,
        turns=usage.turns,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        usd=usage.usd,
        warnings=list(answer.warnings),
    )


def shown(result: Result, text: str, answer: Answer | None = None) -> types.CallToolResult:
    """The result as clients take it: the text for the agent to read, links to what is cited, the typed data."""
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    content.extend(
        types.ResourceLink(
            type="resource_link", name=one.label, uri=one.uri, description=" ".join(one.quote.split())[:200]
        )
        for one in (answer.citations[:MOST_LINKS] if answer else ())
    )
    return types.CallToolResult(content=content, structured_content=result.model_dump(mode="json"))
