"""Plain words: which lines hold them, and which hold most of them."""

from __future__ import annotations

import heapq
import re
from array import array
from collections.abc import Iterator
from functools import lru_cache

from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, compile_pattern
from rlm_ls.context.ops.matching.folding import FoldedWindow, fold
from rlm_ls.context.ops.matching.hits import Hits
from rlm_ls.context.ops.matching.match import count
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.matching.windows import line_count, line_matches
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.search.rows import ROOM, Gathered
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Bundle, Piece, Pieces
from rlm_ls.errors import ProgramError

MOST_WORDS = 1000

Score = tuple[bool, int]
"""Whether the line holds the whole phrase, and how many distinct words."""

Scored = tuple[Score, str, int]
"""A line's score, its row, and the number of its document."""


class _Words:
    """What is looked for word by word: a phrase of several words, each a whole one."""

    def __init__(self, text: str, ignore_case: bool, folded: bool) -> None:
        self.phrase = _phrase(text, ignore_case, folded)
        whole = [_whole(word) for word in dict.fromkeys((fold(text) if folded else text).split())]
        self.words = [compile_pattern(word, ignore_case) for word in whole]
        self.any = compile_pattern("|".join(whole), ignore_case)

    def score(self, line: bytes, deadline: Deadline) -> Score:
        alone = Window(0, line)
        whole, *words = [test.first(alone, deadline) is not None for test in (self.phrase, *self.words)]
        return whole, sum(words)


def find(
    deadline: Deadline, pieces: Pieces, text: str, ignore_case: bool, folded: bool, limit: int, room: int = ROOM
) -> tuple[list[str], array[int], int, int]:
    """The first `limit` lines that hold the text, as rows of at most `room` characters together, their documents, how
    many in all, bytes searched."""
    test = _phrase(text, ignore_case, folded)
    if limit == 0 and not folded:
        return [], array("q"), *_counted(deadline, pieces, text, ignore_case)
    scan = Scan(deadline, pieces)
    found = Gathered(limit, room)
    total = 0
    for piece, reader in scan.pieces(None if folded else test):
        hits = Hits(reader, piece)
        for window, view in _views(scan, reader, piece, folded):
            if not found.limit and view is window:  # how many there are is sooner known than where
                total += line_count(test, window, deadline)
                continue
            for _, _, (match, match_end) in line_matches(test, view, deadline):
                total += 1
                if found.limit:
                    found.add(hits.row(view, match, match_end), piece.doc)
        if not (found.limit or folded) and isinstance(pieces, Bundle) and piece.doc != pieces.docs[-1]:
            # The rest is only counted, which takes less where it is done for all of it together.
            others, searched = _counted(deadline, pieces.after(piece.doc), text, ignore_case)
            return found.rows, found.docs, total + others, scan.searched + searched
    return found.rows, found.docs, total, scan.searched


def _counted(deadline: Deadline, pieces: Pieces, text: str, ignore_case: bool) -> tuple[int, int]:
    """How many lines hold the text, and bytes searched."""
    counts, searched = count(deadline, pieces, re.escape(text), ignore_case, False, lines=True, apart=False)
    return sum(counts.values()), searched


def _views(scan: Scan, reader: Reader, piece: Piece, folded: bool) -> Iterator[tuple[Window, Window]]:
    """Each window, and what is looked at of it."""
    for window in scan.windows(reader, piece):
        yield window, FoldedWindow(window) if folded and not window.ascii else window


def find_words(
    deadline: Deadline, pieces: Pieces, text: str, ignore_case: bool, folded: bool, limit: int, room: int = ROOM
) -> tuple[list[Scored], int, int]:
    """At most `limit` lines that hold most of the text's words, the best; how many hold any; bytes searched.

    `room` is how many characters the rows may have together.
    """
    query = _query(text, ignore_case, folded)
    scan = Scan(deadline, pieces)
    best: list[tuple[Score, int, str, int]] = []
    total = 0
    for piece, reader in scan.pieces(None if folded else query.any):
        hits = Hits(reader, piece)
        for _, view in _views(scan, reader, piece, folded):
            for start, end, (match, match_end) in line_matches(query.any, view, deadline):
                total += 1
                score = query.score(view.text[start:end], deadline)
                if len(best) < limit:
                    heapq.heappush(best, (score, -total, hits.row(view, match, match_end), piece.doc))
                elif best and score > best[0][0]:
                    row = hits.row(view, match, match_end)
                    heapq.heapreplace(best, (score, -total, row, piece.doc))
    kept = sorted(_fitting(sorted(best, reverse=True), room), key=lambda entry: -entry[1])
    return [(score, row, doc) for score, _, row, doc in kept], total, scan.searched


