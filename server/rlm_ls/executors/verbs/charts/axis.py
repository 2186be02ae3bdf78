"""Labels as places on an axis: times, numbers, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite

FORMATS = (
    ("%Y-%m-%d %H", timedelta(hours=1)),
    ("%Y-%m-%dT%H", timedelta(hours=1)),
    ("%Y-%m-%d %H:%M", timedelta(minutes=1)),
    ("%Y-%m-%dT%H:%M", timedelta(minutes=1)),
    ("%Y-%m-%d", timedelta(days=1)),
    ("%Y/%m/%d", timedelta(days=1)),
    ("%Y/%m/%d %H", timedelta(hours=1)),
    ("%Y/%m/%d %H:%M", timedelta(minutes=1)),
    ("%d/%b/%Y", timedelta(days=1)),
    ("%d/%b/%Y:%H", timedelta(hours=1)),
    ("%d/%b/%Y:%H:%M", timedelta(minutes=1)),
    ("%b %d", timedelta(days=1)),
    ("%b %d %H", timedelta(hours=1)),
    ("%b %d %H:%M", timedelta(minutes=1)),
    ("%H:%M", timedelta(minutes=1)),
    ("%Y-%m-%d %H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%dT%H:%M:%S", timedelta(seconds=1)),
    ("%H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%d %H:%M|", timedelta(minutes=10)),
    ("%Y-%m-%dT%H:%M|", timedelta(minutes=10)),
    ("%Y/%m/%d %H:%M|", timedelta(minutes=10)),
    ("%d/%b/%Y:%H:%M|", timedelta(minutes=10)),
    ("%b %d %H:%M|", timedelta(minutes=10)),
    ("%H:%M|", timedelta(minutes=10)),
)
"""How logs write the beginning of a time, and what one such label stands for. After `|` a last digit is missing."""

LONGEST = 40
LEAP_YEAR = "2000 "
"""Put before a date without a year, so that 29 February is one."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where labels stand, in seconds or in their own unit, and how far two neighbours are apart at least.

    `form` is the format of a time; "" of numbers and of names, which stand one after the other.
    """

    places: tuple[float, ...]
    step: float
    form: str = ""


def axis_of(labels: Sequence[str]) -> Axis:
    """By the first way of reading them that takes all."""
    for form, unit in FORMATS:
        times = _times(labels, form)
        if times is not None:
            return Axis(times, unit.total_seconds(), form)
    numbers = _numbers(labels)
    if numbers is None:
        return Axis(tuple(map(float, range(len(labels)))), 1.0)
    gaps = [after - before for before, after in pairwise(sorted(numbers)) if after > before]
    return Axis(numbers, min(gaps, default=1.0))


def between(label: str, next_label: str, form: str, most: int) -> list[str] | None:
    """The labels that are missing between two; None where they cannot be written as these are, or are more than
    `most`."""
    unit = next(step for known, step in FORMATS if known == form)
    at, end = _moment(label, form), _moment(next_label, form)
    if at is None or end is None or (end - at) / unit > most + 1:
        return None
    ways = (way for way in (_padded, _bare) if way(at, form) == label and way(end, form) == next_label)
    write = next(ways, None)
    if write is None:
        return None
    found = []
    while (at := at + unit) < end:
        found.append(write(at, form))
    return found


def coarser(form: str) -> int:
    """How many characters the labels of a form lose to become those of a coarser one; 0 where there is none."""
    if "%d" not in form and not form.endswith("%S"):
        return 0  # what is left of a mere time of day would be a number
    return next((cut for ending, cut in (("%S", 3), ("%M", 1), ("|", 2), ("%H", 3)) if form.endswith(ending)), 0)


def _times(labels: Sequence[str], form: str) -> tuple[float, ...] | None:
    found = []
    for label in labels:
        moment = _moment(label, form)
        # A format takes more than it writes: `23:5` is no minute.
        if moment is None or label not in (_padded(moment, form), _bare(moment, form)):
            return None
        found.append(moment.timestamp())
    return tuple(found) if found else None


def _moment(label: str, form: str) -> datetime | None:
    if not 4 <= len(label) <= LONGEST:
        return None
    if form.endswith("|"):
        label, form = f"{label}0", form[:-1]
    dated = "%Y" in form or "%b" not in form
    try:
        text, pattern = (label, form) if dated else (LEAP_YEAR + label, "%Y " + form)
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    except ValueError:
        return None


def _padded(moment: datetime, form: str) -> str:
    return moment.strftime(form[:-1])[:-1] if form.endswith("|") else moment.strftime(form)


def _bare(moment: datetime, form: str) -> str:
    """As syslog writes the first days of a month: `Jul 1 09`."""
    return _padded(moment, form.replace("%d", str(moment.day)))


def _numbers(labels: Sequence[str]) -> tuple[float, ...] | None:
    try:
        found = tuple(float(label) for label in labels)
    except ValueError:
        return None
    return found if found and all(map(isfinite, found)) else None
