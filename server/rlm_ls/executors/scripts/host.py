"""The host's side of a run's scripts: what verbs see of the run, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol, TypeVar

from pydantic_core import from_json

from rlm_ls.context.columns.numbers import Numbers
from rlm_ls.context.document import Document, Hit, Part, Selection, Span
from rlm_ls.context.search.region import is_glob, resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.surroundings import NO_SURROUNDINGS, Surroundings
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.crossing import Given
from rlm_ls.executors.scripts.drawn import DrawnChart
from rlm_ls.executors.submodels.calls import SubModelCalls

FEW = 1000
"""Parts or documents that are gone through on the event loop; more are in a thread."""

MOST_NOTES = 30
LONGEST_NOTE = 500

MOST_FILTERS = 20
LONGEST_PATTERN = 20_000

Taken = TypeVar("Taken")

SpanRow = tuple[str, int, int, int, int, str | None, int, int, tuple[str | None, ...], str | None, str, int]
"""A Span as it crosses into the sandbox: the fields of the prelude's class, in order."""

EmitEvent = Callable[[str, Mapping[str, Any]], None]


def _no_events(kind: str, fields: Mapping[str, Any]) -> None:
    """For a VerbHost whose run writes no trace."""


def parts_text(selection: Selection) -> str:
    """A Selection's parts as a script keeps them, unread: for each run of parts with the same filters those, and the
    document, start and end of each part, one after the other."""
    groups = [
        [filters, [number for part in parts for number in (part.doc, part.start, part.end)]]
        for filters, parts in groupby(selection, key=lambda part: part.filters)
    ]
    return json.dumps(groups, ensure_ascii=False)


