"""Searches for patterns with several groups: rows of values, and statistics by name."""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections import Counter
from contextlib import aclosing

from rlm_ls.context.document import Selection
from rlm_ls.context.scanner import Scanner
from rlm_ls.context.values import MOST_BYTES, MOST_VALUES, PERCENTILES

MOST_ROWS = 1_000_000
"""Distinct rows counted at most."""
MOST_NAMES = 2_000
"""Names that statistics are kept apart for."""

Row = tuple[str | None, ...]


class Rows(Scanner):
    """The note that comes with a result is empty, or says why it is not all."""

    async def groups(self, pattern: str, *, ignore_case: bool = False, multiline: bool = False) -> int:
        """How many groups a pattern has. Raises BadPattern."""
        found: int = await self.call("rows.groups", pattern=pattern, ignore_case=ignore_case, multiline=multiline)
        return found

    async def rows(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[Row], str]:
        """All groups of every match, in document order, and a note. Raises BadPattern."""
        progress = self.progress(within)
        found: list[Row] = []
        sizes: list[int] = []
        async with aclosing(
            self.scan(
                "rows.rows",
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
            async for rows, size, cut, _ in results:
                found.extend(rows[: MOST_VALUES - len(found)])
                sizes.append(size)
                if cut or len(found) >= MOST_VALUES:
                    return found, f"cut after {len(found):,} rows; narrow the pattern, or use top(), stats() or count()"
        return found, progress.note

    async def top_rows(
        self, pattern: str, within: Selection, n: int = 10, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[tuple[Row, int]], int, int, str]:
        """The `n` most frequent rows (ties by row), how many are distinct, how many in all, and a note."""
        progress = self.progress(within)
        counts: Counter[tuple[bytes | None, ...]] = Counter()
        cut = ""
        async with aclosing(
            self.scan(
                "rows.tally",
                within,
                progress,
                whole=multiline,
                pattern=pattern,
                ignore_case=ignore_case,
                multiline=multiline,
                limit=MOST_ROWS,
            )
        ) as results:
            async for found, more, _ in results:
                await asyncio.to_thread(counts.update, found)
                if more or len(counts) > MOST_ROWS:
                    cut = f"cut at {len(counts):,} distinct rows; narrow the pattern"
                    break
        best = await asyncio.to_thread(_best, counts, n)
        return best, len(counts), counts.total(), cut or progress.note

    async def stats_by_name(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[dict[str, dict[str, float]], int, str]:
        """For each value of the first group, statistics of the second; how many values are no numbers; and a note."""
        progress = self.progress(within)
        parts: dict[str, list[array[float]]] = {}
        ignored, note = 0, ""
        async with aclosing(
            self.scan(
                "rows.numbers_by_name",
                within,
                progress,
                whole=multiline,
                pattern=pattern,
                ignore_case=ignore_case,
                multiline=multiline,
                limit=MOST_NAMES,
            )
        ) as results:
            async for found, not_numbers, cut, _ in results:
                ignored += not_numbers
                for name, numbers in found.items():
                    if numbers:
                        parts.setdefault(name.decode("utf-8", "replace"), []).append(numbers)
                if cut or len(parts) > MOST_NAMES:
                    note = f"stopped at {MOST_NAMES:,} different names; narrow the first group"
                    break
        summaries: dict[str, dict[str, float]] = await self.call(
            "rows.summaries", parts=parts, percentiles=list(PERCENTILES)
        )
        return dict(sorted(summaries.items())), ignored, note or progress.note


def _best(counts: Counter[tuple[bytes | None, ...]], n: int) -> list[tuple[Row, int]]:
    """The most frequent, ties by row; a group that took no part comes before all others."""

    def key(entry: tuple[tuple[bytes | None, ...], int]) -> tuple[int, list[tuple[bool, bytes]]]:
        row, count = entry
        return -count, [(value is not None, value or b"") for value in row]

    best = heapq.nsmallest(n, counts.items(), key=key)
    return [(tuple(None if v is None else v.decode("utf-8", "replace") for v in row), count) for row, count in best]
