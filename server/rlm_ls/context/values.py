"""Searches whose answers are the values that a pattern captures, as re.findall has them: see `ops.match.Captured`."""

from __future__ import annotations

import asyncio
import heapq
import pickle
from array import array
from collections import Counter
from contextlib import aclosing
from typing import Any

from rlm_ls.context.document import Hit, Selection
from rlm_ls.context.ops.match import Captured, readable
from rlm_ls.context.ops.program import Raw
from rlm_ls.context.ops.terms import INSIDE_SHARE, KINDS, First
from rlm_ls.context.piece import File, Filters
from rlm_ls.context.scanner import Scanner, base_of

MOST_VALUES = 500_000
MOST_BYTES = 256_000_000
"""What `extract` brings back at most."""

MOST_DISTINCT = 5_000_000
"""Distinct values counted at most."""

MOST_NUMBERS = 50_000_000
MOST_NAMES = 2_000
"""Names that statistics are kept apart for."""

PERCENTILES = (50, 90, 95, 99)


class Values(Scanner):
    """extract, top, stats and terms. The note that comes with a result is empty, or says why it is not all."""

    async def extract(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[Captured], str]:
        """Every captured value in document order, and a note. Raises BadPattern."""
        progress = self.progress(within)
        found: list[Captured] = []
        sizes: list[int] = []
        async with aclosing(
            self.matches(
                "match.values",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
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
    ) -> tuple[list[tuple[Captured, int]], int, int, str]:
        """The `n` most frequent values (ties by value), how many are distinct, how many in all, and a note."""
        progress = self.progress(within)
        counts: Counter[Raw] = Counter()
        cut = ""
        async with aclosing(
            self.matches(
                "match.tally",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
            )
        ) as results:
            async for found, _ in results:
                await asyncio.to_thread(_merge, counts, found)
                if len(counts) > MOST_DISTINCT:
                    cut = f"cut at {len(counts):,} distinct values; narrow the pattern"
                    break
        best = await asyncio.to_thread(_best, counts, n)
        total = await asyncio.to_thread(counts.total)
        shown = await asyncio.to_thread(_decoded, best)
        return shown, len(counts), total, cut or progress.note

    async def stats(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[dict[str | None, dict[str, float]], int, str]:
        """Count, sum, min, max, mean, p50, p90, p95, p99 (nearest rank); how many values are no numbers; a note.

        They stand under None, or, with two groups, those of the second under each value of the first. Numbers
        are as Python writes them: 12, -3.5, 1e6.
        """
        progress = self.progress(within)
        parts: dict[str | None, list[array[float]]] = {}
        ignored = total = 0
        note = ""
        async with aclosing(
            self.matches(
                "match.numbers",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
                limit=MOST_NAMES,
            )
        ) as results:
            async for found, not_numbers, more, _ in results:
                ignored += not_numbers
                for name, numbers in found.items():
                    if numbers:
                        total += len(numbers)
                        parts.setdefault(name and name.decode("utf-8", "replace"), []).append(numbers)
                if more or len(parts) > MOST_NAMES:
                    note = f"stopped at {MOST_NAMES:,} different names; narrow the first group"
                    break
                if total > MOST_NUMBERS:
                    note = f"cut after {total:,} numbers"
                    break
        if not parts:
            return {}, ignored, note or progress.note
        summaries = await self.call("match.summaries", parts=parts, percentiles=list(PERCENTILES))
        return dict(sorted(summaries.items(), key=lambda item: item[0] or "")), ignored, note or progress.note

    async def terms(self, kind: str, within: Selection, n: int = 50) -> tuple[list[tuple[str, int, Hit]], str]:
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


def _merge(counts: Counter[Raw], packs: list[bytes]) -> None:
    """Adds what `match.tally` found. For a thread: it may be a million values; between packs others get a turn."""
    for pack in packs:
        counts.update(pickle.loads(pack))


def _best(counts: Counter[Any], n: int) -> list[tuple[Any, int]]:
    """The most frequent, without sorting them all: ties by value, in a row None before all others."""
    if n <= 0 or not counts:
        return []
    least = counts.most_common(n)[-1][1]
    kept = [(value, count) for value, count in counts.items() if count >= least]
    # Not sorted(): of a million values that occur once each, no other thread would get a turn meanwhile.
    return heapq.nsmallest(n, kept, key=lambda entry: (-entry[1], _order(entry[0])))


def _order(value: Raw) -> Any:
    return value if isinstance(value, bytes) else [(part is not None, part or b"") for part in value]


def _decoded(counts: list[tuple[Raw, int]]) -> list[tuple[Captured, int]]:
    return [(readable(value), count) for value, count in counts]
