"""A log by its times: one part for each day, hour or minute, whichever makes a handy number of parts."""

from __future__ import annotations

import re

from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File

Found = tuple[str, str, int, int, int]

LONGEST_STEP = 1 << 16
"""Bytes between two looks at a log's time, at most: between two that are the same, it is taken not to change."""

NEAR_START = 200
"""Bytes of a line in which its time stands."""

MOST = 200
SAMPLES = 40

_STAMPS = tuple(
    re.compile(pattern)
    for pattern in (
        rb"(?P<day>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<hour>\d\d)(?P<minute>:\d\d)",
        rb"(?P<day>\d\d/[A-Z][a-z]{2}/\d{4}):(?P<hour>\d\d)(?P<minute>:\d\d)",
        rb"(?P<day>[A-Z][a-z]{2} +\d{1,2}),? (?:\d{4} )?(?P<hour>\d\d)(?P<minute>:\d\d)",
        rb"(?P<day>\d\d[-/.]\d\d(?:[-/.]\d\d(?:\d\d)?)?) (?P<hour>\d\d)(?P<minute>:\d\d)",
        rb"(?P<day>)(?P<hour>\d\d)(?P<minute>:\d\d):\d\d",
    )
)

_GRAINS = (("day", "hour", "minute"), ("day", "hour"), ("day",))
"""What makes a part's name: minutes, hours, days."""


def buckets(deadline: Deadline, reader: Reader) -> list[Found]:
    """The parts, in order; empty if most lines hold no time."""
    stamp = _stamp(reader)
    if stamp is None:
        return []
    step = max(1, min(LONGEST_STEP, reader.size // (4 * MOST)))
    starts = [reader.next_line(at, reader.size) for at in range(0, reader.size, step)]
    probes = [(at, time) for at in dict.fromkeys(starts) if (time := _time(reader, stamp, at)) is not None]
    for grain in _GRAINS:
        names = dict.fromkeys(_name(time, grain) for _, time in probes)
        if 2 <= len(names) <= MOST:
            return _parts(deadline, reader, stamp, probes, grain, step)
    return []


def _stamp(reader: Reader) -> re.Pattern[bytes] | None:
    starts = {reader.next_line(reader.size * number // SAMPLES, reader.size) for number in range(SAMPLES)}
    lines = [reader.peek(at, at + 100).split(b"\n")[0] for at in starts if at < reader.size]
    for stamp in _STAMPS:
        if sum(stamp.search(line) is not None for line in lines) >= 0.6 * len(lines):
            return stamp
    return None


def _time(reader: Reader, stamp: re.Pattern[bytes], at: int) -> re.Match[bytes] | None:
    """The first time at byte `at` or in the lines right after it."""
    return stamp.search(reader.peek(at, min(at + 1000, reader.size)))


def _name(time: re.Match[bytes], grain: tuple[str, ...]) -> str:
    parts = [time.group(part).decode() for part in grain]
    return (parts[0] + " " + "".join(parts[1:]) + ("h" if grain[-1] == "hour" else "")).strip()


def _parts(
    deadline: Deadline,
    reader: Reader,
    stamp: re.Pattern[bytes],
    probes: list[tuple[int, re.Match[bytes]]],
    grain: tuple[str, ...],
    step: int,
) -> list[Found]:
    edges: list[tuple[int, str]] = [(0, _name(probes[0][1], grain))]
    for at, time in [*probes[1:], (reader.size, None)]:
        if deadline.late() or len(edges) > 10 * MOST:
            break
        if time is not None and _name(time, grain) == edges[-1][1]:
            continue
        before = max(edges[-1][0], at - 2 * step)
        edges += _changes(reader, stamp, before, at, grain, edges[-1][1])
    ends = [at for at, _ in edges[1:]] + [reader.size]
    return [("time", name, 1, at, end) for (at, name), end in zip(edges, ends, strict=True)]


def _changes(
    reader: Reader, stamp: re.Pattern[bytes], start: int, end: int, grain: tuple[str, ...], name: str
) -> list[tuple[int, str]]:
    """Where the name changes between two bytes, line by line (short, so Python will do)."""
    found: list[tuple[int, str]] = []
    text = reader.read(start, min(end + 200, reader.size)).replace(b"\r", b"\n")
    at = 0
    while at <= min(end - start, len(text) - 1):
        stop = text.find(b"\n", at)
        stop = len(text) if stop < 0 else stop
        time = stamp.search(text, at, min(stop, at + 100))
        if time is not None and (here := _name(time, grain)) != name:
            name = here
            found.append((start + at, name))
        at = stop + 1
    return found


# ---- one hour --------------------------------------------------------------------------------------------------------


def time_in(head: bytes) -> bool:
    """Whether a line that begins so holds a time."""
    return any(stamp.search(head[:NEAR_START]) for stamp in _STAMPS)


def hour_around(deadline: Deadline, file: File, at: int) -> tuple[int, int] | None:
    """Start and end of the lines around byte `at` that are of the hour of its line; None if that holds no time.

    The text is taken to be in the order of time: from the place outwards, by bisection.
    """
    with opened(file) as reader:
        start = reader.line_start(at)
        head = reader.peek(start, min(start + NEAR_START, reader.line_end(start, reader.size)))
        for stamp in _STAMPS:
            if (time := stamp.search(head)) is not None:
                hour = _Hour(deadline, reader, stamp, _name(time, ("day", "hour")))
                return hour.edge(start, -1), hour.edge(start, 1)
        return None


class _Hour:
    def __init__(self, deadline: Deadline, reader: Reader, stamp: re.Pattern[bytes], name: str) -> None:
        self._deadline, self._reader, self._stamp, self._hour = deadline, reader, stamp, name

    def edge(self, start: int, way: int) -> int:
        """The start of the hour's first line (`way` -1), or of the first line after it."""
        inside, step = start, LONGEST_STEP
        outside = max(-1, min(inside + way * step, self._reader.size))
        while 0 <= outside < self._reader.size and self._holds(outside):
            inside, step = outside, 2 * step
            outside = max(-1, min(inside + way * step, self._reader.size))
        while abs(outside - inside) > 1 and not self._deadline.late():
            middle = (inside + outside) // 2
            inside, outside = (middle, outside) if self._holds(middle) else (inside, middle)
        return (
            self._reader.line_start(max(0, inside)) if way < 0 else self._reader.next_line(outside, self._reader.size)
        )

    def _holds(self, at: int) -> bool:
        """Whether the line of byte `at`, or the first after it that holds a time, is of the hour."""
        time = _time(self._reader, self._stamp, self._reader.line_start(at))
        return time is not None and _name(time, ("day", "hour")) == self._hour
