"""Searches whose answers are hits and counts."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from rlm_ls.context.document import Found, Hit, Selection
from rlm_ls.context.ops.find import check_text, checked_words
from rlm_ls.context.scanner import Progress, Scanner
from rlm_ls.errors import ProgramError, SearchTimeout

MOST_HITS = 100_000


HINT_SECONDS = 1.0
"""For all the searches behind a hint together: nobody asked for them."""


class Matching(Scanner):
    """find, find_any, regex and count. Lines are matched one by one unless `multiline`."""

    async def find(
        self, text: str, within: Selection, *, ignore_case: bool = False, fold: bool = False, limit: int = 50
    ) -> Found:
        """Lines that hold `text`, one hit per line. Several words: see `_ranked`.

        `total` counts the lines that hold the text, or at least one of several words. Raises ProgramError.
        """
        check_text(text)
        ranked = len(set(text.split())) > 1
        progress = self.progress(within)
        best: list[tuple[tuple[bool, int], Hit]] = []
        total = 0
        limit = _limit(limit)
        async for found, count, _ in self.scan(
            "find.find",
            within,
            progress,
            text=text,
            ignore_case=ignore_case,
            folded=fold,
            limit=lambda: limit if ranked else max(0, limit - len(best)),
        ):
            total += count
            best.extend(found)
            if ranked:
                best[:] = heapq.nlargest(limit, best, key=lambda entry: entry[0])
        hits = tuple(hit for _, hit in best[:limit])
        hint = "" if total or progress.note else await self._hint(text, within, ignore_case, fold)
        return Found(hits, total, progress.note, hint)

    async def _hint(self, text: str, within: Selection, ignore_case: bool, fold: bool) -> str:
        """What the same search would find with other options, if anything."""
        tries = {"ignore_case=True": (True, fold), "fold=True": (ignore_case, True), "both": (True, True)}
        found: dict[str, int] = {}
        said: list[str] = []
        deadline = time.monotonic() + HINT_SECONDS
        for name, (case, accents) in tries.items():
            left = deadline - time.monotonic()
            if (case, accents) == (ignore_case, fold) or (name == "both" and (ignore_case or fold)) or left <= 0:
                continue
            quick = type(self)(self.context, self.pool, left)
            progress, total = quick.progress(within), 0
            async for _, count, _ in quick.scan(
                "find.find", within, progress, text=text, ignore_case=case, folded=accents, limit=0
            ):
                total += count
            if total > max(found.values(), default=0):
                found[name] = total
                options = "ignore_case=True, fold=True" if name == "both" else name
                said.append(f"{'at least ' if progress.note else ''}{total:,} with {options}")
        return "; ".join(["0 lines as written", *said]) if said else ""

    async def find_any(
        self, words: list[str], within: Selection, *, ignore_case: bool = False, limit: int = 50
    ) -> Found:
        """Every occurrence of every word, in order; each hit says which word. Raises ProgramError."""
        words = checked_words(words)
        limit, progress = _limit(limit), self.progress(within)
        hits: list[Hit] = []
        results = self.scan(
            "find.find_any", within, progress, words=words, ignore_case=ignore_case, limit=_room(hits, limit)
        )
        return await _found(results, hits, limit, progress)

    async def regex(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False, limit: int = 50
    ) -> Found:
        """One hit per match, with its groups. Raises BadPattern."""
        limit, progress = _limit(limit), self.progress(within)
        hits: list[Hit] = []
        results = self.matches(
            "match.regex", within, progress, pattern, ignore_case, multiline, limit=_room(hits, limit)
        )
        return await _found(results, hits, limit, progress)

    async def count(
        self,
        pattern: str,
        within: Selection,
        *,
        ignore_case: bool = False,
        multiline: bool = False,
        by: Literal["doc", "line"] | None = None,
    ) -> int | dict[str, int]:
        """Matches; with by="line" lines that hold one; with by="doc" matches per path, those without left out.

        Raises BadPattern, and SearchTimeout rather than a count that is too low.
        """
        counts, note = await self._counts(pattern, within, ignore_case, multiline, by, apart=by == "doc")
        if note:
            raise SearchTimeout(
                f"The count was {note}; {sum(counts.values()):,} were found so far.",
                "Narrow it: a smaller region, a more selective or simpler pattern.",
            )
        return counts if by == "doc" else sum(counts.values())

    async def counted(
        self,
        pattern: str,
        within: Selection,
        *,
        ignore_case: bool = False,
        multiline: bool = False,
        by: Literal["doc", "line"] | None = None,
    ) -> tuple[dict[str, int], str]:
        """Like `count`, per path, and a note if it is partial."""
        return await self._counts(pattern, within, ignore_case, multiline, by, apart=True)

    async def _counts(
        self,
        pattern: str,
        within: Selection,
        ignore_case: bool,
        multiline: bool,
        by: Literal["doc", "line"] | None,
        *,
        apart: bool,
    ) -> tuple[dict[str, int], str]:
        """`counted`; without `apart` only the sum of the numbers means something."""
        if by == "line" and multiline:
            raise ProgramError('by="line" and multiline=True exclude each other.', "Leave one out.")
        progress = self.progress(within)
        counts: Counter[int] = Counter()
        async for found, _ in self.matches(
            "match.count",
            within,
            progress,
            pattern,
            ignore_case,
            multiline,
            lines=by == "line",
            apart=apart,
        ):
            counts.update(found)
        documents = self.context.documents
        return {documents[doc].path: count for doc, count in sorted(counts.items()) if count}, progress.note


def _limit(limit: int) -> int:
    return max(0, min(limit, MOST_HITS))


def _room(hits: list[Hit], limit: int) -> Callable[[], int]:
    """How many more hits are wanted when a batch is sent."""
    return lambda: max(0, limit - len(hits))


async def _found(results: AsyncIterator[Any], hits: list[Hit], limit: int, progress: Progress) -> Found:
    """Gathers (hits, how many in all, bytes) of all batches into `hits`."""
    total = 0
    async for found, count, _ in results:
        total += count
        hits.extend(found)
    return Found(tuple(hits[:limit]), total, progress.note)
