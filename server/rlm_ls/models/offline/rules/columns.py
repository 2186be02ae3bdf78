"""The column that a noun of the question means, in the shape at hand: exactly one, or none is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.models.offline.grounding.words import stem
from rlm_ls.models.offline.parsing.vocabulary import NOUNS, QUANTITIES, UNITS, plain, singular
from rlm_ls.models.offline.shapes.column import Column
from rlm_ls.models.offline.shapes.levels import is_pri
from rlm_ls.models.offline.shapes.shape import MOST_LINES, SHORT, Shape
from rlm_ls.models.offline.shapes.times import Unit

IPV4 = r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
ANYWHERE: dict[str, tuple[str, str, str]] = {
    "client": (
        r"(?:client |source |remote |src )?ip addr(?:ess(?:es)?)?|(?:client |source |remote )?ips?",
        "IP addresses",
        rf"({IPV4})",
    ),
    "address": (r"(?:client |source |remote )?address(?:es)?", "IP addresses", rf"({IPV4})"),
    "email": (r"e-?mail(?: address(?:es)?)?s?", "e-mail addresses", r"([\w.+-]+@[\w-]+\.[\w.-]*\w)"),
    "exception": (
        r"(?:error|exception|failure) (?:types?|kinds?|names?|class(?:es)?)|exceptions?",
        "error types",
        r"\b([A-Z]\w*(?:Error|Exception|Failure|Failed|Denied|Refused|Limited|Exceeded|Unavailable|Invalid|Expired|Timeout|NotFound))\b",
    ),
}
"""Things that can be recognised wherever they stand in a line: how they are asked for, their name, their pattern."""


def crowded(sample: Sequence[str]) -> frozenset[str]:
    """The kinds of which lines of the sample hold several different ones; an address may be one of mail, too."""
    found = {
        kind
        for kind, (_, _, capture) in ANYWHERE.items()
        if kind != "exception" and any(len(set(re.findall(capture, line[:SHORT]))) > 1 for line in sample[:MOST_LINES])
    }
    mail = any(re.search(ANYWHERE["email"][2], line[:SHORT]) for line in sample[:MOST_LINES])
    return frozenset(found | {"address"} if mail else found)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is counted, ranked or listed: `capture` has one group. `time` where it is a stretch of time."""

    label: str
    capture: str
    column: Column | None = None
    time: bool = False
    anywhere: bool = False
    epoch: int = 0
    """Seconds of the stretch, where `capture` gives seconds since 1970."""


def column_of(shape: Shape, noun: str) -> Column | None:
    """The column whose name is the noun, else the only one of the kind that it names so. None for several."""
    wanted = plain(noun)
    if not wanted:
        return None
    for name in (wanted, wanted + " id", wanted + " name", wanted + " code"):
        named = [
            column for column in shape.columns if name in {plain(column.name), plain(column.name.rsplit(".", 1)[-1])}
        ]
        if len(named) == 1:
            return named[0]
        if len(named) > 1:
            exact = [column for column in named if plain(column.name) == name]
            return exact[0] if len(exact) == 1 else None
    for pattern, kinds in NOUNS:
        if re.fullmatch(pattern, noun, re.IGNORECASE):
            if shape.entry == "request" and kinds[0] == "host":
                kinds = (*kinds, "client")  # whoever asked: an access log has no other host
            for kind in kinds:
                if (column := _only(shape, kind)) is not None:
                    return column
    return None


def _only(shape: Shape, kind: str) -> Column | None:
    if kind == "level":
        return shape.level()
    found = shape.of_kind(kind)
    if len(found) > 1:
        found = [column for column in found if column.name == kind] or found
    return found[0] if len(found) == 1 else None


