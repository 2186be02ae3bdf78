"""The lines whose own time is in a window that a question names, as a pattern."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from rlm_ls.models.offline.parsing.windows import Moment, Window
from rlm_ls.models.offline.shapes.column import TimeColumn
from rlm_ls.models.offline.shapes.times import clock_range, date_text

MOST_DAYS = 62


def window_pattern(window: Window, time: TimeColumn | None) -> str | None:
    """The pattern of lines whose own time is in the window, or None where that cannot be said of this text."""
    if time is None or time.format.epoch:
        return None
    if not time.format.hour and (window.start.clock or (window.end is not None and window.end.clock)):
        return None
    known, start, end = time.format, window.start, window.end

    def day_of(at: Moment) -> str | None:
        if (at.year, at.month, at.day) == (None, None, None):
            return known.day
        return date_text(known, at.year, at.month, at.day)

    def stretch(at: Moment, first: str, last: str) -> str | None:
        day = day_of(at)
        return None if day is None else f"{day}{known.gap}{clock_range(known, first, last)}"

    parts: list[str | None] = []
    if window.form == "on":
        if not start.clock:
            parts = [day_of(start)]
        else:
            hour = start.precision == 2 or "hour" in window.said.lower()
            first = start.clock[:2] + "0000" if hour else start.clock
            parts = [stretch(start, first, _next(start.clock, 2 if hour else start.precision))]
    elif window.form == "between" and end is not None:
        parts = _between(start, end, stretch, day_of)
    elif window.form == "after" and start.clock:
        parts = [stretch(start, start.clock, "240000")] if start.month is None or not known.day else [None]
    elif window.form == "before" and start.clock:
        parts = [stretch(start, "000000", start.clock)] if start.month is None or not known.day else [None]
    else:
        parts = [None]
    if not parts or any(part is None for part in parts):
        return None
    return time.before + "(?:" + "|".join(part for part in parts if part) + ")"


def _between(
    start: Moment,
    end: Moment,
    stretch: Callable[[Moment, str, str], str | None],
    day_of: Callable[[Moment], str | None],
) -> list[str | None]:
    last = _end(end)
    if start.clock and end.clock:
        same = (end.month, end.day) in {(None, None), (start.month, start.day)}
        if same and start.clock < last:
            return [stretch(start, start.clock, last)]
        if start.year is None or end.month is None:
            return [None]
    if start.month is None or end.month is None or start.day is None or end.day is None:
        return [None]
    year = start.year or 2000
    first_day, last_day = date(year, start.month, start.day), date(end.year or year, end.month, end.day)
    days = [first_day + timedelta(n) for n in range((last_day - first_day).days + 1)][: MOST_DAYS + 1]
    if not days or len(days) > MOST_DAYS:
        return [None]
    moments = [Moment(start.year, day.month, day.day) for day in days]
    parts: list[str | None] = [day_of(at) for at in moments]
    if start.clock:
        parts[0] = stretch(moments[0], start.clock, "240000")
    if end.clock:
        parts[-1] = stretch(moments[-1], "000000", last) if last > "000000" else ""
    return parts


def _end(end: Moment) -> str:
    """Up to 11:00 ends before it; up to 10:59, or with seconds, takes the minute or the second in."""
    if end.precision == 6 or end.clock[2:4] == "59":
        return _next(end.clock, end.precision)
    return end.clock


def _next(clock: str, precision: int) -> str:
    seconds = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:])
    seconds += {2: 3600, 4: 60}.get(precision, 1)
    return f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
