"""The check of what `submit` was given: the answer's form, the caller's schema, every citation against the snapshot."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import validator_for
from pydantic_monty import MontyClassProxy

from rlm_ls.context.document import Part, Span
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import BadRequest, ProgramError, RlmError
from rlm_ls.executors.desk import Desk, Submission

MAX_CITATIONS = 100
MAX_QUOTE = 2_000
PLACE = re.compile(r"(?:(?P<path>.+?):)?(?P<first>\d+)(?:[-–](?P<last>\d+))?", re.DOTALL)
"""A place in words; without a path it is of the only document."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that may become the Answer, or the problems that go back to the model."""

    answer: str
    data: Any
    citations: tuple[Citation, ...]
    problems: tuple[str, ...]


async def check(submission: Submission, desk: Desk, schema: dict[str, Any] | None) -> Checked:
    """Raises nothing of the model's making: whatever is wrong is a problem in words."""
    problems: list[str] = []
    answer = _as_text(submission.answer)
    if not answer.strip():
        problems.append("the answer is empty.")
    data = _plain(submission.data)
    if schema is not None:
        problems += _schema_problems(data, schema)
    items = _listed(submission.cite)[:MAX_CITATIONS]
    checks = await asyncio.gather(*(cite(item, desk) for item in items), return_exceptions=True)
    citations = []
    for item, found in zip(items, checks, strict=True):
        if isinstance(found, RlmError):
            problems.append(f"citation {_short(item)}: {found}")
        elif isinstance(found, BaseException):
            raise found
        else:
            citations.append(found)
    return Checked(answer, data, tuple(dict.fromkeys(citations)), tuple(problems))


def check_schema(schema: dict[str, Any]) -> None:
    """Raises BadRequest if the caller's JSON schema is not one."""
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise BadRequest(f"The request's schema is not a valid JSON schema: {error.message}.") from None


async def cite(item: Any, desk: Desk) -> Citation:
    """The Citation of a Span, or of a place: "path:12", "path:12-14". Raises ProgramError if it fits nowhere."""
    span = await _span(item, desk)
    number = desk.document(span.doc)
    document = desk.doc(number)
    where = await desk.search.span_at(number, span.start, span.end)
    start, end = await desk.search.positions(number, [span.start, span.end])
    # A last line that is empty has no bytes of its own: the span ends where that line starts.
    if where.line != span.line or span.end_line not in (where.end_line, end[0] + 1):
        raise ProgramError(
            f"{span.doc} bytes {span.start}-{span.end} are lines {where.line}-{where.end_line}, "
            f"not {span.line}-{span.end_line}.",
            "Cite Spans as verbs return them.",
        )
    if not any(_inside(part, number, span) for part in desk.context.limit):
        raise ProgramError(f"{span.doc}:{span.line} lies outside the question's scope.")
    if document.notebook:
        start = end = (0, 0)  # the text is the cells' sources; the file's own lines are JSON
    quote = await desk.search.read(_bounded(span))
    desk.read.add(number)
    return Citation(
        uri=document.uri,
        path=document.path,
        line=span.line,
        end_line=span.end_line,
        start_byte=span.start,
        end_byte=span.end,
        start_utf16=start,
        end_utf16=end,
        quote=quote if len(quote) <= MAX_QUOTE else quote[:MAX_QUOTE] + "…",
        version=document.version,
        state="verified",
    )


async def _span(item: Any, desk: Desk) -> Span:
    if isinstance(item, (str, int)):
        place = PLACE.fullmatch(str(item).strip())
        if place is None:
            raise ProgramError("A citation is a Span or a place such as app.log:12.")
        number = desk.document(place["path"])
        last = int(place["last"] or place["first"])
        if last > desk.doc(number).lines:
            raise ProgramError(f"{desk.doc(number).path} has {desk.doc(number).lines:,} lines.")
        return await desk.search.line_span(number, int(place["first"]), last)
    found = desk.unwrap(item)
    if not isinstance(found, Span):
        raise ProgramError("A citation is a Span or a place such as app.log:12.")
    return found


def _listed(cite: Any) -> list[Any]:
    if cite is None:
        return []
    if isinstance(cite, (list, tuple)):
        if len(cite) in (2, 3) and isinstance(cite[0], str) and all(isinstance(n, int) for n in cite[1:]):
            return [f"{cite[0]}:{'-'.join(str(n) for n in cite[1:])}"]
        return [one for item in cite for one in (_listed(item) if isinstance(item, (list, tuple)) else [item])]
    return [cite]


def _inside(part: Part, number: int, span: Span) -> bool:
    """A cited line may stick out of a selection that starts or ends within it."""
    return part.doc == number and part.start < max(span.end, span.start + 1) and span.start < part.end


def _bounded(span: Span) -> Span:
    return Span(span.doc, span.start, min(span.end, span.start + 4 * MAX_QUOTE), span.line, span.end_line)


def _as_text(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    if isinstance(answer, bool) or answer is None:
        return str(answer) if answer is not None else ""
    if isinstance(answer, (int, float)):
        return str(answer)
    return f"```json\n{json.dumps(_plain(answer), ensure_ascii=False, indent=1)}\n```"


def _plain(value: Any) -> Any:
    """JSON data of what a script passed: tuples and sets become lists, Spans their place, anything else its text."""
    if isinstance(value, MontyClassProxy):
        fields = value.attributes
        return f"{fields['doc']}:{fields['line']}" if "doc" in fields and "line" in fields else _plain(dict(fields))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    return str(value)


def _schema_problems(data: Any, schema: dict[str, Any]) -> list[str]:
    errors = sorted(validator_for(schema)(schema).iter_errors(data), key=lambda error: list(map(str, error.path)))
    return [f"data{''.join(f'[{part!r}]' for part in error.path)}: {error.message}" for error in errors[:5]]


def _short(item: Any) -> str:
    text = item if isinstance(item, str) else str(_plain(item))
    return repr(text if len(text) <= 60 else text[:59] + "…")
