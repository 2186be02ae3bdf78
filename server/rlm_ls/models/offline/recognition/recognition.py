"""The shape of a text, by a sample of its lines: a well-known format, or else what its lines have in common."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

from rlm_ls.models.offline.recognition.headed import aligned, keyed_time, table, w3c
from rlm_ls.models.offline.recognition.posts import posts
from rlm_ls.models.offline.recognition.records import records
from rlm_ls.models.offline.recognition.remarks import remarks
from rlm_ls.models.offline.shapes.column import Column, TimeColumn, most_common
from rlm_ls.models.offline.shapes.formats import FORMATS, MARK, SAME, WORD_LEVELS, Format, marked, whole_line
from rlm_ls.models.offline.shapes.keys import (
    PAIR_START,
    json_columns,
    loose_columns,
    measure_columns,
    pair_columns,
    plain_pairs,
    wrapped_columns,
)
from rlm_ls.models.offline.shapes.levels import is_levels
from rlm_ls.models.offline.shapes.services import services, speakers
from rlm_ls.models.offline.shapes.shape import CONTINUED, LONGEST, MOST_LINES, SHORT, Shape
from rlm_ls.models.offline.shapes.times import CLOCK, KLOG, MONTH, TimeFormat
from rlm_ls.models.offline.shapes.times import FORMATS as TIMES

MOST_OF = 0.8
HALF = 0.5
MOST_RECORDED = 1_200
"""Lines of a text whose records are known one by one."""
FIRST = 20
"""Lines of a text's start that are looked at all: a heading is there."""


