"""Finding the present place of a text that was quoted earlier."""

from __future__ import annotations

from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import SearchTimeout

STEP = 4 << 20
"""Bytes looked through on either side before going further out."""


def nearest(deadline: Deadline, file: File, needles: list[bytes], near: int) -> tuple[int, int] | None:
    """Start and end of the occurrence of one of the needles whose start is nearest to byte `near`; None for none.

    Raises SearchTimeout. Works outwards from `near`, both ways by the same steps, so that what is found first is it.
    """
    with opened(file) as reader:
        near = max(0, min(near, reader.size))
        for distance in range(0, max(near, reader.size - near) + 1, STEP):
            if deadline.late():
                raise SearchTimeout("Looking for a quoted text took too long.", "Ask about smaller documents.")
            ways = [way(reader, needle, near, distance) for needle in needles for way in (_before, _after)]
            found = [hit for hit in ways if hit is not None]
            if found:
                return min(found, key=lambda hit: abs(hit[0] - near))
        return None


def _after(reader: Reader, needle: bytes, near: int, distance: int) -> tuple[int, int] | None:
    """The first start in the STEP bytes from `near + distance`."""
    low = near + distance
    at = reader.read(low, low + STEP + len(needle) - 1).find(needle)
    return None if at < 0 else (low + at, low + at + len(needle))


def _before(reader: Reader, needle: bytes, near: int, distance: int) -> tuple[int, int] | None:
    """The last start in the STEP bytes that end at `near - distance`."""
    high = near - distance
    low = max(0, high - STEP)
    if high <= low:
        return None
    at = reader.read(low, high + len(needle) - 1).rfind(needle)
    return None if at < 0 else (low + at, low + at + len(needle))
