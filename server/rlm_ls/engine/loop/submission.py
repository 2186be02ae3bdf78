"""The check of what `submit` was given: the answer's form, the caller's schema, every citation against the snapshot."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from rlm_ls.context.document import Part, Span
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import ProgramError, RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.checking.plain import DATA, Bounds, plain, well_formed
from rlm_ls.executors.scripts.host import Submission, VerbHost

log = logging.getLogger(__name__)

MAX_ANSWER = 200_000
"""Characters: some fifty pages."""
ANSWER = Bounds(values=5_000, characters=MAX_ANSWER, depth=64)
"""Of an answer that is no text."""
NAMED = Bounds(values=50, characters=200, depth=4)
"""Of what a problem calls by its name."""
PLACE_LENGTH = 4_200
"""Characters of a place in words: the longest path, and numbers."""
MAX_CITATIONS = 100
NESTED = 2
"""Levels of lists within the list of citations."""
MAX_QUOTE = 2_000
PLACE = re.compile(r"(?:(?P<path>.+):)?(?P<first>\d{1,12})(?:[-–](?P<last>\d{1,12}))?", re.DOTALL)
"""A place in words; without a path it is of the only document."""


@dataclass(frozen=True, slots=True)
class CheckedSubmission:
    """A submission that may become the Answer, or the problems that go back to the model."""

    answer: str
    data: Any
    citations: tuple[Citation, ...]
    problems: tuple[str, ...]


async def check(
    submission: Submission, host: VerbHost, schema: dict[str, Any] | None, checker: Checker
) -> CheckedSubmission:
    """Check a submission. Whatever is wrong with it is a problem in words; nothing that a model wrote makes this
    raise."""
    problems: list[str] = []
    answer, data = "", None
    try:
        answer = _as_text(submission.answer)
        if not answer.strip():
            problems.append("the answer is empty.")
    except ProgramError as error:
        problems.append(str(error))
    try:
        data = plain(submission.data, DATA, "data")
        if schema is not None:
            problems += await checker.data_problems(data, schema)
    except ProgramError as error:
        problems.append(str(error))
    items = _listed(submission.cite)
    checks = await asyncio.gather(*(_cited(item, host) for item in items))
    citations = [found for found in checks if isinstance(found, Citation)]
    problems += [found for found in checks if isinstance(found, str)]
    return CheckedSubmission(answer, data, tuple(dict.fromkeys(citations)), tuple(problems))


async def _cited(item: Any, host: VerbHost) -> Citation | str:
    """The Citation, or what is wrong with it in words."""
    try:
        return await cite(item, host)
    except RlmError as error:
        if error.ends_run:
            raise
        return f"citation {_short(item)}: {error}"
    except Exception as error:  # a script may hand over anything, and a run is paid for
        log.warning("a citation could not be checked: %s", type(error).__name__)
        return f"citation {_short(item)}: this is no Span of a verb and no place such as app.log:12."


async def cite(item: Any, host: VerbHost) -> Citation:
    """The Citation of a Span, or of a place: "path:12", "path:12-14". Raises ProgramError if it fits nowhere."""
    span = await _span(item, host)
    number = host.document(span.doc)
    document = host.doc(number)
    where = await host.search.span_at(number, span.start, span.end)
    start, end = await host.search.positions(number, [span.start, span.end])
    # A last line that is empty has no bytes of its own: the span ends where that line starts.
    if where.line != span.line or span.end_line not in (where.end_line, end[0] + 1):
        raise ProgramError(
            f"{span.doc} bytes {span.start}-{span.end} are lines {where.line}-{where.end_line}, "
            f"not {span.line}-{span.end_line}.",
            "Cite Spans as verbs return them.",
        )
    if not any(_inside(part, number, span) for part in host.context.limit):
        raise ProgramError(f"{span.doc}:{span.line} lies outside the question's scope.")
    if document.inside:
        start = end = (0, 0)  # an editor that opens the file shows other lines than the text's
    elif document.drawn:
        start, end = (span.line - 1, 0), (span.end_line, 0)  # the line is the file's, and its columns are not
    quote = await host.search.read(_bounded(span))
    host.read.add(number)
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
        place=document.place(span.line, span.end_line),
        inside=document.inside,
        version=document.version,
        state="verified",
    )


async def _span(item: Any, host: VerbHost) -> Span:
    if isinstance(item, (str, int)):
        place = PLACE.fullmatch(_place(item))
        if place is None:
            raise ProgramError("A citation is a Span or a place such as app.log:12.")
        number = host.document(place["path"])
        last = int(place["last"] or place["first"])
        if last > host.doc(number).lines:
            raise ProgramError(f"{host.doc(number).path} has {host.doc(number).lines:,} lines.")
        return await host.search.line_span(number, int(place["first"]), last)
    found = None if isinstance(item, (list, tuple)) else host.unwrap(item)
    if not isinstance(found, Span):
        raise ProgramError("A citation is a Span or a place such as app.log:12.")
    return found


def _place(item: str | int) -> str:
    if isinstance(item, int):
        return str(item) if _is_line(item) else ""
    return item.strip() if len(item) <= PLACE_LENGTH else ""


def _listed(cite: Any, depth: int = 0) -> list[Any]:
    """The citations of what was passed: one, a list, or lists in a list; at most MAX_CITATIONS."""
    if cite is None and not depth:
        return []
    if not isinstance(cite, (list, tuple)) or depth > NESTED:
        return [cite]
    if len(cite) in (2, 3) and isinstance(cite[0], str) and all(_is_line(n) for n in cite[1:]):
        return [f"{cite[0][:PLACE_LENGTH]}:{'-'.join(str(n) for n in cite[1:])}"]
    items: list[Any] = []
    for item in cite[:MAX_CITATIONS]:
        items += _listed(item, depth + 1)
        if len(items) >= MAX_CITATIONS:
            break
    return items[:MAX_CITATIONS]


def _is_line(number: Any) -> bool:
    return isinstance(number, int) and number.bit_length() < 64


def _inside(part: Part, number: int, span: Span) -> bool:
    """Whether a cited span lies within a part. Its first and last line may begin before a selection or end after it."""
    return part.doc == number and part.start < max(span.end, span.start + 1) and span.start < part.end


def _bounded(span: Span) -> Span:
    """As much of it as a quote may hold, and one character more: by that it is known to be cut."""
    return Span(span.doc, span.start, min(span.end, span.start + 4 * (MAX_QUOTE + 1)), span.line, span.end_line)


def _as_text(answer: Any) -> str:
    if isinstance(answer, str):
        if len(answer) > MAX_ANSWER:
            raise ProgramError(
                f"the answer has {len(answer):,} characters; {MAX_ANSWER:,} are allowed.", "Say it in short."
            )
        return well_formed(answer)
    if answer is None:
        return ""
    value = plain(answer, ANSWER, "the answer")
    if isinstance(value, (str, int, float)):
        return str(value)
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=1)}\n```"


def _short(item: Any) -> str:
    try:
        text = item[:61] if isinstance(item, str) else str(plain(item, NAMED, "it"))
    except ProgramError:
        text = type(item).__name__
    return repr(text if len(text) <= 60 else text[:59] + "…")
