"""Searches whose answers are the values that a pattern captures: its first group, or the whole match without one."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from contextlib import aclosing

from rlm_ls.context.document import Hit, Selection
from rlm_ls.context.ops.terms import INSIDE_SHARE, KINDS, First
from rlm_ls.context.piece import File, Filters
from rlm_ls.context.scanner import Scanner, base_of

MOST_VALUES = 500_000
MOST_BYTES = 256_000_000
"""What `extract` brings back at most."""

MOST_DISTINCT = 5_000_000
"""Distinct values counted at most."""

MOST_NUMBERS = 50_000_000

PERCENTILES = (50, 90, 95, 99)


class Values(Scanner):
    """extract, top, stats and terms. The note that comes with a result is empty, or says why it is not all."""

    async def extract(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[str], str]:
        """Every captured value in document order, and a note. Raises BadPattern."""
        progress = self.progress(within)
        found: list[str] = []
        sizes: list[int] = []
        async with aclosing(
            self.scan(
                "match.values",
                within,
                progress,
                whole=multiline,
                pattern=pattern,
                ignore_case=ignore_case,
                multiline=multiline,
                limit=lambda: MOST_VALUES - len(found),
                limit_bytes=lambda: MOST_BYTES - sum(sizes),
            )
        ) as results:
            async for values, length, cut, _ in results:
                found.extend(values[: MOST_VALUES - len(found)])
                sizes.append(length)
                if cut or len(found) >= MOST_VALUES:
                    return found, f"cut after {len(found):,} values; narrow the pattern, or use top() or count()"
        return found, progress.note

    async def top(
        self, pattern: str, within: Selection, n: int = 10, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[tuple[str, int]], int, int, str]:
        """The `n` most frequent values (ties by value), how many are distinct, how many in all, and a note."""
        progress = self.progress(within)
        counts: Counter[bytes] = Counter()
        cut = ""
        async with aclosing(
            self.scan(
                "match.tally",
                within,
                progress,
                whole=multiline,
                pattern=pattern,
                ignore_case=ignore_case,
                multiline=multiline,
            )
        ) as results:
            async for found, _ in results:
                await asyncio.to_thread(counts.update, found)  # a Python loop over what may be a million values
                if len(counts) > MOST_DISTINCT:
                    cut = f"cut at {len(counts):,} distinct values; narrow the pattern"
                    break
        best = await asyncio.to_thread(_best, counts, n)
        shown = await asyncio.to_thread(_decoded, best)
        return shown, len(counts), counts.total(), cut or progress.note

    async def stats(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> dict[str, float | int | str]:
        """count, sum, min, max, mean, p50, p90, p95, p99 (nearest rank) of the numbers captured.

        Numbers are as Python writes them: 12, -3.5, 1e6. `ignored` counts values that are none; `partial` is a note.
        Without any number only count (0), ignored and partial are there.
        """
        progress = self.progress(within)
        parts: list[array[float]] = []
        ignored = total = 0
        cut = ""
        async with aclosing(
            self.scan(
                "match.numbers",
                within,
                progress,
                whole=multiline,
                pattern=pattern,
                ignore_case=ignore_case,
                multiline=multiline,
            )
        ) as results:
            async for numbers, not_numbers, _ in results:
                ignored += not_numbers
                total += len(numbers)
                if numbers:
                    parts.append(numbers)
                if total > MOST_NUMBERS:
                    cut = f"cut after {total:,} numbers"
                    break
        summary: dict[str, float | int | str] = {"count": 0}
        if parts:
            summary = await self.call("match.summary", parts=parts, percentiles=list(PERCENTILES))
        return summary | {"ignored": ignored, "partial": cut or progress.note}

    async def terms(self, kind: str, within: Selection, n: int = 50) -> list[tuple[str, int, Hit]]:
        """As `indexed`, without its note."""
        return (await self.indexed(kind, within, n))[0]

    async def indexed(self, kind: str, within: Selection, n: int = 50) -> tuple[list[tuple[str, int, Hit]], str]:
        """The `n` most frequent terms with their counts and first lines (ties by term), and a note.

        `kind` is "names" (capitalised words that do not only start sentences), "identifiers", "caps" (words in
        capitals), or a pattern. Raises BadPattern.
        """
        progress = self.progress(within)
        counts: Counter[bytes] = Counter()
        inside: Counter[bytes] = Counter()
        firsts: dict[bytes, First] = {}
        cut = ""
        async with aclosing(self.scan("terms.terms", within, progress, kind=kind)) as results:
            async for found, _ in results:
                for term, (count, within_sentences, first) in found.items():
                    counts[term] += count
                    inside[term] += within_sentences
                    firsts.setdefault(term, first)
                if len(counts) > MOST_DISTINCT:
                    cut = f"cut at {len(counts):,} distinct terms; look in a smaller region"
                    break
        if kind in KINDS and KINDS[kind].inside_only:
            names = {term: count for term, count in counts.items() if inside[term] * INSIDE_SHARE >= count}
            counts = Counter(names)
        best = await asyncio.to_thread(_best, counts, n)
        hits: list[Hit] = []
        if best:
            places = [self._place(term, firsts[term]) for term, _ in best]
            hits = await self.call("terms.hits", kind=kind, places=places)
        found = [(term.decode("utf-8", "replace"), count, hit) for (term, count), hit in zip(best, hits, strict=True)]
        return found, cut or progress.note

    def _place(self, term: bytes, first: First) -> tuple[bytes, File, int, int, Filters, tuple[int, int]]:
        doc, start, end, filters = first
        return term, self.context.files[doc], start, end, filters, base_of(self.context.documents[doc], start)


def _best(counts: Counter[bytes], n: int) -> list[tuple[bytes, int]]:
    """The most frequent, without sorting them all: ties by value."""
    if n <= 0 or not counts:
        return []
    least = counts.most_common(n)[-1][1]
    kept = [(value, count) for value, count in counts.items() if count >= least]
    return sorted(kept, key=lambda entry: (-entry[1], entry[0]))[:n]


def _decoded(counts: list[tuple[bytes, int]]) -> list[tuple[str, int]]:
    return [(value.decode("utf-8", "replace"), count) for value, count in counts]
