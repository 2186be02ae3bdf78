"""Patterns: each match, how many, and which values they capture."""

from __future__ import annotations

import json
import pickle
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise

from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, Raw, compile_pattern
from rlm_ls.context.ops.matching.hits import Hits, groups_of
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.windows import line_count, match_count
from rlm_ls.context.ops.numbers import Numbers, numbered
from rlm_ls.context.search.rows import ROOM, Gathered, row_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Bundle, Pieces

Captured = str | tuple[str | None, ...]
"""What one match captures, as people see it."""

Pack = tuple[str, int]
"""Some values as JSON, a list without its brackets, and how many: they are handed on to a script as they are."""

PACK = 1000

PACKED = 5000
"""Values in one pickle: while one is read, no other thread of the server does anything."""

MOST_TALLIED = 64 << 20
"""Bytes of different values that one request brings back; then its count is cut short."""


def regex(
    deadline: Deadline, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int, room: int = ROOM
) -> tuple[list[str], array[int], int, int]:
    """The first `limit` matches as rows of at most `room` characters together, their documents, how many in all,
    bytes searched."""
    test = compile_pattern(pattern, ignore_case, multiline)
    if limit == 0:
        counts, searched = count(deadline, pieces, pattern, ignore_case, multiline, lines=False, apart=False)
        return [], array("q"), sum(counts.values()), searched
    scan = Scan(deadline, pieces)
    found = Gathered(limit, room)
    total = 0
    for piece, reader in scan.pieces(test):
        hits = Hits(reader, piece)
        if multiline:
            for window, spans in scan.matches(test, reader, piece):
                total += 1
                if found.limit:  # such a window may begin within a line
                    hit = hits.hit(*window.span(*spans[0]), groups=groups_of(window, spans))
                    found.add(row_of(hit), piece.doc)
            continue
        for window in scan.windows(reader, piece):
            if not found.limit:  # how many there are is sooner known than where
                total += match_count(test, window, deadline)
                continue
            for spans in test.matches(window, deadline):
                total += 1
                if found.limit:
                    found.add(hits.row(window, *spans[0], groups_of(window, spans)), piece.doc)
        if not found.limit and isinstance(pieces, Bundle) and piece.doc != pieces.docs[-1]:
            # The rest is only counted, which takes less where it is done for all of it together.
            counts, more = count(
                deadline, pieces.after(piece.doc), pattern, ignore_case, multiline, lines=False, apart=False
            )
            return found.rows, found.docs, total + sum(counts.values()), scan.searched + more
    return found.rows, found.docs, total, scan.searched


def count(
    deadline: Deadline,
    pieces: Pieces,
    pattern: str,
    ignore_case: bool,
    multiline: bool,
    lines: bool,
    apart: bool = True,
) -> tuple[dict[int, int], int]:
    """Matches (or lines that hold one) per document number, and bytes searched.

    Without `apart` those of documents that are searched together stand under one of them, which is quicker.
    """
    test = compile_pattern(pattern, ignore_case, multiline)
    scan = Scan(deadline, pieces)
    counts: Counter[int] = Counter()
    blocks = None if lines and apart else scan.blocks(test)
    for window, docs, starts in blocks or ():
        if not apart:
            counts[docs[0]] += line_count(test, window, deadline) if lines else match_count(test, window, deadline)
            continue
        if test.literal:
            for doc, (start, end) in zip(docs, pairwise([*starts, len(window.text)]), strict=True):
                counts[doc] += window.text.count(test.literal, start, end)
            continue
        places = list(test.starts(window, deadline))
        ends = [bisect_left(places, start) for start in [*starts[1:], len(window.text) + 1]]
        for doc, (first, last) in zip(docs, pairwise([0, *ends]), strict=True):
            counts[doc] += last - first
    if scan.searched or deadline.stopped:
        return dict(counts), scan.searched
    for piece, reader in scan.pieces(test):
        if multiline:
            counts[piece.doc] += sum(1 for _ in scan.matches(test, reader, piece, captures=False))
        else:
            counted = line_count if lines else match_count
            counts[piece.doc] += sum(counted(test, window, deadline) for window in scan.windows(reader, piece))
    return dict(counts), scan.searched


def values(
    deadline: Deadline, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int, room: int
) -> tuple[list[Pack], int, bool, int]:
    """Captured values in order, the characters that they take, whether a limit cut them short, bytes searched."""
    test = compile_pattern(pattern, ignore_case, multiline)
    scan = Scan(deadline, pieces)
    packs: list[Pack] = []
    found: list[Captured] = []
    size = length = 0
    cut = False
    for count, value in enumerate(chain.from_iterable(_captured(scan, test, in_order=True))):
        length += len(value) if isinstance(value, bytes) else sum(len(part or b"") for part in value)
        # By bytes, which are at least as many as characters, between the packs, whose size is known.
        if count >= limit or size + length > room:
            cut = True
            break
        found.append(readable(value))
        if len(found) == PACK:
            packs.append(_packed(found))
            found, size, length = [], size + len(packs[-1][0]), 0
    if found:
        packs.append(_packed(found))
        size += len(packs[-1][0])
    return packs, size, cut, scan.searched


def _packed(values: list[Captured]) -> Pack:
    return json.dumps(values, ensure_ascii=False)[1:-1], len(values)


def unpacked(pack: Pack) -> list[Captured]:
    """The values of a pack."""
    return [tuple(one) if isinstance(one, list) else one for one in json.loads(f"[{pack[0]}]")]


def readable(value: Raw) -> Captured:
    """A captured value in letters."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return tuple(None if part is None else part.decode("utf-8", "replace") for part in value)


def tally(
    deadline: Deadline, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool
) -> tuple[list[bytes], bool, int]:
    """How often each captured value occurs, in pickles of `PACKED` values, whether they were cut short, and bytes
    searched."""
    scan = Scan(deadline, pieces)
    packs, short = tallied(_captured(scan, compile_pattern(pattern, ignore_case, multiline)))
    return packs, short, scan.searched


def tallied(batches: Iterable[Iterable[Raw]]) -> tuple[list[bytes], bool]:
    """`tally` of values that are at hand, without the bytes searched."""
    counts: Counter[Raw] = Counter()
    for batch in batches:
        counts.update(batch)
    items = iter(counts.items())
    packs: list[bytes] = []
    size = 0
    while pack := dict(islice(items, PACKED)):
        packs.append(pickle.dumps(pack, protocol=5))
        size += len(packs[-1])
        if size > MOST_TALLIED:
            return packs, True
    return packs, False


def numbers(
    deadline: Deadline, pieces: Pieces, pattern: str, ignore_case: bool, multiline: bool, limit: int
) -> tuple[dict[bytes | None, Numbers], int, bool, int]:
    """Captured numbers; how many captured values are none, whether a limit cut it short, bytes searched.

    The numbers stand under None, or of a pattern with several groups, those of the second under the first.
    """
    test = compile_pattern(pattern, ignore_case, multiline)
    scan = Scan(deadline, pieces)
    found, ignored, more = numbered(_captured(scan, test), test.groups, limit)
    return found, ignored, more, scan.searched


def _captured(scan: Scan, test: CompiledPattern, in_order: bool = False) -> Iterator[Iterable[Raw]]:
    """`CompiledPattern.values` of all pieces, in batches."""
    for piece, reader in scan.pieces(test):
        yield from scan.values(test, reader, piece, in_order)
