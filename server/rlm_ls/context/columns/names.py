"""Short unique names of very many paths: a byte each says how many of a path's last parts are its name."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from rlm_ls.context.columns.index import repeated
from rlm_ls.context.columns.rows import Made
from rlm_ls.visible import visible_line

DEEPEST = 255
"""Parts of a path that may be its name; of longer ones all."""


class Names(Made[str]):
    """The last parts of each path, as few as are unique, or what else it is called."""

    __slots__ = ("_depths", "_others", "_paths")

    def __init__(self, paths: Sequence[str], depths: bytearray, others: dict[int, str]) -> None:
        self._paths = paths
        self._depths = depths
        self._others = others

    def __len__(self) -> int:
        return len(self._depths)

    def made(self, number: int) -> str:
        other = self._others.get(number) if self._others else None
        return _tail(self._paths[number], self._depths[number]) if other is None else other


def short_names(paths: Sequence[str], taken: Iterable[str]) -> Names:
    """A unique name, as it is shown, for each path, of those that are not `taken`."""
    used = {hash(name) for name in taken}
    depths = bytearray(b"\1") * len(paths)
    hashes = array("q", [hash(_tail(path, 1)) for path in paths])
    longer = True
    while longer:
        longer = False
        often = repeated(hashes) | used
        for row in [row for row, one in enumerate(hashes) if one in often] if often else ():
            path = paths[row]
            if depths[row] < DEEPEST and path.count("/") >= depths[row]:
                depths[row] += 1
                hashes[row] = hash(_tail(path, depths[row]))
                longer = True
    return Names(paths, depths, _others(paths, depths, hashes, used))


def _others(paths: Sequence[str], depths: bytearray, hashes: array[int], used: set[int]) -> dict[int, str]:
    """By row, names that are not the end of a path: what cannot be shown as it is, or is there twice even so."""
    often = repeated(hashes) | used
    others: dict[int, str] = {}
    given: set[str] = set()
    numbers: dict[str, int] = {}
    every: array[int] | None = None
    for row, path in enumerate(paths):
        name = _tail(path, depths[row])
        shown = visible_line(name)
        if shown == name and hashes[row] not in often:
            continue
        every = array("q", sorted([*hashes, *used])) if every is None else every
        number = numbers.get(shown, 1)  # counted from 1 for each of a million alike, this would never end
        unique = shown if number == 1 else f"{shown} ({number})"
        while unique in given or hash(unique) in used or (unique != name and _holds(every, hash(unique))):
            number += 1
            unique = f"{shown} ({number})"
        numbers[shown] = number
        given.add(unique)
        others[row] = unique
    return others


def _holds(ordered: array[int], wanted: int) -> bool:
    at = bisect_left(ordered, wanted)
    return at < len(ordered) and ordered[at] == wanted


def _tail(path: str, depth: int) -> str:
    if depth == 1:
        return path[path.rfind("/") + 1 :]
    return "/".join(path.rsplit("/", depth)[-depth:])
