"""A column of a text: where its values stand in a line, what kind of thing they are, and what a sample holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.models.offline.shapes.levels import is_levels
from rlm_ls.models.offline.shapes.times import TimeFormat, Unit

END = r"(?:[\s,;:|\"'&)\]}<>]|\\[nrt]\"|$)"
"""What follows a value, so that `user=bob` is not found in `user=bobby`; a line end within JSON is written `\\n`."""

KINDS: dict[str, str] = {
    "time": r"_?(?:source_)?realtime_timestamp|time|ts|t|timestamp|date|datetime|event_?time|asctime|log_?time|"
    r"created(?:_?at)?",
    "level": r"level|lvl|severity|log_?level|levelname|priority|loglevel|sev|severity_?text|level_?name",
    "client": r"ip|client|client_?ip|remote_?(?:addr(?:ess)?|ip|host)|src(?:_?ip)?|source_?ip|addr|peer|c_ip|"
    r"x_forwarded_for|client_?addr|"
    r"source_?address|ip_?addr(?:ess)?|source_?ip_?addr(?:ess)?|remote_?address",
    "host": r"host|host_?name|node|machine|server|instance|s_computername|_?hostname|pod",
    "process": r"service|app|application|program|process|daemon|unit|_systemd_unit|syslog_identifier|"
    r"service_?name|comm|svc",
    "logger": r"logger|module|component|caller|name|source|logger_?name|target|subsystem|class|tag",
    "method": r"method|http_?method|request_?method|verb|cs_method",
    "path": r"path|url|uri|endpoint|route|request_?(?:uri|path|url)|cs_uri_stem|http_?(?:path|url)|page|resource",
    "status": r"status|status_?code|code|http_?status(?:_?code)?|response_?(?:code|status)|sc_status",
    "size": r"(?:body_?)?bytes(?:_?sent)?|size|(?:content_?)?length|len|response_?size|sc_bytes|body_?size|"
    r"bytes_?(?:out|read|written)",
    "duration": r"(?:\w+_)?(?:duration|elapsed|latency|took|rt|response_?time|request_?time|time_?taken|dur|"
    r"runtime|exec_?time|query_?time|session_?time|"
    r"wall|uptime)(?:_?(?:ms|us|ns|s|sec|seconds|millis|micros|nanos))?|time_?ms|ms",
    "user": r"user|user_?(?:name|id)|uid|account|login|actor|customer(?:_?id)?|user_?email|cs_username|username|owner",
    "message": r"msg|message|event|text|log",
    "thread": r"thread|thread_?name|tid",
    "pid": r"pid|process_?id",
    "agent": r"user_?agent|agent|ua|browser|cs\(user-agent\)|cs_user_agent",
    "referer": r"referr?er|cs\(referer\)|cs_referer",
    "error": r"err|error|exception|exc|error_?(?:message|type|code)|reason",
}
"""The kind that a key's name tells."""

TIME_UNITS = (
    r"ns|nanoseconds?|µs|μs|us|usec|microseconds?|ms|msecs?|millis(?:econds?)?|milliseconds?|s|secs?|"
    r"seconds?|m|min|mins|minutes?|h|hr|hrs|hours?"
)
SIZE_UNITS = r"[Bb]|bytes?|[KMGTkmgt]i?[Bb]|[KMGT]"
NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
COMMA = r"[-+]?\d{1,3}(?:\.?\d{3})*,\d+|[-+]?\d{1,3}(?:\.\d{3})+"
"""A number as much of Europe writes it: 4.278,45."""
COMPOUND = r"(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?s(?:\d+ms)?|\d+h\d+m|\d+h|\d+m"
SPELLED = (
    r"\d+(?:\.\d+)? (?:days?|hours?|minutes?|seconds?|milliseconds?)"
    r"(?:,? (?:and )?\d+(?:\.\d+)? (?:hours?|minutes?|seconds?))*"
)
"""A duration in words: 2 minutes 45 seconds."""
MONEY = rf"[-+]?[£$€]\s?{NUMBER}|{NUMBER}\s?(?:[£$€]|EUR|USD|GBP|CHF)"
EMPTY = frozenset(
    ["-", "", "null", "None", "NULL", "NA", "N/A", "n/a", "nan", "NaN", "-999", "-999.0", "-999.9", "-9999", "-9999.0"]
)
"""What stands where a column has no value."""


NAMED_BY_NUMBER = frozenset(["client", "host", "level", "pid", "process", "status", "thread", "user"])
"""Kinds of which a number says which one it is, not how much."""
LEAST_KEYS = 2
IDENTIFIER = re.compile(
    r"(?:.*[^a-z])?(?:id|no|nr|number|port|code|status|pid|uid|gid|tid|zip|serial|severity|priority|level|rule|vlan|asn|"
    r"version)"
)
"""So does a name that ends in one of these."""


