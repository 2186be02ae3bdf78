"""Searches whose answers are the values that a pattern captures, as re.findall has them: see `ops.match.Captured`."""

from __future__ import annotations

import asyncio
import heapq
import json
import pickle
from collections import Counter
from contextlib import aclosing
from typing import Any

from rlm_ls.context.document import Hit, Selection, base_of
from rlm_ls.context.ops.matching.compiled_pattern import Raw
from rlm_ls.context.ops.matching.match import Captured, Pack, readable, unpacked
from rlm_ls.context.ops.matching.terms import INSIDE_SHARE, KINDS, Counted, First, Region
from rlm_ls.context.ops.numbers import Numbers
from rlm_ls.context.search.fields import Fields, FieldScanner
from rlm_ls.context.search.rows import ROOM
from rlm_ls.context.workers.piece import together
from rlm_ls.errors import SearchTimeout

MOST_VALUES = 500_000
"""What `extract` brings back at most, and of text no more than ROOM."""

MOST_DISTINCT = 2_000_000
MOST_BYTES = 128 << 20
"""Distinct values counted at most, and their bytes."""

LOOKED_UP = 50
"""Terms whose first place is looked up by one request."""

MOST_TERMS = 500_000
"""Distinct terms, of which more is kept."""

MOST_NUMBERS = 20_000_000
MOST_NAMES = 2_000
"""Names that statistics are kept apart for."""

PERCENTILES = (50, 90, 95, 99)


class Values(FieldScanner):
    """extract, top, stats and terms, of patterns or fields. The note of a result says why it is not all, if so."""

    async def extract(
        self, pattern: str, within: Selection, *, ignore_case: bool = False, multiline: bool = False
    ) -> tuple[list[Captured], str]:
        """Every captured value in document order, and a note. Raises BadPattern."""
        packs, note = await self.extracted(pattern, within, ignore_case=ignore_case, multiline=multiline)
        return [value for pack in packs for value in unpacked(pack)], note

    async def extracted(
        self,
        pattern: str,
        within: Selection,
        *,
        ignore_case: bool = False,
        multiline: bool = False,
        fields: Fields | None = None,
    ) -> tuple[list[Pack], str]:
        """`extract`, whose values stay packed."""
        progress = self.progress(within)
        packs: list[Pack] = []
        count, room = 0, ROOM
        async with aclosing(
            self.captures(
                "values",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
                fields,
                limit=lambda: max(0, MOST_VALUES - count),
                room=lambda: max(0, room),
            )
        ) as results:
            async for found, _size, cut, _ in results:
                for whole in found:
                    # What was asked for side by side may be too much together.
                    pack = _first(whole, MOST_VALUES - count, room)
                    packs.append(pack)
                    count, room = count + pack[1], room - len(pack[0])
                    if pack is not whole:
                        break
                if cut or count >= MOST_VALUES or (found and pack is not whole):
                    return packs, f"cut after {count:,} values; narrow the pattern, or use top() or count()"
        return packs, progress.note

    async def top(
        self,
        pattern: str,
        within: Selection,
        n: int = 10,
        *,
        ignore_case: bool = False,
        multiline: bool = False,
        fields: Fields | None = None,
    ) -> tuple[list[tuple[Captured, int]], int, int, str]:
        """The `n` most frequent values (ties by value), how many are distinct, how many in all, and a note."""
        progress = self.progress(within)
        counts: Counter[Raw] = Counter()
        cut = ""
        size = 0
        async with aclosing(
            self.captures(
                "tally",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
                fields,
            )
        ) as results:
            async for found, short, _ in results:
                await asyncio.to_thread(_merge, counts, found)
                size += sum(map(len, found))  # what was there before is counted again: it is asked only when it matters
                if size > MOST_BYTES:
                    size = await asyncio.to_thread(_size, counts)
                if short or len(counts) > MOST_DISTINCT or size > MOST_BYTES:
                    cut = f"cut at {len(counts):,} distinct values; narrow the pattern"
                    break
        best = await asyncio.to_thread(_best, counts, n)
        total = await asyncio.to_thread(counts.total)
        shown = await asyncio.to_thread(_decoded, best)
        return shown, len(counts), total, cut or progress.note

    async def stats(
        self,
        pattern: str,
        within: Selection,
        *,
        ignore_case: bool = False,
        multiline: bool = False,
        fields: Fields | None = None,
    ) -> tuple[dict[str | None, dict[str, float]], int, str]:
        """Count, sum, min, max, mean, p50, p90, p95, p99 (nearest rank); how many values are no numbers; a note.

        They stand under None, or, with two groups, those of the second under each value of the first. Numbers
        are as Python writes them: 12, -3.5, 1e6.
        """
        progress = self.progress(within)
        parts: dict[str | None, list[Numbers]] = {}
        ignored = total = 0
        note = ""
        async with aclosing(
            self.captures(
                "numbers",
                within,
                progress,
                pattern,
                ignore_case,
                multiline,
                fields,
                limit=MOST_NAMES,
            )
        ) as results:
            async for found, not_numbers, more, _ in results:
                ignored += not_numbers
                for name, numbers in found.items():
                    if numbers[0]:
                        total += len(numbers[0])
                        parts.setdefault(name and name.decode("utf-8", "replace"), []).append(numbers)
                if more or len(parts) > MOST_NAMES:
                    note = f"stopped at {MOST_NAMES:,} different names; narrow the first group"
                    break
                if total > MOST_NUMBERS:
                    note = f"cut after {total:,} numbers"
                    break
        if not parts:
            return {}, ignored, note or progress.note
        summaries = await self.call("numbers.summaries", parts=parts, percentiles=list(PERCENTILES))
        return dict(sorted(summaries.items(), key=lambda item: item[0] or "")), ignored, note or progress.note

    async def terms(
        self,
        kind: str,
        within: Selection,
        n: int = 50,
        *,
        edges: tuple[float, ...] = (),
        ignore_case: bool = False,
        single: bool = False,
    ) -> tuple[list[tuple[str, int, Hit]], int, str]:
        """The `n` most frequent terms with their counts and first lines (ties by term), how many differ, and a note.

        `kind` is "names" (capitalised words that do not only start sentences), "identifiers", "caps" (words in
        capitals), or a pattern. With `edges`, ascending, a pattern's terms are the bins of the numbers that it
        captures: bin "3" begins at `edges[3]`, and the last one has no end. Raises BadPattern; ProgramError
        for a pattern of several groups where a `single` one is wanted.
        """
        progress = self.progress(within)
        index: dict[bytes, Counted] = {}
        cut = ""
        how: dict[str, Any] = {"kind": kind, "edges": edges, "ignore_case": ignore_case}
        async with aclosing(self.scan("matching.terms.terms", within, progress, single=single, **how)) as results:
            async for packs, short, _ in results:
                await asyncio.to_thread(_index, index, packs)
                if short or len(index) > MOST_TERMS:
                    cut = f"cut at {len(index):,} distinct terms; look in a smaller region"
                    break
        counts = await asyncio.to_thread(_named if kind in KINDS and KINDS[kind].inside_only else _counted, index)
        best = await asyncio.to_thread(_best, counts, n)
        hits: dict[bytes, Hit] = {}
        # In the order of the text: many terms occur first in the same few windows.
        firsts = sorted((index[term][2], term) for term, _ in best)
        places = [(term, self._region(first)) for first, term in firsts]
        payloads = ({**how, "places": some} for some in together(places, lambda one: one[1][0].source.place, LOOKED_UP))
        async with aclosing(self.pool.map("matching.terms.hits", payloads, self.deadline_seconds)) as looked_up:
            async for some in looked_up:
                if isinstance(some, SearchTimeout):
                    raise some
                hits |= some
        shown = [(term.decode("utf-8", "replace"), count, hits[term]) for term, count in best]
        return shown, len(counts), cut or progress.note

    def _region(self, first: First) -> Region:
        doc, start, end, filters = first
        return self.context.files[doc], start, end, filters, base_of(self.context.documents[doc], start)


