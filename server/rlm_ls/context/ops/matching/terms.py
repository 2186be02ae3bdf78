"""An index of terms: how often each occurs, and where first."""

from __future__ import annotations

import pickle
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rlm_ls.context.document import Hit
from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, compile_pattern
from rlm_ls.context.ops.matching.hits import Hits
from rlm_ls.context.ops.matching.match import MOST_TALLIED
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.window import Spans, Window
from rlm_ls.context.ops.matching.windows import windows
from rlm_ls.context.ops.numbers import number_of
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Filters, Piece, Pieces
from rlm_ls.errors import ProgramError, SearchTimeout


@dataclass(frozen=True, slots=True)
class Kind:
    """A pattern for terms. `inside_only`: terms that occur only at the start of sentences are none.

    `quick` finds the same in ASCII text, in linear time, by Python's own engine. With `edges`, ascending, what is
    captured are numbers, and the term is the bin that one is in: the number of the edge that it has reached, as text.
    """

    pattern: str
    inside_only: bool = False
    quick: re.Pattern[bytes] | None = None
    edges: tuple[float, ...] = ()

    def term(self, text: bytes) -> bytes:
        """What is counted of a captured text; empty if it is counted nowhere."""
        if not self.edges:
            return text
        number = number_of(text)
        reached = -1 if number is None else bisect_right(self.edges, number) - 1
        return b"%d" % reached if reached >= 0 else b""


# Upper-case letters beyond ASCII are listed by block: Python's re has no \p{Lu}.
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΑ-ΩА-ЯЁ"
_WORD = rf"[{_UPPER}](?:[^\W\d_]|['’\-][^\W\d_])*"

KINDS = {
    "names": Kind(rf"{_WORD}(?: {_WORD}){{0,3}}", inside_only=True),
    "identifiers": Kind(r"[^\W\d]\w{2,}", quick=re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,}")),
    "caps": Kind(rf"[{_UPPER}][{_UPPER}0-9_]*[{_UPPER}][{_UPPER}0-9_]*"),
}

STARTERS = frozenset(
    b"The A An And But Or If When While As At In On It He She We They You I This That These Those There Then So For "
    b"From With By Of To Not No Yes What Who Why How Where Which His Her Its Their My Your Our After Before Now "
    b"Once All".split()
)
"""Words that are capitalised at the start of a sentence, and belong to no name that follows."""

PACKED = 2000

First = tuple[int, int, int, Filters]
"""Where to look for a term's first occurrence: document, byte, end of the part, filters."""

Counted = tuple[int, int, First]
"""Occurrences, and those of them within a sentence."""

INSIDE_SHARE = 20
"""A word is a name if at least one in so many of its occurrences is within a sentence."""


def terms(
    deadline: Deadline,
    pieces: Pieces,
    kind: str,
    edges: tuple[float, ...] = (),
    ignore_case: bool = False,
    single: bool = False,
) -> tuple[list[bytes], bool, int]:
    """Each term's counts and where to look for the first, in pickles of `PACKED` terms; whether they were cut short;
    bytes searched."""
    what = _kind(kind, edges)
    test = compile_pattern(what.pattern, ignore_case)
    if single and test.groups > 1:
        raise ProgramError("What one group captures is counted here.", "Make the others (?:…), or pass rows of top().")
    scan = Scan(deadline, pieces)
    counts: Counter[bytes] = Counter()
    inside: Counter[bytes] = Counter()
    firsts: dict[bytes, First] = {}
    for piece, reader in scan.pieces(test):
        for window in scan.windows(reader, piece):
            if what.quick is not None and window.ascii and not window.is_piece:
                found = Counter(what.quick.findall(window.text))
            elif kind not in KINDS and test.groups < 2:
                found = _all_at_once(Counter(test.values(window, deadline)), what)  # type: ignore[arg-type]  # one group
            else:
                found = Counter(_terms(window, test, what, deadline, inside))
            counts.update(found)
            first = (piece.doc, window.start, piece.high, piece.filters)
            for term in found.keys() - firsts.keys():
                firsts[term] = first
    items = iter(counts.items())
    packs: list[bytes] = []
    size = 0
    while some := list(islice(items, PACKED)):
        packs.append(pickle.dumps({term: (count, inside[term], firsts[term]) for term, count in some}, protocol=5))
        size += len(packs[-1])
        if size > MOST_TALLIED:
            return packs, True, scan.searched
    return packs, False, scan.searched


