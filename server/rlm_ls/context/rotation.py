"""The order of rotated files in time: `app.log.2.gz`, `app.log.1`, `app.log` are one log, cut in pieces.

The names alone decide. Where no plain `app.log` stands beside them, only names that say "log" count: `printf.1` and
`printf.3` are two manual pages.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence

_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst|lz4|Z|zip)$")
_MARKED = re.compile(r"[._-](?:\d|old|prev)")
_DATED = re.compile(
    r"""[._-]{1,2}
    (?P<day>20\d\d(?P<dash>[._-]?)(?:0[1-9]|1[0-2])(?P=dash)(?:0[1-9]|[12]\d|3[01])|20\d\d[.-]W?[0-5]\d(?!\d))
    (?:[T_.-]?(?P<clock>(?:[01]\d|2[0-3])(?:[:._-]?[0-5]\d){0,2})(?:\.\d{3,9})?Z?(?!\d))?
    (?:[._-](?P<part>\d{1,9}))?
    (?P<end>\.[A-Za-z][A-Za-z0-9]{0,7})?
    (?:[._-](?P<later>\d{1,9}))?$""",
    re.VERBOSE,
)
_EPOCH = re.compile(r"[._-](1[0-9]{9})(\.[A-Za-z]{1,8})?$")
_NUMBERED = re.compile(r"\.(0|[1-9]\d{0,3})(\.(?:log|out|err|txt))?$")
_OLD = re.compile(r"[._-](?:old|prev(?:ious)?)(\.(?:log|out|err|txt))?$")
_INFIX = re.compile(r"\.\d{1,4}\.(?:log|out|err|txt)(?:\.[A-Za-z0-9]+)?$")
"""`Xorg.0.log` and `Xorg.1.log` are of two displays, unless an `Xorg.log` stands beside them."""
_LOG = re.compile(r"(?:^|[^a-z])(?:sys)?logs?(?:[^a-z]|$)|\.(?:out|err)$", re.IGNORECASE)

_NEWEST = "4"

Place = tuple[str, str]
"""The name of the log that a file is a piece of, and a text by which its pieces sort: the oldest first."""


def places(names: Iterable[str]) -> dict[str, Place]:
    """The files of one folder that are pieces of a log, by name. A log of one piece is none."""
    found: dict[str, Place] = {}
    for name in names:
        if _MARKED.search(name) and (place := _place(name)) is not None:
            found[name] = place
    if not found:
        return found
    everything = set(names)
    sets: dict[str, list[str]] = {}
    for name, (log, _) in found.items():
        sets.setdefault(log, []).append(name)
    kept: dict[str, Place] = {}
    for log, pieces in sets.items():
        if log in everything:
            kept[log] = (log, _NEWEST)
        elif len(pieces) < 2 or not _LOG.search(log) or all(_is_infix(name, found[name]) for name in pieces):
            continue
        for name in pieces:
            # `Xorg.0.log` is the newest piece of its own log before it is one of a log that is not there.
            kept.setdefault(name, found[name])
    return kept


def in_time(paths: Sequence[str]) -> list[int]:
    """The indices of the paths, with the pieces of each log in the order of their time, in the places that they had."""
    order = list(range(len(paths)))
    for place, number in moved(paths).items():
        order[place] = number
    return order


def moved(paths: Sequence[str]) -> dict[int, int]:
    """`in_time`, of those alone that are pieces of a log: by its place, the index of the path that belongs there."""
    order: dict[int, int] = {}
    for pieces in _logs(paths).values():
        order |= zip(sorted(number for _, number in pieces), [number for _, number in sorted(pieces)], strict=True)
    return order


def logs(paths: Sequence[str]) -> list[str]:
    """The paths of the logs that some of the paths are pieces of, where these are in the order of their time."""
    return [f"{folder}{log}" for (folder, log), pieces in _logs(paths).items() if _in_order(pieces)]


def _in_order(pieces: list[tuple[Place, int]]) -> bool:
    numbers = [number for _, number in sorted(pieces)]
    return numbers == sorted(numbers)


def _logs(paths: Sequence[str]) -> dict[tuple[str, str], list[tuple[Place, int]]]:
    """By folder and log. Of all names only those are noted that may matter: there may be a million."""
    marked: dict[str, dict[str, int]] = {}
    plain: dict[str, set[str]] = {}
    for number, path in enumerate(paths):
        cut = path.rfind(os.sep) + 1
        if _MARKED.search(path, cut) and (place := _place(path[cut:])) is not None:
            marked.setdefault(path[:cut], {}).setdefault(path[cut:], number)
            plain.setdefault(path[:cut], set()).add(place[0])
    for number, path in enumerate(paths) if marked else ():
        cut = path.rfind(os.sep) + 1
        if (wanted := plain.get(path[:cut])) is not None and path[cut:] in wanted:
            marked[path[:cut]].setdefault(path[cut:], number)
    found: dict[tuple[str, str], list[tuple[Place, int]]] = {}
    for folder, names in marked.items():
        for name, place in places(names).items():
            found.setdefault((folder, place[0]), []).append((place, names[name]))
    return found


def _is_infix(name: str, place: Place) -> bool:
    return place[1].startswith("2") and _INFIX.search(name) is not None


def _place(name: str) -> Place | None:
    """Dates are older than numbers, for a log has both after its rotation was set anew."""
    bare = _PACKED.sub("", name)
    if (dated := _DATED.search(bare)) and dated.start():
        digits = re.sub(r"\D", "", dated["day"] + (dated["clock"] or "")).ljust(14, "0")
        part = int(dated["part"] or dated["later"] or 0)
        return bare[: dated.start()] + (dated["end"] or ""), f"1{digits}{part:09}"
    if (epoch := _EPOCH.search(bare)) and epoch.start():
        digits = time.strftime("%Y%m%d%H%M%S", time.gmtime(int(epoch[1])))
        return bare[: epoch.start()] + (epoch[2] or ""), f"1{digits}{0:09}"
    if (numbered := _NUMBERED.search(bare)) and numbered.start():
        return bare[: numbered.start()] + (numbered[2] or ""), f"2{9999 - int(numbered[1]):04}"
    if (old := _OLD.search(bare)) and old.start():
        return bare[: old.start()] + (old[1] or ""), "3"
    return None