def shape_of(sample: Sequence[str], *, whole: bool = True) -> Shape:
    """The shape that most lines of `sample` have. `whole`: it is all of the text, whose records are known then."""
    thinned = [*sample[:FIRST], *sample[FIRST :: max(1, len(sample) // (MOST_LINES - FIRST))]]
    whole_lines = [line[:LONGEST].rstrip("\r\n") for line in thinned[:MOST_LINES]]
    if whole and len(sample) <= MOST_RECORDED:
        every = [line[:SHORT].rstrip() for line in sample]
        if (found := records(every) or remarks(every) or posts(every)) is not None:
            return found
    whole_lines = [line for line in whole_lines if line.strip()]
    lines = [line[:SHORT] for line in whole_lines if line[:SHORT].strip()]
    if not lines:
        return Shape()
    for parsing in (_json, w3c, table, aligned):
        if (found := parsing(whole_lines)) is not None:
            return _with_level(found, lines)
    for reading in (_known, _logfmt):
        if (found := reading(lines)) is not None:
            return _with_level(found, lines)
    return _with_level(_plain(lines), lines)


def _json(lines: list[str]) -> Shape | None:
    records = []
    for line in lines:
        if line.lstrip().startswith("{"):
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    if len(records) < MOST_OF * len(lines):
        return None
    records = [record for record in records if isinstance(record, dict)]
    wrapped = wrapped_columns(records)
    names = {column.name for column in wrapped}
    own = [one for column in json_columns(records) if (one := _told_apart(column, lines)) is not None]
    columns = [*wrapped, *(column for column in own if column.name not in names)]
    names |= {column.name for column in columns}
    # What a container printed may be logfmt, which stands in one of the strings.
    columns = [*(one for one in plain_pairs(lines) if one.name not in names and one.share >= HALF), *columns]
    event = any(column.kind in {"level", "time"} for column in columns)
    shape = Shape("JSON lines", r"^\s*\{.*\}\s*$", "event" if event else "row", tuple(columns))
    return keyed_time(shape)


def _told_apart(column: Column, lines: Sequence[str]) -> Column | None:
    """The column of a key that stands in other objects of a line, too: found from the line's start, or from its end,
    where one of these ways finds what it is; None where neither does."""
    path = column.name.split(".")
    if not any(line.count(f'"{path[-1]}"') > 1 for line in lines):
        return column
    for one in (column, replace(column, before=column.before.replace(".*?", ".*", 1))):
        if all(_at(line, path) == (match[1] if (match := re.search(one.capture, line)) else None) for line in lines):
            return one
    return None


def _at(line: str, path: Sequence[str]) -> str | None:
    """What a line of JSON has at a path, as it is written."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None if value is None else json.dumps(value)


def _known(lines: list[str]) -> Shape | None:
    starts = [line for line in lines if not CONTINUED.match(line)] or lines
    times = _times(starts) or [CLOCK]
    best: tuple[float, Format, TimeFormat] | None = None
    for known, time in product(FORMATS, times):
        written = KLOG if known.klog else time
        pattern = re.compile(whole_line(known.templates[0], written.pattern))
        share = sum(pattern.match(line) is not None for line in starts) / len(starts)
        if known.name == "a syslog" and not _one_host(pattern, starts):
            continue
        if share >= MOST_OF:
            return _of_format(known, written, starts)
        if known.name != "a syslog" and share >= HALF and (best is None or share > best[0] + 0.1):
            best = (share, known, written)
    return None if best is None else _of_format(best[1], best[2], starts)


def _one_host(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    """Whether what stands where syslog has the host is one of few."""
    times = [line[:120].split(" ") for line in lines if pattern.match(line)]
    hosts = {
        next((word for word in words if re.match("[A-Za-z]", word) and not re.match(f"{MONTH}$|\\d{{4}}-", word)), "")
        for words in times
    }
    return len(hosts) <= max(3, 0.2 * len(times))


def _times(lines: Sequence[str]) -> list[TimeFormat]:
    """How times are written near the start of most lines; what stands first comes first."""
    found: list[tuple[float, TimeFormat]] = []
    for known in TIMES:
        pattern = re.compile(rf"(?<![\d.:])(?:{known.pattern})(?![\d])")
        places = [match.start() for line in lines if (match := pattern.search(line[:200]))]
        if len(places) >= HALF * len(lines) and not any(known.pattern in other.pattern for _, other in found):
            found.append((sum(places) / len(places), known))
    return [known for _, known in sorted(found, key=lambda entry: entry[0])][:3]


def _of_format(known: Format, time: TimeFormat, lines: list[str]) -> Shape:
    columns: dict[str, Column] = {}
    own_time = None
    for template in known.templates:
        for name, before, value in marked(template, time.pattern):
            if name in columns:
                continue
            if name == "time":
                if own_time is None and any(re.match(f"{before}{time.pattern}", line) for line in lines):
                    own_time = TimeColumn(before, time)
                continue
            after = _after(template, name)
            found = [match[1] for line in lines if (match := re.match(f"{before}({value}){after}", line))]
            if found:
                unit = known.unit if name == "duration" else "bytes" if name == "size" else ""
                columns[name] = Column(
                    known.names.get(name, name),
                    name,
                    before,
                    value,
                    after,
                    unit,
                    most_common(found),
                    len(found) / len(lines),
                )
    head = whole_line(known.templates[0], time.pattern)
    if not known.access and "message" not in columns and not head.endswith("$"):
        rest = [line[match.end() :] for line in lines if (match := re.match(head, line))]
        columns["message"] = Column("message", "message", head + r"\s*", ".+", "$", "", most_common(rest))
    return Shape(
        known.name,
        head,
        "request" if known.access else "event",
        tuple(columns.values()),
        own_time,
        entries=known.entries,
    )


def _after(template: str, name: str) -> str:
    """What follows a column in its template, up to the next mark; "" where that is no pattern by itself."""
    for mark, following in pairwise([*MARK.finditer(template), None]):
        assert mark is not None
        if SAME.get(mark[1], mark[1]) == name:
            rest = template[mark.end() : following.start() if following else len(template)]
            try:
                re.compile(rest)
            except re.error:
                return ""
            # Where the next column follows at once, nothing marks this one's end.
            return rest or (r"(?:)" if following else "")
    return ""


def _own_time(lines: Sequence[str]) -> TimeFormat | None:
    """How the times are written that stand first in the lines."""
    found: Counter[str] = Counter()
    for line in lines:
        spot = _first_time(line)
        if spot is not None:
            found[spot[1].name] += 1
    if not found or found.most_common(1)[0][1] < 0.4 * len(lines):
        return None
    name = found.most_common(1)[0][0]
    return next(known for known in TIMES if known.name == name)


def _first_time(line: str) -> tuple[int, TimeFormat] | None:
    best: tuple[int, TimeFormat] | None = None
    for known in TIMES:
        match = re.search(rf"(?<![\d.:])(?:{known.pattern})(?![\d])", line[:200])
        if match and (best is None or match.start() < best[0]):
            best = (match.start(), known)
    return best


def _logfmt(lines: list[str]) -> Shape | None:
    pair = re.compile(r"[\w.@-]+=(?:\"(?:[^\"\\]|\\.)*\"|\S*)(?:\s+[\w.@-]+=(?:\"(?:[^\"\\]|\\.)*\"|\S*))+\s*$")
    if sum(pair.match(line) is not None for line in lines) < MOST_OF * len(lines):
        return None
    # Of lines that begin with a pair: a trace that goes on with the one before may hold `level=error` too.
    columns = tuple(
        replace(column, before=column.before.replace(PAIR_START, r"^(?:[\w.@-]+=.*?[\s,;])?", 1))
        for column in pair_columns(lines)
    )
    event = any(column.kind in {"level", "time"} for column in columns)
    return keyed_time(Shape("logfmt", r"^[\w.@-]+=", "event" if event else "row", columns))


def _plain(lines: list[str]) -> Shape:
    """Lines of no known format: a time near the start, pairs and numbers with units in them."""
    entries = [line for line in lines if not CONTINUED.match(line)] or lines
    time = _own_time(entries)
    if time is None:
        return Shape("text", "", "line", tuple(_free_columns(lines, ())))
    starts = [line for line in lines if _first_time(line) is not None]
    leads = Counter(line[: spot[0]] if spot[0] < 60 else "?" for line in starts if (spot := _first_time(line)))
    before = "^" + _lead(list(leads))
    column = None if _unsure(starts, time) else TimeColumn(before, time)
    head = f"{before}{time.pattern}"
    if sum(re.match(head, line) is not None for line in entries) < HALF * len(entries):
        return Shape("text", "", "line", tuple(_free_columns(lines, ())))
    columns = _free_columns([re.sub(head, "", line, count=1) for line in lines], ())
    said = speakers(head, [line for line in entries if re.match(head, line)])
    return Shape("lines that begin with a time", head, "event", (*said, *columns), column)


def _unsure(lines: Sequence[str], time: TimeFormat) -> bool:
    """Whether it cannot be told which time of a line is its own, or what hour it is: several stand there and none of
    them first, or a time of day that goes with a date of an unknown form or with AM or PM."""
    clock = rf"(?<![\d.:]){CLOCK.pattern}"
    half = (
        sum(re.search(rf"{CLOCK.pattern}\s?[AP]\.?M\b", line[:200], re.IGNORECASE) is not None for line in lines),
        sum(len(re.findall(clock, line[:200])) > 1 and (_first_time(line) or (0,))[0] > 1 for line in lines),
        sum(time is CLOCK and re.search(rf"\d[-/.]\d+[,T ]+{CLOCK.pattern}", line[:200]) is not None for line in lines),
    )
    return any(count >= 0.1 * len(lines) for count in half)


def _lead(leads: Sequence[str]) -> str:
    """The pattern of what stands before the time."""
    if all(lead == "" for lead in leads):
        return ""
    if all(re.fullmatch(r"[^\w\s]{1,2}", lead) for lead in leads) and len(set(leads)) == 1:
        return re.escape(leads[0])
    words = {len(lead.split()) for lead in leads}
    if len(words) == 1 and (count := words.pop()):
        return rf"(?:\S+\s+){{{count - (0 if leads[0][-1:].isspace() else 1)}}}" + (
            r"\S*?" if not leads[0][-1:].isspace() else ""
        )
    return r".{0,60}?"


def _free_columns(lines: Sequence[str], known: Sequence[Column]) -> list[Column]:
    have = {column.name for column in known}
    pairs = [column for column in pair_columns(lines) if column.name not in have]
    measures = measure_columns(lines, have | {column.name for column in pairs})
    own = [*pairs, *measures]
    return [*own, *loose_columns(lines, [*known, *own])]


LEVEL_PLACES = (r"^[^\"{]{0,120}?[\[<(|]\s*", r"^[^\"{]{0,120}?(?:^|[\s|\].-])")


def _with_level(shape: Shape, lines: Sequence[str]) -> Shape:
    """The shape with its free columns, and, where no column holds levels, the place where the lines have one."""
    if shape.name not in {
        "JSON lines",
        "logfmt",
        "a table",
        "an aligned table",
        "text",
        "lines that begin with a time",
        "a W3C log",
    }:
        messages = [re.sub(shape.head, "", line, count=1) for line in lines]
        shape = replace(shape, columns=(*shape.columns, *_free_columns(messages, shape.columns)))
    if shape.name in {"JSON lines", "logfmt"}:
        shape = replace(shape, columns=(*shape.columns, *measure_columns(lines, {c.name for c in shape.columns})))
    if shape.level() is not None or shape.entry in {"request", "row"}:
        return shape
    starts = [line for line in lines if not CONTINUED.match(line)] or list(lines)
    word = rf"(?:{WORD_LEVELS})"
    for before, value, after in (
        (LEVEL_PLACES[0], rf"(?i:{WORD_LEVELS}|[EWIDFC])", r"\s*[\]>)|]"),
        (LEVEL_PLACES[1], word, r"[\s:|\],)-]"),
        (LEVEL_PLACES[1], rf"(?i:{WORD_LEVELS})", r"[:|\]]"),
        (rf"{shape.head}\s+" if shape.head else "^", r"[EWIDF]", r"[\s:/|]"),
    ):
        found = [match[1] for line in starts if (match := re.match(f"{before}({value}){after}", line))]
        if len(found) >= (0.75 if shape.head else 0.9) * len(starts) and is_levels(found):
            level = Column("level", "level", before, value, after, "", most_common(found))
            head = shape.head or f"{before}{value}{after}"
            others = tuple(column for column in shape.columns if column.kind != "level")
            service = (
                services(before, value, after, starts, shape.head)
                if shape.time and not shape.of_kind("process")
                else ()
            )
            return replace(shape, columns=(level, *service, *others), head=head, entry="event")
    return shape
