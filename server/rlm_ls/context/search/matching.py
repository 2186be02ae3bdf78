"""Searches whose answers are hits and counts."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

from rlm_ls.context.document import Selection
from rlm_ls.context.ops.matching.find import Scored, check_text, checked_words
from rlm_ls.context.search.progress import Progress
from rlm_ls.context.search.rows import ROOM, Found, Gathered
from rlm_ls.context.search.scanner import Scanner
from rlm_ls.errors import ProgramError

MOST_HITS = 100_000


HINT_SECONDS = 1.0
"""For all the searches behind a hint together: nobody asked for them."""


class Matching(Scanner):
    """find, find_any, regex and count. Lines are matched one by one unless `multiline`."""

    async def find(
        self, text: str, within: Selection, *, ignore_case: bool = False, fold: bool = False, limit: int = 50
    ) -> Found:
        """Lines that hold `text`, one hit per line. Where none does, and it has several words, those with most of them.

        `total` counts the lines that hold the text, or at least one of its words; `words` says which. Raises
        ProgramError.
        """
        check_text(text)
        asked: dict[str, Any] = {"text": text, "ignore_case": ignore_case, "folded": fold}
        progress, gathered = self.progress(within), Gathered(_limit(limit))
        results = self.scan("matching.find.find", within, progress, **asked, **_wanted(gathered))
        found = await _found(results, gathered, progress)
        if found.total or found.partial:
            return found
        hint = await self._hint(text, within, ignore_case, fold)
        if len(set(text.split())) < 2:
            return replace(found, hint=hint)
        return replace(await self._words(asked, within, limit), hint=hint)

    async def _words(self, asked: dict[str, Any], within: Selection, limit: int) -> Found:
        """Lines that hold at least one word of the text, those with most of them."""
        progress, found = self.progress(within), Gathered(_limit(limit))
        best: list[Scored] = []
        total = 0
        async for some, count, _ in self.scan("matching.find.find_words", within, progress, **asked, **_wanted(found)):
            total += count
            progress.found(count, some[0][1] if some else "")
            if some:
                # In a thread, which others interrupt: of many thousands it takes a while.
                best = await asyncio.to_thread(_best, [*best, *some], found.limit)
        found.extend([row for _, row, _ in best], [doc for *_, doc in best])
        return Found(tuple(found.rows), frozenset(found.docs), total, progress.note, words=True)

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
            async for *_, count, _ in quick.scan(
                "matching.find.find", within, progress, text=text, ignore_case=case, folded=accents, limit=0, room=0
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
        progress, found = self.progress(within), Gathered(_limit(limit))
        results = self.scan(
            "matching.find.find_any", within, progress, words=words, ignore_case=ignore_case, **_wanted(found)
        )
        return await _found(results, found, progress)

    async def regex(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False, limit: int = 50
    ) -> Found:
        """One hit per match, with its groups. Raises BadPattern."""
        progress, found = self.progress(within), Gathered(_limit(limit))
        results = self.matches(
            "matching.match.regex", within, progress, pattern, ignore_case, multiline, **_wanted(found)
        )
        return await _found(results, found, progress)

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
        counts, progress = await self._counts(pattern, within, ignore_case, multiline, by, apart=by == "doc")
        if progress.note:
            remedy = "Narrow it: a smaller region, a more selective or simpler pattern."
            raise progress.error("The count", remedy, sum(counts.values()))
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
        counts, progress = await self._counts(pattern, within, ignore_case, multiline, by, apart=True)
        return counts, progress.note

    async def _counts(
        self,
        pattern: str,
        within: Selection,
        ignore_case: bool,
        multiline: bool,
        by: Literal["doc", "line"] | None,
        *,
        apart: bool,
    ) -> tuple[dict[str, int], Progress]:
        """`counted`; without `apart` only the sum of the numbers means something."""
        if by == "line" and multiline:
            raise ProgramError('by="line" and multiline=True exclude each other.', "Leave one out.")
        progress = self.progress(within)
        counts: Counter[int] = Counter()
        async for found, _ in self.matches(
            "matching.match.count",
            within,
            progress,
            pattern,
            ignore_case,
            multiline,
            lines=by == "line",
            apart=apart,
        ):
            counts.update(found)
            progress.found(sum(found.values()))
        return await asyncio.to_thread(self._by_path, counts), progress

    def _by_path(self, counts: Counter[int]) -> dict[str, int]:
        paths = self.context.documents.paths
        return {paths[doc]: count for doc, count in sorted(counts.items()) if count}


def _limit(limit: int) -> int:
    return max(0, min(limit, MOST_HITS))


def _wanted(found: Gathered) -> dict[str, Any]:
    """How many hits, and how much of them, each further piece is asked for."""
    return {"limit": lambda: found.limit, "room": lambda: found.room}


async def _found(results: AsyncIterator[Any], found: Gathered, progress: Progress) -> Found:
    """Gathers (rows, their documents, how many in all, bytes) of all batches."""
    total = 0
    async for rows, docs, count, _ in results:
        total += count
        progress.found(count, rows[0] if rows else "")
        found.extend(rows, docs)
    return Found(tuple(found.rows), frozenset(found.docs), total, progress.note)


def _best(scored: list[Scored], limit: int) -> list[Scored]:
    """The best `limit`, best first, of the same score in the order of the text; as many as there is room for."""
    kept: list[Scored] = []
    room = ROOM
    for entry in heapq.nlargest(limit, scored, key=lambda entry: entry[0]):
        room -= len(entry[1])
        if room < 0:
            break
        kept.append(entry)
    return kept
