"""Parts of documents in order: chunks, splits, outlines, samples."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from contextlib import aclosing
from typing import Any, Literal

from rlm_ls.context.document import Document, Hit, Part, Selection, Span, base_of
from rlm_ls.context.ops.structure.sections import Columns, Stretch
from rlm_ls.context.search.scanner import Scanner
from rlm_ls.context.workers.piece import Piece, together
from rlm_ls.errors import ProgramError, SearchTimeout

MOST_SPANS = 100_000
MOST_SAMPLES = 10_000

BATCH = 200
"""Parts that are cut by one request to a worker."""

BYTES_PER_TOKEN = 4
"""An estimate: right for source and prose, half too low for logs."""

OUTLINE_BYTES = 32 << 20
"""A document larger than this is not parsed, only looked at for headings and times."""

Entry = tuple[str, str, int, Span, str]
"""Kind ("function", "heading", "time" …), name, level from 1, and where it is."""


class Sections(Scanner):
    """split, chunks, outline and sample. Spans cover the text in order and end before a line end."""

    async def split(self, separator: str, within: Selection) -> list[Span]:
        """Cut before each line that holds a match of `separator`, which then starts its piece. Raises BadPattern."""
        progress = self.progress(within)
        cuts: dict[int, list[int]] = {}
        count = 0
        scan = self.scan("structure.sections.matching_starts", within, progress, pattern=separator, most=MOST_SPANS)
        async with aclosing(scan) as results:
            async for docs, starts, _ in results:
                count += len(docs)
                _check_count(count)
                for doc, at in zip(docs, starts, strict=True):
                    cuts.setdefault(doc, []).append(at)
        if progress.note:
            raise progress.error("The split", "Split a smaller region.")
        return await self._cut("structure.sections.cut", within, cuts)

    async def chunks(
        self, within: Selection, size: int, overlap: int = 0, by: Literal["lines", "tokens", "sections"] = "lines"
    ) -> list[Span]:
        """Pieces of `size` lines or (about) tokens, each starting `overlap` before the end of the last one.

        With by="sections" pieces end where sections of the outline do, and have at most about `size` tokens where
        the sections allow it. Raises ProgramError.
        """
        if size < 1 or not 0 <= overlap < size:
            raise ProgramError(f"Chunks of {size} with an overlap of {overlap} are none.", "Use 0 <= overlap < size.")
        if by not in ("lines", "tokens", "sections"):
            raise ProgramError(f"Chunks cannot be made by {by!r}.", 'Use "lines", "tokens" or "sections".')
        _unfiltered(within)
        cuts: dict[int, list[int]] = {}
        if by == "sections":
            for doc in dict.fromkeys(part.doc for part in within):
                cuts[doc] = [span.start for _, _, _, span, _ in await self.outline(doc)]
        factor = 1 if by == "lines" else BYTES_PER_TOKEN
        return await self._cut(
            "structure.sections.chunks",
            within,
            cuts,
            size=size * factor,
            overlap=overlap * factor,
            lines=by == "lines",
            most=MOST_SPANS,
        )

    async def outline(self, doc: int) -> list[Entry]:
        """Functions, classes and headings in order, with their spans; never an error for an unknown language."""
        document = self.context.documents[doc]
        if document.sections:
            return await asyncio.to_thread(_entries, document)
        found: list[Entry] = await self.call(
            "structure.outline.outline",
            file=self.context.files[doc],
            language=document.language,
            parse=document.size <= OUTLINE_BYTES,
            lines=document.lines,
        )
        return found

    async def part_named(self, doc: int, name: str) -> Span:
        """The part of the outline that is called so: "page 12", "sheet Sales", "function main", or by its name alone;
        or the only one with that word in its name.

        Raises ProgramError, naming some that there are."""
        wanted = name.strip().lower()
        entries = await self.outline(doc)
        for keys in (lambda kind, name: (f"{kind} {name}", name), _short):
            for kind, title, _, span, _ in entries:
                if kind != "column" and wanted in keys(kind.lower(), title.lower()):
                    return span
        holding = [span for kind, title, _, span, _ in entries if kind != "column" and wanted in title.lower().split()]
        if len(holding) == 1:
            return holding[0]
        shown = ", ".join(repr(f"{kind} {title}"[:60]) for kind, title, *_ in entries[:3])
        remedy = f"Its outline() has {shown} …" if entries else "Its outline() is empty: give line numbers."
        raise ProgramError(f"{self.context.documents[doc].path} has no part called {name[:100]!r}.", remedy)

    async def sample(self, n: int, within: Selection, seed: int = 0) -> list[Hit]:
        """`n` lines (or as many as there are) spread evenly; the same for the same seed."""
        asked = await asyncio.to_thread(self._drawn, max(0, min(n, MOST_SAMPLES)), within, seed)
        found: list[Hit] = []
        batches = together(asked, lambda one: one[0].file.source.place, BATCH)
        payloads = ({"wanted": some} for some in batches)
        async with aclosing(self.pool.map("structure.sections.samples", payloads, self.deadline_seconds)) as results:
            async for hits in results:
                if isinstance(hits, SearchTimeout):
                    raise hits
                found += hits
        return found

    def _drawn(self, n: int, within: Selection, seed: int) -> list[tuple[Piece, list[int]]]:
        """Which bytes of which pieces a sample's lines are looked for at."""
        total = sum(part.end - part.start for part in within)
        if not n or not total:
            return []
        # The golden ratio's multiples fall evenly between 0 and 1: another seed, other lines.
        shift = (0.5 + seed * 0.6180339887498949) % 1.0
        targets = [int((i + shift) * total / n) for i in range(n)]
        places: dict[int, list[int]] = {}
        before = at = 0
        for number, part in enumerate(within):
            size = part.end - part.start
            while at < n and targets[at] < before + size:
                places.setdefault(number, []).append(part.start + targets[at] - before)
                at += 1
            before += size
        wanted = [within[number] for number in places]
        pieces = [piece for batch in self.pieces(tuple(wanted), whole=True) for piece in batch]
        return list(zip(pieces, places.values(), strict=True))

    async def _cut(self, operation: str, within: Selection, cuts: dict[int, list[int]], **options: Any) -> list[Span]:
        def stretch(part: Part) -> Stretch:
            known = cuts.get(part.doc, [])
            inner = known[bisect_right(known, part.start) : bisect_left(known, part.end)]
            base = base_of(self.context.documents[part.doc], part.start)
            return Stretch(self.context.files[part.doc], part.start, part.end, base, inner)

        files = self.context.files
        batches = together(within, lambda part: files.place(part.doc), BATCH)
        payloads = ({"stretches": list(map(stretch, parts))} | options for parts in batches)
        found: Columns = []
        count = 0
        async with aclosing(self.pool.map(operation, payloads, self.deadline_seconds)) as results:
            async for columns in results:
                if isinstance(columns, SearchTimeout):
                    raise columns
                found += columns
                count += sum(len(numbers) // 4 for _, numbers in columns)
                _check_count(count)
        return await asyncio.to_thread(_spans, found)


def _short(kind: str, name: str) -> tuple[str, ...]:
    """A part by its number: `slide 3` of `3: Results`, `cell 2` of `2 code: import os`."""
    label = name.split(": ", 1)[0]
    return f"{kind} {label}", label, f"{kind} {label.split(' ', 1)[0]}"


def _entries(document: Document) -> list[Entry]:
    """A document's own sections, each up to the next one of its level or above, and the columns of its sheets."""
    found: list[Entry] = []
    ends = [(document.size, document.lines)] * len(document.sections)
    open_ones: list[int] = []
    for number, one in enumerate(document.sections):
        while open_ones and document.sections[open_ones[-1]].level >= one.level:
            ends[open_ones.pop()] = one.start, one.line - 1
        open_ones.append(number)
    for one, (end, last) in zip(document.sections, ends, strict=True):
        span = Span(document.path, one.start, max(one.start, end - 1), one.line, max(one.line, last))
        found.append((one.kind, one.name, one.level, span, ""))
        found += [("column", name, one.level + 1, span, "") for name in one.columns]
    return found


def _spans(columns: Columns) -> list[Span]:
    return [Span(path, *numbers[at : at + 4]) for path, numbers in columns for at in range(0, len(numbers), 4)]


def _check_count(count: int) -> None:
    if count > MOST_SPANS:
        raise ProgramError(
            f"That makes more than {MOST_SPANS:,} pieces.", "Use a larger size, a rarer separator, or a smaller region."
        )


def _unfiltered(within: Selection) -> None:
    if any(part.filters for part in within):
        raise ProgramError(
            "A filtered selection is not continuous text and cannot be cut into chunks.",
            "Make the chunks first and filter within each, or use extract() for the lines themselves.",
        )
