"""Times in a question: between two, after, before, on a day, at an hour."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rlm_ls.models.offline.shapes.times import MONTHS

NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
ORDINAL = r"(?:st|nd|rd|th)?"
DATE = (
    rf"(?:\d{{4}}-\d\d-\d\d|\d{{4}}/\d\d/\d\d|\d\d/{NAME}/\d{{4}}|"
    rf"{NAME}\.? \d{{1,2}}(?![:\d]){ORDINAL}(?:,? \d{{4}}\b)?|"
    rf"\d{{1,2}}{ORDINAL} (?:of )?{NAME}(?:,? \d{{4}}\b)?)"
)
CLOCK = (
    r"(?:\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?|noon|midnight)(?: "
    r"?(?:utc|gmt|z)\b)?(?: o'clock)?"
)
MOMENT = rf"(?:(?:{DATE})(?:(?:,| at|t| on|:)? ?(?:{CLOCK}))?|(?:{CLOCK})(?: on (?:{DATE}))?)"
LEAD = r"(?:the |on |at )?"

FORMS: tuple[tuple[str, str], ...] = (
    ("between", rf"\b(?:between|from) {LEAD}(?P<a>{MOMENT}) (?:and|to|until|till|through|-|–) {LEAD}(?P<b>{MOMENT})"),
    ("between", rf"\b(?P<a>{CLOCK}) ?(?:-|–|to) ?(?P<b>{CLOCK})"),
    ("after", rf"\b(?:after|since|later than|from) {LEAD}(?P<a>{MOMENT})(?: on(?:wards?)?)?"),
    ("before", rf"\b(?:before|until|till|earlier than|prior to) {LEAD}(?P<a>{MOMENT})"),
    (
        "on",
        rf"\b(?:on|in|at|during|for|of) (?:the )?(?:(?:day|hour|minute|date) (?:of |starting at |beginning at |"
        rf"from )?)?(?P<a>{MOMENT})(?: hour)?",
    ),
    ("on", rf"\b(?P<a>{DATE})(?!\w)"),
    ("on", rf"\b(?:in|im|during|for|of|throughout) (?:the month of )?(?P<a>{NAME}(?:,? \d{{4}})?)\b(?![-/.:]?\w)"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day, or both; `clock` is HHMMSS, `precision` how many digits of it were said."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    clock: str = ""
    precision: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    said: str
    form: str
    start: Moment
    end: Moment | None = None

    def on(self, day: Moment) -> Window:
        """The same hours of one day."""
        start = replace(self.start, year=day.year, month=day.month, day=day.day)
        end = replace(self.end, year=day.year, month=day.month, day=day.day) if self.end is not None else None
        return Window(f"{self.said} on {day.day:02}/{day.month:02}", self.form, start, end)


def window_in(text: str) -> tuple[Window, int, int] | None:
    """The time that a question names, and where it stands."""
    for form, pattern in FORMS:
        if match := re.search(pattern, text, re.IGNORECASE):
            parts = match.groupdict()
            start = moment(parts["a"])
            end = moment(parts["b"]) if parts.get("b") else None
            if start is None or (parts.get("b") and end is None):
                continue
            return Window(match[0].strip(), form, start, end), match.start(), match.end()
    return None


def moment(text: str) -> Moment | None:
    year = month = day = None
    lower = text.lower()
    if match := re.search(r"(\d{4})[-/](\d\d)[-/](\d\d)", lower):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := re.search(rf"(\d{{1,2}})(?:{ORDINAL}) ?(?:of |/)?({NAME})(?:[/,]? ?(\d{{4}}))?", lower):
        day, month, year = int(match[1]), MONTHS.index(match[2][:3]) + 1, int(match[3]) if match[3] else None
    elif match := re.search(rf"({NAME})\.? (\d{{1,2}})(?!\d){ORDINAL}(?:,? (\d{{4}}))?", lower):
        day, month, year = int(match[2]), MONTHS.index(match[1][:3]) + 1, int(match[3]) if match[3] else None
    elif match := re.fullmatch(rf"({NAME})(?:,? (\d{{4}}))?", lower):
        return Moment(int(match[2]) if match[2] else None, MONTHS.index(match[1][:3]) + 1)
    if match:
        lower = lower.replace(match[0], " ")
    if month is not None and not (1 <= month <= 12 and day is not None and 1 <= day <= 31):
        return None
    clock, precision = _clock(lower)
    return None if month is None and not clock else Moment(year, month, day, clock, precision)


def _clock(text: str) -> tuple[str, int]:
    if "noon" in text:
        return "120000", 4
    if "midnight" in text:
        return "000000", 4
    match = re.search(r"(\d{1,2})(?::(\d\d))?(?::(\d\d))?(?:[.,]\d+)?(?: ?([ap])\.?m)?", text)
    if match is None or not (match[2] or match[4]):
        return "", 0
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4] == "p" else 0)
    if hour > 24 or minute > 59 or second > 59:
        return "", 0
    return f"{hour:02}{minute:02}{second:02}", 6 if match[3] else 4 if match[2] else 2