@dataclass(frozen=True, slots=True)
class Column:
    """`before`, `value` and `after` are patterns without groups. `unit` is that of numbers that are written without
    one; `values` are those of the sample; `share` is the part of the sample's lines that have it."""

    name: str
    kind: str
    before: str
    value: str
    after: str = ""
    unit: str = ""
    values: tuple[str, ...] = ()
    share: float = 1.0
    loose: bool = False
    """Known by its unit alone: nothing names it."""
    key: bool = False
    """The first of a table, of which nearly each row has another value: it says which row it is."""

    @property
    def capture(self) -> str:
        """The pattern whose one group is the value."""
        return f"{self.before}({self.value}){self.after}"

    def holding(self, value: str) -> str:
        """The pattern of the lines where the column holds `value`, a pattern."""
        return f"{self.before}(?:{value}){self.after or END}"

    @property
    def numeric(self) -> bool:
        written = (
            rf"(?:{NUMBER})\s?(?:{TIME_UNITS}|{SIZE_UNITS}|%)?|{COMPOUND}|{SPELLED}|\d+:\d\d(?::\d\d)?|{COMMA}|{MONEY}"
        )
        known = [value for value in self.values if value not in EMPTY]
        return bool(known) and all(re.fullmatch(written, value) for value in known)

    @property
    def quantity(self) -> bool:
        """Whether its numbers are amounts: those that only tell one thing from another are not added up or ranked."""
        words = re.sub(r"([a-z])([A-Z])", r"\1_\2", self.name).lower()
        return self.numeric and not self.key and self.kind not in NAMED_BY_NUMBER and not IDENTIFIER.fullmatch(words)

    @property
    def comma(self) -> bool:
        """Whether its numbers have a decimal comma: one of them could be no other."""
        known = [value for value in self.values if value not in EMPTY]
        sure = r"[-+]?\d+(?:\.\d{3})*,(?:\d{1,2}|\d{4,})|[-+]?0,\d+|[-+]?\d{1,3}(?:\.\d{3})+,\d+"
        return any(re.fullmatch(sure, value) for value in known) and all(
            re.fullmatch(rf"{COMMA}|[-+]?\d+", value) for value in known
        )


@dataclass(frozen=True, slots=True)
class TimeColumn:
    before: str
    format: TimeFormat

    def capture(self, unit: Unit) -> str:
        return f"{self.before}({self.format.until(unit)})"

    @property
    def whole(self) -> str:
        return f"{self.before}({self.format.pattern})"


def kind_of(name: str, values: Sequence[str] = ()) -> str:
    """What a key's name and its values say that it holds; "" for nothing known."""
    leaf = name.rsplit(".", 1)[-1].lower().lstrip("@_$")
    if leaf == "s" and values and is_levels(values):
        return "level"  # MongoDB's
    plain = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.rsplit(".", 1)[-1]).lower().lstrip("@").replace("-", "_")
    if values and {value.upper() for value in values} == {"NORMAL", "WARNING"}:
        return "level"  # of Kubernetes' events
    for kind, names in KINDS.items():
        if re.fullmatch(names, plain) or re.fullmatch(names, leaf):
            if (
                kind == "time"
                and values
                and all(re.fullmatch(rf"{NUMBER} ?(?:{TIME_UNITS})", value) for value in values)
            ):
                return "duration"  # time=12.8 ms
            return kind if _fits(kind, values) else ""
    return ""


def cell_kind(name: str, texts: Sequence[str]) -> str:
    """What a column of a table holds, by its heading, or as only durations are written: 0:48:31."""
    kind = "" if "%" in name else kind_of(re.sub(r"\W+", "_", name).strip("_"), texts)
    known = [text for text in texts if text not in EMPTY]
    sized = known and all(re.fullmatch(r"\d+(?:\.\d+)?\s?(?:[kKMGT]i?)?B", text) for text in known)
    timed = known and all(re.fullmatch(r"\d+:\d\d:\d\d(?:\.\d+)?", text) for text in known)
    if sized:
        return "size"
    return "duration" if not kind and timed and any(text[1] == ":" for text in known) else kind


def is_key(number: int, texts: Sequence[str]) -> bool:
    return number == 0 and len(texts) > LEAST_KEYS and len(set(texts)) >= 0.9 * len(texts)


def _fits(kind: str, values: Sequence[str]) -> bool:
    if kind == "status":
        return all(re.fullmatch(r"[1-5]\d\d|-|", value) for value in values)
    if kind in {"size", "duration"}:
        return all(re.match(r"-?\d|-$|$|null", value) for value in values)
    return True


def unit_of(name: str) -> str:
    """The unit that a key's name ends in: ms of duration_ms."""
    plain = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    if match := re.search(r"[_.](ms|us|ns|s|sec|secs|seconds|millis|micros|nanos|milliseconds|bytes|kb|mb|gb)$", plain):
        return {
            "sec": "s",
            "secs": "s",
            "seconds": "s",
            "millis": "ms",
            "milliseconds": "ms",
            "micros": "us",
            "nanos": "ns",
        }.get(match[1], match[1])
    return "bytes" if plain in {"bytes"} or plain.startswith("bytes_") else ""


def most_common(values: Sequence[str], n: int = 40) -> tuple[str, ...]:
    return tuple(value for value, _ in Counter(values).most_common(n))
