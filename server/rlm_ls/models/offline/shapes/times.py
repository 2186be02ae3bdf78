"""The one table of how logs write a time. All but the epochs stand with the largest unit first, so that a day, an hour
or a minute is a prefix of the time's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["day", "hour", "minute", "second"]

MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
FRACTION = r"(?:[.,]\d+)?"


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """Patterns, without groups, of a time's parts in their order. `date` names the date's parts: y m d, b a month's
    name; "" for a time of day alone and for epochs."""

    name: str
    day: str
    gap: str
    hour: str = r"\d\d"
    minute: str = r":\d\d"
    second: str = r":\d\d"
    tail: str = FRACTION
    date: str = "y-m-d"
    epoch: int = 0
    """Units a second of a number that counts from 1970; 0 where it is no such number."""

    @property
    def pattern(self) -> str:
        return self.day if self.epoch else self.until("second") + self.tail

    @property
    def month(self) -> tuple[str, str] | None:
        """What stands before a date's month and year, and these; None where they do not stand together."""
        return MONTHLY.get(self.date)

    def until(self, unit: Unit) -> str:
        """What stands from the time's start to the end of `unit`."""
        parts = {
            "day": self.day,
            "hour": self.day + self.gap + self.hour,
            "minute": self.day + self.gap + self.hour + self.minute,
            "second": self.day + self.gap + self.hour + self.minute + self.second,
        }
        return parts[unit]


MONTHLY = {
    "y-m-d": ("", r"\d{4}-\d\d"),
    "y/m/d": ("", r"\d{4}/\d\d"),
    "d.m.y": (r"\d\d\.", r"\d\d\.\d+"),
    "d/b/y": (r"\d\d/", rf"{MONTH}/\d+"),
    "d-b-y": (r"\d\d[- ]", rf"{MONTH}[- ]\d+"),
    "d b y": (r"\d\d ", rf"{MONTH} \d+"),
}
"""By the parts of a date."""

ISO = r"\d{4}-\d\d-\d\d"
CLOCK = TimeFormat("time of day", "", "", date="")

FORMATS: tuple[TimeFormat, ...] = (
    TimeFormat("ISO 8601", ISO, "[T ]", tail=FRACTION + ZONE),
    TimeFormat("ISO 8601 with dots", ISO, "-", minute=r"\.\d\d", second=r"\.\d\d"),
    TimeFormat("ISO 8601 basic", r"\d{8}", "T", minute=r"\d\d", second=r"\d\d", tail=FRACTION + ZONE, date="ymd"),
    TimeFormat("year/month/day", r"\d{4}/\d\d/\d\d", " ", date="y/m/d"),
    TimeFormat("access log", rf"\d\d/{MONTH}/\d{{4}}", ":", tail=rf"{FRACTION}(?: [+-]\d{{4}})?", date="d/b/y"),
    TimeFormat("day/month/year", rf"\d\d/{MONTH}/\d{{4}}", " ", tail=FRACTION + ZONE, date="d/b/y"),
    TimeFormat("day-month-year", rf"\d\d[- ]{MONTH}[- ]\d{{4}}", " ", tail=FRACTION + ZONE, date="d-b-y"),
    TimeFormat("ctime", rf"{WEEKDAY} {MONTH} {{1,2}}\d{{1,2}}", " ", tail=rf"{FRACTION} \d{{4}}", date="b d"),
    TimeFormat("RFC 2822", rf"{WEEKDAY}, \d\d {MONTH} \d{{4}}", " ", tail=ZONE, date="d b y"),
    TimeFormat("month day year", rf"{MONTH} {{1,2}}\d{{1,2}} \d{{4}}", " ", tail=FRACTION, date="b d y"),
    TimeFormat("syslog", rf"{MONTH} {{1,2}}\d{{1,2}}", " ", date="b d"),
    TimeFormat("compact", r"\d{8}", "-", r"\d{1,2}", r":\d{1,2}", r":\d{1,2}", r"(?::\d+)?", date="ymd"),
    TimeFormat("day.month.year", r"\d\d\.\d\d\.\d{4}", " ", date="d.m.y"),
    TimeFormat("day first or month first", r"\d\d[/-]\d\d[/-]\d{4}", ",? ", date=""),
    TimeFormat("two-digit year", r"\d\d/\d\d/\d\d", " ", date="y/m/d"),
    TimeFormat("month-day", r"\d\d-\d\d", " ", date="m-d"),
    TimeFormat("month.day", r"\d\d\.\d\d", " ", date="m.d"),
    TimeFormat("six digits", r"\d{6}", " ", r"[ \d]\d", date="ymd"),
    TimeFormat("twice six digits", r"\d{6}", " ", minute=r"\d\d", second=r"\d\d", tail="", date="ymd"),
    TimeFormat("epoch seconds", r"1\d{9}(?:\.\d+)?", "", date="", epoch=1),
    TimeFormat("epoch microseconds", r"1\d{15}", "", date="", epoch=1_000_000),
    TimeFormat("epoch milliseconds", r"1\d{12}", "", date="", epoch=1000),
    CLOCK,
    TimeFormat("ISO 8601 to the minute", ISO, "[T ]", second="", tail=r"(?!:?\d)" + ZONE),
    TimeFormat("day.month.year to the minute", r"\d\d\.\d\d\.\d{4}", ",? ", second="", tail=r"(?!:?\d)", date="d.m.y"),
    TimeFormat("two-digit day.month.year", r"\d\d\.\d\d\.\d\d", ",? ", second="", tail=r"(?::\d\d)?", date="d.m.y"),
    TimeFormat("time of day to the minute", "", "", second="", tail=r"(?!:?\d)", date=""),
    TimeFormat("date", ISO, "", "", "", "", ""),
    TimeFormat("date with slashes", r"\d{4}/\d\d/\d\d", "", "", "", "", "", date="y/m/d"),
    TimeFormat("date with dots", r"\d\d\.\d\d\.\d{4}", "", "", "", "", "", date="d.m.y"),
    TimeFormat("date with a month's name", rf"\d\d {MONTH} \d{{4}}", "", "", "", "", "", date="d b y"),
)
"""Longer ones first: a time of day is part of most others."""

