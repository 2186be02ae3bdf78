"""Records of several lines, each a name and a value: what begins a record, and which lines of a whole text are one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rlm_ls.models.offline.parsing.vocabulary import plain
from rlm_ls.models.offline.recognition.headed import keyed_time
from rlm_ls.models.offline.shapes.column import Column, TimeColumn, cell_kind, most_common, unit_of
from rlm_ls.models.offline.shapes.shape import Shape
from rlm_ls.models.offline.shapes.times import time_at_start

NAME = r"[A-Za-z][\w.-]*(?: [\w.()-]+){0,3}"
SIGN = r"(?:\s{0,20}=\s{0,20}|:\s{1,20}|(?<=[A-Z]):|;[^:=]{0,40}=[^:=]{0,40}:)"
KEYED = re.compile(rf"^\s*({NAME}){SIGN}(\S.*)$")
INDENTED = rf"^(?=\S)(?!{NAME}{SIGN})"
STARTS = (r"^BEGIN:V(?!CALENDAR)\w+", r"^@\w+\{", r"^\[[^\]]+\]$", INDENTED)
"""What may begin a record: of a calendar, of a bibliography, a section, a line that alone is not indented."""
LEAST = 3
HALF = 0.5
MOST_KEYS = 60


def records(lines: Sequence[str]) -> Shape | None:
    """The shape of a text most lines of which are a name and a value, and whose names come again and again."""
    full = [line for line in lines if line.strip()]
    pairs = [(match[1], match[2]) for line in full if (match := KEYED.match(line))]
    if len(pairs) < HALF * len(full):
        return None
    start = _start(full, lines)
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(re.sub(r"^[\"{]|[\"}]?,?$", "", value.strip()))
    begins = [line for line in full if re.match(start, line)] if start else []
    begun = len(begins)
    names = [key for key, values in found.items() if 2 <= len(values) <= 1.2 * begun][:MOST_KEYS]
    if begun < LEAST or len(names) < 2 or sum(len(found[key]) for key in names) < 0.8 * len(pairs):
        return None
    columns = tuple(_column(key, found[key], begun) for key in names)
    called = _called(begins, {name: found[name] for name in names})
    shape = Shape("records of several lines", rf"{start}|{KEYED.pattern}", "row", columns, row=called, record=start)
    return keyed_time(shape) if (time := _time(begins[0])) is None else replace(shape, time=time)


def _called(begins: Sequence[str], found: Mapping[str, Sequence[str]]) -> str:
    """What a record is called: the words that all of them begin with, and that of which each has an id of its own."""
    words = [set(re.findall("[a-z]{3,}", re.sub("^begin:v", "", line.lower()))) for line in begins]
    ids = {name: plain(name).removesuffix(" id").split()[-1] for name in found if plain(name).endswith(" id")}
    shared = {one for name, one in ids.items() if len(set(found[name])) < len(found[name])}
    return " ".join([*sorted(set.intersection(*words)), *sorted(set(ids.values()) - shared)])


def _time(begins: str) -> TimeColumn | None:
    """Where the line that begins a record has its time."""
    for match in re.finditer(r"(?:^|(?<=\s))(?=[\dA-Z])", begins[:60]):
        known = time_at_start(begins[match.start() :])
        if known is not None and not known.epoch:
            return TimeColumn("^" + (r"\D{0,60}\s" if match.start() else ""), known)
    return None


def _start(full: Sequence[str], lines: Sequence[str]) -> str:
    """The pattern of the lines that begin a record: of the first kind that there is, or the name behind blank lines."""
    for start in STARTS:
        begun = [line for line in full if re.match(start, line)]
        flat = start == INDENTED and any(line[0].isalpha() and KEYED.match(line) for line in full)
        if len(begun) >= LEAST and len(begun) <= 0.5 * len(full) and not flat:
            kinds = Counter(match[0] for line in begun if start == STARTS[0] and (match := re.match(start, line)))
            return "^" + kinds.most_common(1)[0][0] if kinds else start
    behind = [line for before, line in zip(["", *lines], lines, strict=False) if not before.strip() and line.strip()]
    keys = Counter(match[1] + SIGN if (match := KEYED.match(line)) else line.split()[0] + r"\s" for line in behind)
    most = max(LEAST, 0.7 * sum(not line[0].isspace() for line in behind))
    start, count = keys.most_common(1)[0] if keys else ("", 0)
    if count < most:
        return ""
    name = start.removesuffix(SIGN).removesuffix(r"\s")
    return rf"^\s*{re.escape(name)}{start[len(name) :]}"


def _column(key: str, texts: Sequence[str], begun: int) -> Column:
    before = rf"^\s*{re.escape(key)}{SIGN}[\"{{]?"
    return Column(
        key,
        cell_kind(key, texts),
        before,
        r"\S.*?",
        r"[\"}]?,?\s*$",
        unit_of(key),
        most_common(texts, 400),
        len(texts) / begun,
        key=plain(key).endswith(" id") and len(set(texts)) == len(texts),
    )


def spans(start: str, lines: Sequence[str]) -> list[tuple[int, int]]:
    """The first and the last line, from 1, of each record of a whole text."""
    firsts = [number for number, line in enumerate(lines, 1) if re.match(start, line)]
    return list(zip(firsts, [*(first - 1 for first in firsts[1:]), len(lines)], strict=True))
