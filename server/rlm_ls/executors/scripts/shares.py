"""How prints share the room of an observation, and where a long one is cut: at the end of an item."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_CUT = 600
"""Characters below which a cut is not made: paging would cost more than they do."""


def shares(lengths: Sequence[int], limit: int) -> list[int]:
    """Characters that each of several prints may show. Short ones are whole, long ones share what is left equally.

    What a print is over its share by less than LEAST_CUT is granted, up to a quarter of the limit in all.
    """
    given = [0] * len(lengths)
    room = limit
    for left, index in zip(
        range(len(lengths), 0, -1), sorted(range(len(lengths)), key=lengths.__getitem__), strict=True
    ):
        given[index] = min(lengths[index], room // left)
        room -= given[index]
    extra = limit // 4
    for index, length in enumerate(lengths):
        over = length - given[index]
        if 0 < over <= min(LEAST_CUT, extra):
            given[index] += over
            extra -= over
    return given


def cut(text: str, limit: int) -> tuple[str, str]:
    """What of `text` is shown in about `limit` characters, and the rest: cut after a line, else after an item of a
    list, else where it has to be."""
    if len(text) <= limit:
        return text, ""
    head = text[: max(1, limit)]
    for mark in ("\n", "), ", "], ", "}, ", "', ", '", ', ", "):
        if (at := head.rfind(mark)) >= len(head) // 2:
            head = head[: at + len(mark)]
            break
    return head.rstrip("\n"), text[len(head) :]