def _all_at_once(values: Counter[bytes], what: Kind) -> Counter[bytes]:
    """Terms of values that were counted together, each of which mostly stands there more than once."""
    found: Counter[bytes] = Counter()
    for value, count in values.items():
        if value and (term := what.term(value)):
            found[term] += count
    return found


def _kind(kind: str, edges: tuple[float, ...]) -> Kind:
    return KINDS.get(kind) or Kind(kind, edges=tuple(edges))


def _terms(
    window: Window, test: CompiledPattern, what: Kind, deadline: Deadline, inside: Counter[bytes]
) -> Iterator[bytes]:
    for spans in test.matches(window, deadline):
        start, end = _term(window, spans, what)
        if start < end and (term := what.term(window.text[start:end])):
            if what.inside_only and _inside(window.text, start):
                inside[term] += 1
            yield term


def _term(window: Window, spans: Spans, what: Kind) -> tuple[int, int]:
    start, end = spans[1] if len(spans) > 1 else spans[0]
    if what.inside_only:
        # "But Pierre" and "Pierre's" are Pierre; a lone "But" is no name.
        while start < end:
            stop = window.text.find(b" ", start, end)
            word = window.text[start : stop if stop >= 0 else end]
            if word not in STARTERS and not word.startswith((b"I'", "I’".encode())):
                break
            start = stop + 1 if stop >= 0 else end
        for ending in (b"'s", "’s".encode()):
            if window.text.endswith(ending, start, end):
                end -= len(ending)
    return start, end


def _inside(text: bytes, at: int) -> bool:
    """Whether a word that starts at `at` comes after a word or a comma, not at the start of a line or sentence."""
    if text[at - 1 : at] != b" ":
        return False
    before = text[max(0, at - 5) : at - 1].decode("utf-8", "ignore")[-1:]
    return before.isalnum() or (before != "" and before in ",;")


Region = tuple[File, int, int, Filters, tuple[int, int]]
"""A file, from and to which byte, filters, and a line base."""


def hits(
    deadline: Deadline,
    kind: str,
    places: list[tuple[bytes, Region]],
    edges: tuple[float, ...] = (),
    ignore_case: bool = False,
) -> dict[bytes, Hit]:
    """A Hit for each term's first occurrence; each is given with where to look for it."""
    what = _kind(kind, edges)
    test = compile_pattern(what.pattern, ignore_case)
    found: dict[bytes, Hit] = {}
    wanted: dict[Region, set[bytes]] = {}
    for term, region in places:
        wanted.setdefault(region, set()).add(term)
    for region, terms in wanted.items():
        found |= _first_hits(region, terms, what, test, deadline)
    return found


def _first_hits(
    region: Region, terms: set[bytes], what: Kind, test: CompiledPattern, deadline: Deadline
) -> dict[bytes, Hit]:
    file, start, end, filters, base = region
    piece = Piece(0, file, 0, end, start, end, base, filters)
    found: dict[bytes, Hit] = {}
    with opened(file) as reader:
        hits = Hits(reader, piece)
        for window in windows(reader, piece, deadline):
            for spans in test.matches(window, deadline):
                place = _term(window, spans, what)
                term = what.term(window.text[slice(*place)])
                if term in terms and term not in found:
                    found[term] = hits.hit(*window.span(*place))
                    if len(found) == len(terms):
                        return found
    raise SearchTimeout("Looking up the terms took too long.", "Ask for fewer, or in a smaller region.")
