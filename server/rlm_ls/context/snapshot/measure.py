"""Measures of a text (lines, characters, whether it is UTF-8), taken in one pass. Measures of adjacent ranges are
joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from blake3 import blake3

from rlm_ls.context.document import Document, Source

RANGE = 8 << 20
"""Bytes of a large text that are measured at a time, each with a digest of its own; a multiple of CHECKPOINT."""

DIGEST = 16
"""Bytes of a digest of a range. A small text's measures end with the digest of the text itself."""


def digest_of(text: bytes) -> bytes:
    """Whoever has it, and knows what it is of, can tell whether a text is still the same."""
    return blake3(text).digest(DIGEST)


@dataclass(frozen=True, slots=True)
class RangeMeasure:
    """Of bytes `start` to `end` of a text.

    `ends[i]` is the number of line ends in the range's block number i (blocks of CHECKPOINT bytes). `head` and `tail`
    are the bytes before the first and after the last line end (both the whole range if there is none), `longest` the
    longest line in between. `bad` is the offset of the first byte that is not UTF-8, or -1. `drawn`: it holds
    what only a terminal makes sense of.
    """

    start: int
    end: int
    characters: int
    ends: tuple[int, ...]
    head: int
    tail: int
    longest: int
    ascii: bool
    crlf: bool
    bad: int
    ends_before_bad: int
    last: bytes
    digest: bytes
    drawn: bool = False


class TextMeasure(NamedTuple):
    """Of a whole text, in the terms of Document. `longest_line` is in bytes, without the line end.

    Plain, for many are sent. Without a digest only the lines were of interest, and `longest_line` is not known.
    """

    characters: int
    lines: int
    longest_line: int
    ascii: bool
    crlf: bool
    checkpoints: tuple[int, ...]
    bad: int
    bad_line: int
    digest: bytes
    drawn: bool = False

    def document(self, uri: str, path: str, language: str, source: Source, **others: Any) -> Document:
        """The Document of these lines, which stand at `source`; `others` of its fields where they are not the usual."""
        return Document(
            uri=uri,
            path=path,
            language=language,
            source=source,
            characters=self.characters,
            lines=self.lines,
            longest_line=self.longest_line,
            ascii=self.ascii,
            crlf=self.crlf,
            checkpoints=self.checkpoints,
            **{"version": None} | others,
        )


def join(measures: Iterable[RangeMeasure]) -> TextMeasure:
    """Joins the measures of all ranges of a text, in order."""
    characters = longest = unfinished = 0
    plain, crlf, bad, bad_line = True, False, -1, 0
    checkpoints, digest, last, drawn = [0], b"", b"", False
    for one in measures:
        if one.bad >= 0 and bad < 0:
            bad, bad_line = one.bad, checkpoints[-1] + one.ends_before_bad + 1
        for ends in one.ends:
            checkpoints.append(checkpoints[-1] + ends)
        unfinished += one.head
        if sum(one.ends):
            longest = max(longest, one.longest, unfinished)
            unfinished = one.tail
        characters += one.characters
        plain, crlf = plain and one.ascii, crlf or one.crlf
        digest, last, drawn = digest + one.digest, one.last or last, drawn or one.drawn
    ends = checkpoints[-1]
    return TextMeasure(
        characters=characters,
        lines=ends + (1 if last and last not in b"\r\n" else 0),
        longest_line=max(longest, unfinished),
        ascii=plain,
        crlf=crlf,
        checkpoints=tuple(checkpoints),
        bad=bad,
        bad_line=bad_line,
        digest=digest,
        drawn=drawn,
    )
