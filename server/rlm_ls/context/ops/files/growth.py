"""A text that was appended to: the measures of what it held before, so that only what is new is read."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

from rlm_ls.context.document import CHECKPOINT
from rlm_ls.context.ops.files.inspect import measured
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.snapshot.measure import DIGEST, RANGE, RangeMeasure, TextMeasure
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import DocumentChanged, DocumentUnreadable

EVIDENCE = 1 << 16
"""Bytes before the earlier end that must be as they were, at least: of a log whose lines begin with times, no other has
the same there."""


NEAR = 4096
"""Bytes at the start of a text, and before a place in it, by which the text is known again."""


def marks(_: Deadline, places: list[tuple[File, int]]) -> list[str]:
    """For each text and a byte of it: a digest of what stands there, and `+` where a line ends there. Empty for a text
    that has no such byte, or cannot be read."""
    return [_mark(file, end) for file, end in places]


def _mark(file: File, end: int) -> str:
    if not 0 < end <= file.source.size:
        return ""
    try:
        with opened(file) as reader:
            last = reader.read(end - NEAR, end)
            whole = sha256(reader.read(0, min(NEAR, end)) + last).hexdigest()[:32]
            return whole + ("+" if last.endswith((b"\n", b"\r")) else "")
    except (DocumentChanged, DocumentUnreadable):
        return ""


def before(deadline: Deadline, file: File, known: TextMeasure, size: int) -> RangeMeasure | None:
    """The measures of the ranges that are complete, of a text that was `known` when it had `size` bytes.

    None where there is nothing to save, or where the end of then is not there any more: the file was written anew. Of
    what lies before its last ranges nothing is read.
    """
    start = max(0, size - EVIDENCE) // RANGE * RANGE
    if not start or file.source.size <= size:
        return None
    try:
        with opened(file) as reader:
            ends = [*range(start + RANGE, size, RANGE), size]
            last = [measured(deadline, reader, max(start, end - 1) // RANGE * RANGE, end) for end in ends]
            digest, whole = known.digest[: start // RANGE * DIGEST], known.digest
            if digest + b"".join(one.digest for one in last) != whole or any(one.bad >= 0 for one in last):
                return None
            unfinished = start - reader.line_start(start)
    except (DocumentChanged, DocumentUnreadable):
        return None
    counts = known.checkpoints[: start // CHECKPOINT + 1]
    return RangeMeasure(
        start=0,
        end=start,
        characters=known.characters - sum(one.characters for one in last),
        ends=tuple(then - one for one, then in pairwise(counts)),
        head=0 if counts[-1] else start,
        tail=unfinished,
        longest=known.longest_line,
        ascii=known.ascii,
        crlf=known.crlf,
        bad=-1,
        ends_before_bad=0,
        last=b"\n",
        digest=digest,
        drawn=known.drawn,
    )