def _first(pack: Pack, most: int, room: int) -> Pack:
    """As many values of a pack as are wanted and there is room for; the same pack if that is all."""
    if pack[1] <= most and len(pack[0]) <= room:
        return pack
    kept: list[str] = []
    for value in unpacked(pack)[:most]:
        kept.append(json.dumps(value, ensure_ascii=False))
        room -= len(kept[-1]) + 2
        if room < 0:
            kept.pop()
            break
    return ", ".join(kept), len(kept)


def _merge(counts: Counter[Raw], packs: list[bytes]) -> None:
    """Adds what `match.tally` found. For a thread: it may be a million values; between packs others get a turn."""
    before = counts.get
    for pack in packs:
        found = pickle.loads(pack)
        if counts:
            found = {value: count + before(value, 0) for value, count in found.items()}
        dict.update(counts, found)


def _size(counts: Counter[Raw]) -> int:
    """Bytes of the different values."""
    return sum(map(_length, counts))


def _index(index: dict[bytes, Counted], packs: list[bytes]) -> None:
    """Adds what `terms.terms` found, in a thread as well."""
    for pack in packs:
        for term, (count, inside, first) in pickle.loads(pack).items():
            before = index.get(term)
            index[term] = (
                (count, inside, first) if before is None else (before[0] + count, before[1] + inside, before[2])
            )


def _counted(index: dict[bytes, Counted]) -> Counter[bytes]:
    return Counter({term: count for term, (count, _, _) in index.items()})


def _named(index: dict[bytes, Counted]) -> Counter[bytes]:
    """Only what occurs within sentences too."""
    return Counter({term: count for term, (count, inside, _) in index.items() if inside * INSIDE_SHARE >= count})


def _length(value: Raw) -> int:
    return len(value) if isinstance(value, bytes) else sum(len(part or b"") for part in value)


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
