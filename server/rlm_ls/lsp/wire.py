"""Parameters of the custom methods: camelCase on the wire, unknown fields ignored, wrong ones explained.

Results are plain JSON objects (see wire_answers.py): the engine's own wire form.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override
from pygls.exceptions import JsonRpcInvalidParams

T = TypeVar("T")

ASK = "rlm/ask"
ESTIMATE = "rlm/estimate"
RESUME = "rlm/resume"
STOP = "rlm/stop"
RUNS = "rlm/runs"
DELETE_RUNS = "rlm/deleteRuns"
TRACE = "rlm/trace"
DOCTOR = "rlm/doctor"
MODELS = "rlm/models"
DATA = "rlm/data"
CHARTS = "rlm/charts"
CITATIONS = "rlm/citations"
EXCERPT = "rlm/excerpt"
EVENT = "rlm/event"
SAMPLE = "rlm/sample"
SAMPLE_TEXT = "rlm/sampleText"


QUESTIONS = {
    "Summarize": "Summarize this text: what it is, its parts, and the few things a reader should know.",
    "Errors": "Which errors, warnings or failures does it report? Group them, with counts and the first of each.",
    "Outline": "Outline this text: its sections or phases in order, each with where it starts and one line on it.",
}
"""By their titles: for clients in which the user cannot type one, and offered by others beside what is typed."""


# Nobody compares or prints most of these: without `eq` and `repr` a class is made in less than half the time, at start.


@attrs.frozen
class Position:
    line: int
    character: int


@attrs.frozen
class Range:
    start: Position
    end: Position


@attrs.frozen
class TextDocument:
    uri: str


@attrs.frozen(eq=False, repr=False)
class ScopeParams:
    """`textDocument` for document and selection, `range` for selection; globs, relative to the folders, for the others.

    `uris` names files one by one (kind "files"); `leaveOut` are lines of a document that do not count.
    """

    kind: Literal["document", "selection", "files", "workspace"]
    text_document: TextDocument | None = None
    range: Range | None = None
    include: list[str] | None = None
    exclude: list[str] | None = None
    uris: list[str] | None = None
    leave_out: list[int] | None = None


@attrs.frozen(eq=False, repr=False)
class BudgetParams:
    turns: int | None = None
    seconds: float | None = None
    usd: float | None = None
    tokens: int | None = None
    sub_calls: int | None = None
    depth: int | None = None


@attrs.frozen
class Cursor:
    uri: str
    position: Position


@attrs.frozen(eq=False, repr=False)
class DiagnosticParams:
    """LSP's Diagnostic, as far as it is looked at. `severity` is 1 (error) to 4 (hint)."""

    range: Range
    message: str
    severity: int | None = None
    source: str | None = None
    code: int | str | None = None


@attrs.frozen(eq=False, repr=False)
class DocumentDiagnostics:
    uri: str
    diagnostics: list[DiagnosticParams]


@attrs.frozen(eq=False, repr=False)
class EditorParams:
    """What the user sees beside the text. A field that is given replaces what the server has noted itself."""

    cursor: Cursor | None = None
    open_files: list[str] | None = None
    diagnostics: list[DocumentDiagnostics] | None = None


@attrs.frozen(eq=False, repr=False)
class AskParams:
    """`show` opens the answer in the editor when the run has ended (commands of clients without a plugin). `again`: a
    run whose question and scope are asked once more, in place of these."""

    question: str
    scope: ScopeParams
    model: str | None = None
    levels: list[str] | None = None
    budget: BudgetParams | None = None
    schema: dict[str, Any] | None = None
    follow_up: str | None = None
    work_done_token: int | str | None = None
    partial_result_token: int | str | None = None
    show: bool | None = None
    editor: EditorParams | None = None
    coordinator: bool | None = None
    again: str | None = None


@attrs.frozen(eq=False, repr=False)
class RunParams:
    run_id: str


@attrs.frozen(eq=False, repr=False)
class TraceParams:
    """`format` "html": one self-contained page in place of the events."""

    run_id: str
    format: Literal["events", "html"] | None = None


