"""Records that remarks head, `# Query_time: 2.9  Rows_sent: 20`: names and values, and below them what they are of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.models.offline.parsing.vocabulary import plain
from rlm_ls.models.offline.recognition.headed import keyed_time
from rlm_ls.models.offline.shapes.column import Column, cell_kind, most_common, unit_of
from rlm_ls.models.offline.shapes.shape import Shape

KEY = r"[A-Za-z][\w@-]*"
NEXT = rf"(?:\s+{KEY}: |\s*$)"
REMARK = re.compile(rf"^# {KEY}: ")
NAMED = re.compile(rf"(?:(?<=^# )|(?<=\s))({KEY}):\s+(\S.*?)(?={NEXT})")
LEAST = 3
PART = 0.25
"""Of a text's lines at least so many are remarks."""


def remarks(lines: Sequence[str]) -> Shape | None:
    """The shape of a text whose records begin with the same remarks again and again."""
    found: dict[str, list[str]] = {}
    heads = [line for line in lines if REMARK.match(line)]
    for line in heads:
        for name, value in NAMED.findall(line):
            found.setdefault(name, []).append(value)
    begun = max(map(len, found.values()), default=0)
    names = [name for name, values in found.items() if len(values) >= 0.9 * begun]
    if begun < LEAST or len(names) < LEAST or len(heads) < PART * len(lines):
        return None
    start = next(f"^# {name}: " for name in names if len(found[name]) == begun)
    columns = [column for name in names for column in _columns(name, found[name])]
    called = " ".join(plain(name).removesuffix(" time") for name in names if plain(name).endswith(" time"))
    return keyed_time(Shape("records of several lines", r"^\s*\S", "row", tuple(columns), row=called, record=start))


def _columns(name: str, values: Sequence[str]) -> list[Column]:
    """The column of a name; of one that says `User@Host` two."""
    before = rf"^# (?:.*\s)?{re.escape(name)}:\s+"
    if name.count("@") != 1:
        return [_column(name, before, r"\S+" if not any(" " in value for value in values) else r"\S.*?", NEXT, values)]
    first, second = name.split("@")
    parts = [re.match(r"([^\s@\[]+)[^@]*@\s*\[?([^\s\[\]]+)", value) for value in values]
    if not all(parts):
        return []
    return [
        _column(first, before, r"[^\s@\[]+", r"[^@]*@", [part[1] for part in parts if part]),
        _column(second, before + r"[^\s@]+[^@]*@\s*\[?", r"[^\s\[\]]+", r"(?:\]|\s|$)", [p[2] for p in parts if p]),
    ]


def _column(name: str, before: str, value: str, after: str, values: Sequence[str]) -> Column:
    timed = plain(name).endswith(" time") and all(value[:1].isdigit() for value in values)
    kind = cell_kind(name, values) or ("duration" if timed else "")
    return Column(name, kind, before, value, after, unit_of(name), most_common(values, 400))
