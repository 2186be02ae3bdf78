"""An index of terms: how often each occurs, and where first."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_ls.context.clock import Clock
from rlm_ls.context.document import Hit
from rlm_ls.context.ops.hits import Hits
from rlm_ls.context.ops.program import Spans, program
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.ops.scan import Scan
from rlm_ls.context.ops.windows import Window
from rlm_ls.context.piece import File, Piece


@dataclass(frozen=True, slots=True)
class Kind:
    """A pattern for terms. `inside_only`: terms that occur only at the start of sentences are none."""

    pattern: str
    inside_only: bool = False


# Upper-case letters beyond ASCII are listed by block: Python's re has no \p{Lu}.
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΑ-ΩА-ЯЁ"
_WORD = rf"[{_UPPER}](?:[^\W\d_]|['’\-][^\W\d_])*"

KINDS = {
    "names": Kind(rf"{_WORD}(?: {_WORD}){{0,3}}", inside_only=True),
    "identifiers": Kind(r"[^\W\d]\w{2,}"),
    "caps": Kind(rf"[{_UPPER}][{_UPPER}0-9_]*[{_UPPER}][{_UPPER}0-9_]*"),
}

STARTERS = frozenset(
    b"The A An And But Or If When While As At In On It He She We They You I This That These Those There Then So For "
    b"From With By Of To Not No Yes What Who Why How Where Which His Her Its Their My Your Our After Before Now "
    b"Once All".split()
)
"""Words that are capitalised at the start of a sentence, and belong to no name that follows."""

Counted = tuple[int, int, int, int]
"""Occurrences, those of them within a sentence, document and byte of the first."""


def terms(clock: Clock, pieces: list[Piece], kind: str) -> tuple[dict[bytes, Counted], int]:
    """Each term's count and first place, and bytes searched."""
    what = KINDS.get(kind) or Kind(kind)
    test = program(what.pattern)
    scan = Scan(clock, pieces)
    counts: dict[bytes, list[int]] = {}
    for piece, reader in scan.pieces():
        for window, spans in scan.matches(test, reader, piece):
            start, end = _term(window, spans, what)
            if start >= end:
                continue
            term = window.text[start:end]
            entry = counts.get(term)
            if entry is None:
                entry = counts[term] = [0, 0, piece.doc, window.origin(start)]
            entry[0] += 1
            if what.inside_only and _inside(window.text, start):
                entry[1] += 1
    return {term: (a, b, c, d) for term, (a, b, c, d) in counts.items()}, scan.searched


def _term(window: Window, spans: Spans, what: Kind) -> tuple[int, int]:
    start, end = spans[1] if len(spans) > 1 else spans[0]
    if what.inside_only:
        # "But Pierre" is Pierre; a lone "But" is no name.
        while start < end:
            stop = window.text.find(b" ", start, end)
            word = window.text[start : stop if stop >= 0 else end]
            if word not in STARTERS:
                break
            start = stop + 1 if stop >= 0 else end
    return start, end


def _inside(text: bytes, at: int) -> bool:
    """Whether a word that starts at `at` comes after a word or a comma, not at the start of a line or sentence."""
    before = text[max(0, at - 2) : at]
    return (
        len(before) == 2 and before[1:] == b" " and (before[:1].isalnum() or before[0] in b",;)" or before[0] >= 0x80)
    )


def hits(_: Clock, places: list[tuple[File, int, int, tuple[int, int]]]) -> list[Hit]:
    """A Hit for each place: file, start, end, and a byte with its count of line starts."""
    found = []
    for file, start, end, base in places:
        with opened(file) as reader:
            piece = Piece(0, file, 0, file.source.size, start, end, base)
            found.append(Hits(reader, piece).hit(start, end))
    return found