class CompiledPrograms(Protocol):
    """A run's compiled programs, for whoever defines or calls one: see executors/compiled/programs.py."""

    @property
    def known(self) -> Mapping[str, Any]:
        """Those that are defined, by name."""
        ...

    def __contains__(self, name: str) -> bool: ...

    async def define(self, host: VerbHost, name: str, language: str, source: str, *, native: bool = False) -> str:
        """Compile a program; what to tell the model. Raises CompileFailed, ProgramError, LevelUnavailable."""
        ...

    async def map_reduce(self, host: VerbHost, name: str, within: Any, combine: str) -> Any: ...

    async def call(self, host: VerbHost, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str: ...

    def handle(self, name: str) -> Callable[..., None]:
        """A program as a script sees it: a function of its name."""
        ...

    def free_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Submission:
    """What `submit` was given, checked by the engine once the script has ended."""

    answer: Any
    cite: Any
    data: Any


@dataclass(slots=True)
class VerbHost:
    """One run's verbs work at one VerbHost. `remaining` tells what is left of the Budget, as `budget()` shows it.

    `sub_models` is None where level llm is off or no model answers, `programs` where level wasm is; `allowed` are the
    only verbs there are, None: all. `emit` makes an event of the run's: its type and its fields.
    """

    context: Context
    search: Search
    remaining: Callable[[], Mapping[str, Any]]
    surroundings: Surroundings = NO_SURROUNDINGS
    sub_models: SubModelCalls | None = None
    allowed: frozenset[str] | None = None
    programs: CompiledPrograms | None = None
    emit: EmitEvent = _no_events
    submission: Submission | None = None
    charts: dict[str, DrawnChart] = field(default_factory=dict)
    """What goes with the answer, by title."""
    notes: list[str] = field(default_factory=list)
    searched: Numbers = field(default_factory=Numbers)
    read: set[int] = field(default_factory=set)
    unseen: str = ""
    """Of what was printed, the part that no observation had room for, which more() gives page by page."""
    page: int = 8_000
    """Characters of a page."""
    paged: bool = False
    """Whether more() was called since the last observation."""

    def note(self, text: str) -> None:
        """Tell the model something beside the result ("50 of 1,234 shown"). Repeats are said once a script."""
        text = text if len(text) <= LONGEST_NOTE else f"{text[:LONGEST_NOTE]}…"
        if text and len(self.notes) < MOST_NOTES and text not in self.notes:
            self.notes.append(text)

    async def select(self, within: Any) -> Selection:
        """The Selection for a verb's `within` argument, within the question's own scope. Its documents count as
        searched."""
        selection, docs = await self._gently(self._selected, within)
        self.searched.update(docs)
        return selection

    async def resolved(self, within: Any) -> Selection:
        """As `select`, but the documents do not count as searched."""
        selection, _ = await self._gently(self._selected, within)
        return selection

    def _selected(self, within: Any) -> tuple[Selection, Iterable[int]]:
        selection = resolve(self.context, self.unwrap(within))
        every = selection is self.context.limit and self.context.whole
        return selection, range(len(selection)) if every else {part.doc for part in selection}

    async def _gently(self, work: Callable[[Any], Taken], given: Any) -> Taken:
        """Runs `work` in a thread where there is much to go through, so that the event loop goes on."""
        many = isinstance(given, list) or (isinstance(given, Given) and given.name == "Selection")
        if not many and len(self.context.limit) <= FEW:
            return work(given)
        return await asyncio.to_thread(work, given)

    def document(self, name: Any = None) -> int:
        """Number of the document a script names by path, Doc or Span; the only one if it names none."""
        if isinstance(name, Given):
            name = name.attributes.get("path", name.attributes.get("doc"))
        if name is None:
            if len(self.context.documents) == 1:
                return 0
            raise ProgramError("Several documents are in scope: say which.", 'Pass its path, e.g. doc="src/app.py".')
        # Asked for every hit that is handed over: a path is looked up, only what is none goes through all documents.
        if (number := self.context.number(str(name))) is not None:
            return number
        if len(self.context.documents) > FEW and is_glob(str(name)):
            raise ProgramError(f"{str(name)[:200]!r} is no path.", "Pass one path.")
        parts = resolve(self.context, str(name))
        if len({part.doc for part in parts}) != 1:
            raise ProgramError(f"{str(name)[:200]!r} names {len(parts)} documents.", "Pass one path.")
        return parts[0].doc

    def doc(self, number: int) -> Document:
        return self.context.documents[number]

    def unwrap(self, value: Any) -> Any:
        """What a script passed, in the server's own classes. Its objects are not trusted: a script may alter them."""
        if isinstance(value, (list, tuple)):
            return [self.unwrap(item) for item in value]
        if not isinstance(value, Given):
            return value
        fields = value.attributes
        try:
            if value.name == "Span":
                return self.span(fields["doc"], fields["start"], fields["end"], fields["line"], fields["end_line"])
            if value.name == "Selection":
                return self._parts(fields["parts"])
            if value.name == "Doc":
                return str(fields["path"])
            if value.name == "Entry" and isinstance(fields["span"], Given) and fields["span"].name == "Span":
                return self.unwrap(fields["span"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ProgramError(f"This {value.name} was not made by a verb: {str(error)[:200]}.") from None
        raise ProgramError(f"A {value.name} cannot be used here.", "Pass a Span, Selection, Doc, path or glob.")

    def span(self, doc: Any, start: Any, end: Any, line: Any, end_line: Any) -> Span:
        """A Span from a script's fields; a script may have altered them, so they are checked."""
        number = self.document(str(doc))
        size = self.doc(number).size
        start, end = int(start), int(end)
        if not 0 <= start <= end <= size:
            raise ProgramError(f"{doc} has {size:,} bytes; a Span of {start}-{end} lies outside.")
        return Span(str(doc), start, end, int(line), int(end_line))

    def _parts(self, text: Any) -> Selection:
        """What `parts_text` wrote; a script may have altered it."""
        if not isinstance(text, str):
            raise TypeError("its parts are no text")
        found: list[Part] = []
        for filters, numbers in from_json(text):
            if len(filters) > MOST_FILTERS:
                raise ProgramError(f"More than {MOST_FILTERS} filters, one on another.", "Join their patterns: a|b.")
            if sum(len(pattern) for pattern, _ in filters) > LONGEST_PATTERN:
                raise ProgramError("The filters' patterns are too long.", "Use shorter ones.")
            kept = tuple((str(pattern), bool(keep)) for pattern, keep in filters)
            for at in range(0, len(numbers), 3):
                doc, start, end = map(int, numbers[at : at + 3])
                if not 0 <= doc < len(self.context.documents):
                    raise ProgramError("This Selection was not made by a verb.")
                found.append(Part(doc, start, end, kept))
        return tuple(found)

    def rows(self, hits: Iterable[Hit]) -> list[SpanRow]:
        return [self.row(hit) for hit in hits]

    def row(self, hit: Hit) -> SpanRow:
        """A Hit as it crosses into the sandbox. Its document counts as read: its text was handed out."""
        span = hit.span
        self.read.add(self.document(span.doc))
        return (
            span.doc,
            span.line,
            span.end_line,
            span.start,
            span.end,
            hit.text,
            hit.column,
            hit.end_column,
            hit.groups,
            hit.word,
            hit.match,
            hit.first_line,
        )
