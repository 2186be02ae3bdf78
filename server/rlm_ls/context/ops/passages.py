"""The passages of a text that answer some words best: candidates by how many of the words stand near each other and how
rare these are, then by BM25, as SQLite's full-text index ranks (https://www.sqlite.org/fts5.html#the_bm25_function)."""

from __future__ import annotations

import heapq
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, compile_pattern
from rlm_ls.context.ops.matching.hits import Hits
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Piece, Pieces

BLOCK = 600
"""Bytes in which words count as near each other."""
LONGEST = 1_200
"""Bytes of a passage."""
CANDIDATES = 20
"""For each passage that is wanted: among so many BM25 decides."""

STEM = 4
"""Letters by which a word is found at least."""

Passage = tuple[int, int, str]
"""Document, first line, text."""
Place = TypeVar("Place")


def best(deadline: Deadline, pieces: Pieces, words: list[str], most: int) -> tuple[list[Passage], int]:
    """At most `most` passages of the pieces, the best first, and the bytes searched. Words are found by their
    beginnings, whatever their case."""
    stems = list(dict.fromkeys(map(stem_of, words)))
    scan = Scan(deadline, pieces)
    test = compile_pattern("|".join(map(re.escape, stems)), ignore_case=True)
    found: list[tuple[float, Passage]] = []
    for piece, reader in scan.pieces(test):
        near: dict[int, set[str]] = {}
        for window in scan.windows(reader, piece):
            for stem in stems:
                for spans in _pattern(stem).matches(window, deadline, captures=False):
                    at = window.span(*spans[0])[0]
                    # Of lines that were filtered the neighbours may be none that the question may look at.
                    start = reader.line_start(at, piece.low) if piece.filters else at - at % BLOCK
                    near.setdefault(start, set()).add(stem)
        weights = weighed(near)
        chosen = heapq.nlargest(CANDIDATES * most, near, key=lambda block: (weights[block], -block))
        hits = Hits(reader, piece)
        found += [(weights[block], _passage(reader, piece, hits, block)) for block in sorted(chosen)]
    passages = [passage for _, passage in heapq.nlargest(CANDIDATES * most, found, key=lambda one: one[0])]
    return [passages[index] for index in rank(deadline, [text for _, _, text in passages], words, most)], scan.searched


def rank(deadline: Deadline, texts: Sequence[str], words: Sequence[str], most: int) -> list[int]:
    """Numbers of at most `most` of the texts, the best first: by BM25 over whole words (their stems, in English), then
    those in which none stands, as they come."""
    index = sqlite3.connect(":memory:")
    ranked: list[int] = []
    try:
        index.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'porter unicode61')")
        index.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", enumerate(texts))
        wanted = " OR ".join('"' + word.replace('"', " ").replace("\0", " ") + '"' for word in words)
        found = index.execute("SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?", (wanted, most))
        ranked = [int(row[0]) for row in found]
    except sqlite3.Error:
        pass  # an SQLite without it: as they come is by how many of the words they hold
    finally:
        index.close()
    known = set(ranked)
    return [*ranked, *(number for number in range(len(texts)) if number not in known)][:most]


def stem_of(word: str) -> str:
    """What a word is found by, whatever its ending is."""
    return word[: max(STEM, len(word) - 3)]


def weighed(held: Mapping[Place, Collection[Hashable]]) -> dict[Place, float]:
    """What each place weighs by the words that it holds, each by how few of the places with any of them hold it: of a
    question's words the common ones stand together by chance."""
    frequency = Counter(chain.from_iterable(held.values()))
    worth = {word: math.log1p(len(held) / count) for word, count in frequency.items()}
    return {place: sum(worth[word] for word in words) for place, words in held.items()}


def _passage(reader: Reader, piece: Piece, hits: Hits, block: int) -> Passage:
    """The lines of the block that begins at byte `block`, as far as they are short; of a long line what is in it."""
    low = max(piece.start, block)
    start = reader.line_start(low, piece.low)
    if low - start > LONGEST // 4:
        start = low
    last = start if piece.filters else max(low, min(piece.end, block + BLOCK) - 1)
    end = min(reader.line_end(last, piece.high), start + LONGEST)
    return piece.doc, hits.line(start), reader.peek(start, end).decode("utf-8", "ignore")


@lru_cache(maxsize=256)
def _pattern(stem: str) -> CompiledPattern:
    return compile_pattern(re.escape(stem), ignore_case=True)