def thing_of(shape: Shape, noun: str) -> Thing | None:
    """What a noun means: a stretch of time, a column, or what is recognised anywhere in a line."""
    if re.fullmatch(UNITS, noun, re.IGNORECASE):
        unit = {"date": "day", "night": "day"}.get(singular(noun.lower()), singular(noun.lower()))
        if shape.time is None and (named := column_of(shape, noun)) is not None:
            return Thing(noun, named.capture, named)
        if shape.time is None or unit not in ("month", "day", "hour", "minute", "second"):
            return None
        if unit == "month":
            monthly = shape.time.format.month
            skipped, month = monthly or ("", "")
            return Thing("months", f"{shape.time.before}{skipped}({month})", time=True) if monthly else None
        chosen: Unit = unit  # type: ignore[assignment]
        if shape.time.format.epoch:
            capture = f"{shape.time.before}(1\\d{{9}})"
            return Thing(
                f"{unit}s", capture, time=True, epoch={"day": 86400, "hour": 3600, "minute": 60, "second": 1}[unit]
            )
        if not shape.time.format.day if unit == "day" else not shape.time.format.hour:
            return None
        return Thing(f"{unit}s", shape.time.capture(chosen), time=True)
    if noun == "errors":
        message = _only(shape, "message")
        if message is not None:
            return Thing("error messages", message.capture, message)
        noun = "error types"
    if (column := column_of(shape, noun)) is not None:
        return None if any(map(is_pri, column.values)) else Thing(noun, column.capture, column)
    for kind, (pattern, label, capture) in ANYWHERE.items():
        if re.fullmatch(pattern, noun, re.IGNORECASE):
            if kind in shape.crowded or (
                kind in {"client", "address"} and (shape.of_kind("client") or shape.entry == "request")
            ):
                return None
            return Thing(label, capture, anywhere=True)
    return None


def quantities_of(shape: Shape, noun: str) -> list[Column]:
    """The columns of numbers that a noun may mean; one where its name says so."""
    wanted = plain(noun)
    named = [
        column
        for column in shape.columns
        if column.numeric
        and wanted in {plain(column.name), plain(column.name.rsplit(".", 1)[-1]), *_without_unit(column.name)}
    ]
    if len(named) == 1 and not named[0].loose:
        return named
    for pattern, kind in QUANTITIES:
        if re.fullmatch(pattern, noun, re.IGNORECASE):
            found = [column for column in shape.of_kind(kind) if column.numeric]
            if len(found) > 1:
                words = set(wanted.split()) - {"time", "size", "duration", "length"}
                found = [c for c in found if words and words <= set(plain(c.name).split())] or found
            return found
    column = column_of(shape, noun)
    if column is None:
        alike = [c for c in shape.columns if c.quantity and stem(plain(c.name)) == stem(wanted)]  # finished, of finish
        column = alike[0] if len(alike) == 1 else None
    if column is None or not column.numeric or re.search(r"(?:^| )(?:id|number|no)$", plain(column.name)):
        return []
    return [column]


MEASURES = {
    "ms|us|ns|s|sec|second|milli|micro": "time",
    "byte|kb|mb|gb": "size",
    "mv|v|volt|millivolt": "voltage",
    "ma|amp": "current",
    "kwh|wh": "energy",
    "kw|w|watt": "power",
    "c|f|celsius|fahrenheit|degree": "temperature",
    "pct|percent": "percentage",
    "hpa|mbar|bar|psi": "pressure",
    "km|m|cm|mm|mile": "distance",
    "kmh|kph|mph": "speed",
    "kg|g|lb": "weight",
    "mg d l|mg dl|mmol l|g l": "level",
    "eur|usd|gbp|chf|cent": "price",
}
"""What is measured in the units that a column's name may end in."""


def _without_unit(name: str) -> set[str]:
    """temperature, of temperature_c; battery and battery voltage, of battery_mv."""
    words = plain(name.rsplit(".", 1)[-1])
    for units, measured in MEASURES.items():
        if match := re.fullmatch(rf"(.+) (?:{units})", words):
            return {match[1], f"{match[1]} {measured}"}
    return set()