def _fitting(best: list[tuple[Score, int, str, int]], room: int) -> Iterator[tuple[Score, int, str, int]]:
    """As many from the first on as there is room for."""
    for entry in best:
        room -= len(entry[2])
        if room < 0:
            return
        yield entry


@lru_cache(maxsize=32)
def _query(text: str, ignore_case: bool, folded: bool) -> _Words:
    return _Words(text, ignore_case, folded)


def _phrase(text: str, ignore_case: bool, folded: bool) -> CompiledPattern:
    if folded and (words := fold(text).split()):
        return compile_pattern(r"\s+".join(map(re.escape, words)), ignore_case)
    return compile_pattern(re.escape(text), ignore_case)


def _whole(word: str) -> str:
    """A pattern for a word that is not part of a longer one."""
    return rf"{chr(92) + 'b' if is_word(word[0]) else ''}{re.escape(word)}{chr(92) + 'b' if is_word(word[-1]) else ''}"


def is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def find_any(
    deadline: Deadline, pieces: Pieces, words: list[str], ignore_case: bool, limit: int, room: int = ROOM
) -> tuple[list[str], array[int], int, int]:
    """Every occurrence of every word, overlapping ones too: the rows of at most `limit`, their documents, how many in
    all, bytes searched."""
    scan = Scan(deadline, pieces)
    found = Gathered(limit, room)
    total = 0
    test = compile_pattern("|".join(map(re.escape, words)), ignore_case)
    for piece, reader in scan.pieces(test):
        hits = Hits(reader, piece)
        for window in scan.windows(reader, piece):
            occurrences = _folded_case(words, window, deadline) if ignore_case else _occurrences(words, window)
            total += len(occurrences)
            for start, end, word in occurrences[: found.limit]:
                if found.limit:
                    found.add(hits.row(window, start, end, word=words[word]), piece.doc)
    return found.rows, found.docs, total, scan.searched


def _occurrences(words: list[str], window: Window) -> list[tuple[int, int, int]]:
    matches = _automaton(tuple(words)).find_matches_as_indexes(window.text, overlapping=True)
    return sorted([(start, end, word) for word, start, end in matches])


def _folded_case(words: list[str], window: Window, deadline: Deadline) -> list[tuple[int, int, int]]:
    # Case folding is a matter for RE2: one pass for each word, over a window that stays in the cache.
    return sorted(
        (*spans[0], number)
        for number, word in enumerate(words)
        for spans in _word(word).matches(window, deadline, captures=False)
    )


@lru_cache(maxsize=MOST_WORDS)
def _word(word: str) -> CompiledPattern:
    return compile_pattern(re.escape(word), ignore_case=True)


@lru_cache(maxsize=8)
def _automaton(words: tuple[str, ...]):  # type: ignore[no-untyped-def]
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    return BytesAhoCorasick([word.encode("utf-8", "surrogatepass") for word in words], MatchKind.Standard)


def checked_words(words: list[str]) -> list[str]:
    """The distinct words. Raises ProgramError for none, too many, an empty one, or one that no line can hold."""
    distinct = list(dict.fromkeys(words))
    if not distinct:
        raise ProgramError("There are no words to look for.", "Give find_any a list of at least one word.")
    if len(distinct) > MOST_WORDS:
        raise ProgramError(f"{len(distinct):,} words are too many; the limit is {MOST_WORDS:,}.", "Search in batches.")
    for word in distinct:
        check_text(word)
    return distinct


def check_text(text: str) -> None:
    """Raises ProgramError for a text that no line can hold."""
    if not text:
        raise ProgramError("The text to look for is empty.", "Give at least one character.")
    if "\n" in text or "\r" in text:
        raise ProgramError(
            "The text to look for holds a line end, and lines are searched one by one.",
            r"Use regex(pattern, multiline=True) with \n in it.",
        )