KLOG = TimeFormat("klog", r"\d{4}", " ", date="md")

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def time_at_start(text: str) -> TimeFormat | None:
    """How the time is written that `text` begins with."""
    for known in FORMATS:
        if re.match(rf"(?:{known.pattern})(?![\d])", text):
            return known
    return None


def date_text(known: TimeFormat, year: int | None, month: int | None, day: int | None) -> str | None:
    """The pattern of a date as `known` writes it; what is not given may be any."""
    if not known.date:
        return None
    long_year = r"\d{4}" in known.day or r"\d{8}" in known.day
    if day is None and known.date in {"b d", "md", "m-d", "m.d"} and (month is None or year is not None):
        return None  # it has no year
    parts = {
        "y": (rf"\d{{{4 if long_year else 2}}}" if year is None else str(year) if long_year else f"{year % 100:02}"),
        "m": r"\d\d" if month is None else f"{month:02}",
        "d": r"[ \d]?\d" if day is None else rf" ?[ 0]?{day}" if known.date[:1] == "b" and day < 10 else f"{day:02}",
        "b": MONTH if month is None else MONTHS[month - 1].capitalize(),
    }
    written = "".join(parts.get(sign, re.escape(sign)) for sign in known.date)
    if known.name in {"ctime", "RFC 2822"}:
        written = WEEKDAY + (", " if known.name == "RFC 2822" else " ") + written
    return written


def clock_range(known: TimeFormat, start: str, end: str) -> str:
    """The pattern of the times of day from `start` up to, not including, `end`: texts HHMMSS of the digits alone."""
    first, last = start, f"{int(end) - 1:06}"
    if last.endswith("99"):
        # One second before 12:00:00 is 11:59:59.
        seconds = int(end[:2]) * 3600 + int(end[2:4]) * 60 + int(end[4:]) - 1
        last = f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
    return "(?:" + "|".join(_placed(known, digits) for digits in _between(first, last)) + ")"


def _between(first: str, last: str) -> list[str]:
    """Patterns of the numbers from `first` to `last`, of the same length; a place that may hold any digit is "."."""
    if first > last:
        return ["x"]
    if not first:
        return [""]
    if set(first) == {"0"} and set(last) == {"9"}:
        return ["." * len(first)]
    head, end = first[0], last[0]
    if head == end:
        return [head + rest for rest in _between(first[1:], last[1:])]
    width = len(first) - 1
    low = [head + rest for rest in _between(first[1:], "9" * width)]
    middle = [f"{digit}{'.' * width}" for digit in range(int(head) + 1, int(end))]
    high = [end + rest for rest in _between("0" * width, last[1:])]
    return low + middle + high


def _placed(known: TimeFormat, digits: str) -> str:
    """`digits` (HHMMSS) with the signs between them that `known` writes."""
    if digits == "x":
        return r"[^\s\S]"
    if not known.second:
        digits = digits[:4]
    minute = known.minute.removesuffix(r"\d\d").removesuffix(r"\d{1,2}")
    second = known.second.removesuffix(r"\d\d").removesuffix(r"\d{1,2}")
    pairs = [digits[:2], digits[2:4], digits[4:6]]
    if r"\d{1,2}" in known.hour:
        pairs = [pair[1] if pair[0] == "0" else pair for pair in pairs]
    if known.hour.startswith("[ "):
        pairs[0] = re.sub("^0", "[ 0]", pairs[0])
    written = f"{pairs[0]}{minute}{pairs[1]}{second}{pairs[2]}".replace(r"\.", "\0")
    return written.replace(".", r"\d").replace("\0", r"\.")


ORDER = r"""
months = 'JanFebMarAprMayJunJulAugSepOctNovDec'
def when(text):
    parts = [months.find(p) // 3 + 1 if p.isalpha() else int(p) for p in re.findall(r'\d+|[A-Z][a-z][a-z]', text)
             if p.isdigit() or months.find(p) % 3 == 0]
    return parts[2:0:-1] + parts[:1] + parts[3:] if re.match(r'(\w+, )?\d\d[-/. ]\S{2,3}[-/. ]\d{4}', text) else parts
"""
"""Source of `when`: a key by which times written with names of months, or the day first, stand in order."""