@attrs.frozen(eq=False, repr=False)
class ResumeParams:
    """`budget`: limits that are to differ from those the run began with; `model`: another than was asked then."""

    run_id: str
    model: str | None = None
    budget: BudgetParams | None = None
    work_done_token: int | str | None = None
    partial_result_token: int | str | None = None
    show: bool | None = None


@attrs.frozen(eq=False, repr=False)
class ExcerptParams:
    """An excerpt by its address, or lines (from 1) of a text; `search`: the next line below that holds these words."""

    uri: str | None = None
    text_document: TextDocument | None = None
    line: int | None = None
    end_line: int | None = None
    search: str | None = None


@attrs.frozen(eq=False, repr=False)
class DataParams:
    run_id: str
    format: Literal["csv", "json", "markdown"] = "csv"


@attrs.frozen(eq=False, repr=False)
class ChartsParams:
    run_id: str


@attrs.frozen(eq=False, repr=False)
class RunsParams:
    """`search`: words that question or answer hold."""

    limit: int = attrs.field(default=50, validator=[attrs.validators.ge(1), attrs.validators.le(1000)])
    search: str | None = None


@attrs.frozen(eq=False, repr=False)
class DeleteRunsParams:
    """One of the three."""

    run_ids: list[str] | None = None
    older_than_days: float | None = None
    all: bool | None = None


@attrs.frozen
class SampleText:
    """A piece of what the editor's model says to the `rlm/sample` with this token."""

    token: str
    text: str


@attrs.frozen(eq=False, repr=False)
class NoParams:
    pass


REQUESTS: dict[str, type] = {
    ASK: AskParams,
    RESUME: ResumeParams,
    ESTIMATE: AskParams,
    STOP: RunParams,
    RUNS: RunsParams,
    DELETE_RUNS: DeleteRunsParams,
    TRACE: TraceParams,
    CITATIONS: RunParams,
    EXCERPT: ExcerptParams,
    DOCTOR: NoParams,
    MODELS: NoParams,
    DATA: DataParams,
    CHARTS: ChartsParams,
}

NOTIFICATIONS: dict[str, type] = {SAMPLE_TEXT: SampleText}


def structure(method: str, value: object, kind: type[T]) -> T:
    """`value` as a `kind`. Raises JsonRpcInvalidParams with one sentence that names the wrong field."""
    try:
        return _converter().structure({} if value is None else value, kind)
    except Exception as error:  # cattrs wraps whatever a hook raises
        reasons = cattrs.transform_error(error, path="params", format_exception=_reason)
        reason, _, place = reasons[0].partition(" @ ")
        raise JsonRpcInvalidParams(f"{method}: {place}: {reason}.") from error


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    # cattrs would turn null into "None" and 5 into "5".
    for kind, name, accepted in (
        (str, "a string", (str,)),
        (int, "an integer", (int,)),
        (float, "a number", (int, float)),
        (bool, "true or false", (bool,)),
    ):
        converter.register_structure_hook(kind, _strict(kind, name, accepted))
    converter.register_structure_hook(int | str | None, _token)
    converter.register_structure_hook_func(lambda kind: kind == dict[str, Any], _object)
    converter.register_structure_hook_func(lambda kind: kind == list[str], _strings)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _fields(kind, converter))
    return converter


def _fields(kind: type, converter: cattrs.Converter) -> Any:
    renames = {field.name: override(rename=camel(field.name)) for field in attrs.fields(kind)}
    structure_fields: Any = make_dict_structure_fn(kind, converter, **renames)  # type: ignore[arg-type]

    def structure_object(value: Any, to: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError("an object is expected")
        return structure_fields(value, to)

    return structure_object


def _strict(kind: type, name: str, accepted: tuple[type, ...]) -> Any:
    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"{name} is expected")
        return kind(value)

    return hook


def _token(value: Any, _: Any) -> int | str | None:
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        raise TypeError("a string or an integer is expected")
    return value


def _object(value: Any, _: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("an object is expected")
    return value


def _strings(value: Any, _: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("a list of strings is expected")
    return value


def _reason(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return "this field is missing"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind)) + " is expected"
    if isinstance(error, TypeError | ValueError) and error.args:
        return str(error.args[0])
    return str(error)


def as_object(value: object) -> dict[str, Any]:
    """The JSON object that `value` is, else an empty one."""
    return value if isinstance(value, dict) else {}
