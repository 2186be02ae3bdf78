"""Tables that stand in a text of something else, each under a heading of its own: what sar and vmstat print, the tables
of a document. A table that is printed in several parts is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rlm_ls.models.offline.parsing.vocabulary import plain
from rlm_ls.models.offline.recognition.headed import keyed_time
from rlm_ls.models.offline.shapes.column import Column, is_key, most_common
from rlm_ls.models.offline.shapes.grid import Grid, cell_column, grid, parted
from rlm_ls.models.offline.shapes.shape import SHORT, Shape

MOST_BLOCKS = 40
MOST_PARTS = 200
MOST_CELLS = 40
LEAST_ROWS = 2
RULE = re.compile(r"(?=.*?[-=]{3})[\s|+:=-]+$")
"""Nothing but such signs, three dashes in a row among them: by a look ahead, since runs side by side that hold the same
signs take the cube of a line's length."""
SUMMARY = r"^\W*(?i:average|total|sum|overall|mean)\b"
"""A line under the rows that adds them up is none of them."""
CLOCK = r"\d\d:\d\d:\d\d(?: [AP]M)?"
LABEL = re.compile(r"[%#]?[A-Za-z][^\d|]*(?:[^|]{0,30})$")
WORD = re.compile(r"[%#]?[A-Za-z][^\d|]*(?:[^|]{0,30})$|[%/]$")
"""A word of a heading."""
TITLE = re.compile(r"^\s{0,3}(?:#{1,6}\s+(.+?)|[=-]{3,}+ ?(.+?) ?(?<![=-])[=-]{3,}|([A-Za-z][^|:]{2,60}):)\s*$")
SPOKEN: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "swpd",
        {"r": "run queue", "b": "blocked", "si": "swap in", "so": "swap out", "bi": "blocks in", "bo": "blocks out"}
        | {"in": "interrupts", "cs": "context switches", "us": "user", "sy": "system", "id": "idle", "wa": "io wait"}
        | {"st": "steal"},
    ),
    ("RSS", {"VSZ": "virtual memory", "RSS": "resident memory", "STAT": "state", "TTY": "terminal"}),
    ("VIRT", {"VIRT": "virtual memory", "RES": "resident memory", "SHR": "shared memory", "NI": "nice", "S": "state"}),
)
"""What people call the columns of vmstat, ps and top: by a column that only this table has."""
WIDE, NARROW, BARS = r"\S+(?: \S+)*", r"\S+", r"[^|]*?"


@dataclass(frozen=True, slots=True)
class Block:
    """`parts` are the first and the last line, from 1, of the rows of each part; `shape` is that of its rows."""

    shape: Shape
    parts: tuple[tuple[int, int], ...]
    rows: tuple[str, ...]


def blocks(lines: Sequence[str]) -> list[Block]:
    """The tables of a whole text."""
    short = [line[:SHORT].rstrip() for line in lines]
    again = _again(short)
    found: dict[tuple[str, ...], Block] = {}
    for block in _parts(short, again):
        names = tuple(column.name + column.capture for column in block.shape.columns)
        known = found.get(names)
        found[names] = (
            block if known is None else replace(known, parts=known.parts + block.parts, rows=known.rows + block.rows)
        )
    repeated = (_repeated(short, places) for places in list(again.values())[:MOST_BLOCKS])
    all_found = [*found.values(), *(block for block in repeated if block is not None)]
    return [block for block in all_found if len(block.parts) <= MOST_PARTS][:MOST_BLOCKS]


def _again(lines: Sequence[str]) -> dict[str, list[int]]:
    """Headings that stand there more than once, as they are, and where."""
    found: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        found.setdefault(line, []).append(at)
    return {
        line: places
        for line, places in found.items()
        if len(places) > 1 and len(line.split()) > 2 and "|" not in line and all(map(WORD.match, line.split()))
    }


def _repeated(lines: Sequence[str], places: Sequence[int]) -> Block | None:
    """The one table whose heading is printed again and again: its columns are those that all of its rows have."""
    heading = lines[places[0]]
    parts: list[tuple[int, int]] = []
    rows: list[str] = []
    for at in places:
        end = at + 1
        while end < len(lines) and lines[end].strip() and lines[end] != heading and "---" not in lines[end]:
            end += 1
        parts.append((at + 1, end))
        rows += lines[at + 1 : end]
    block = _block([heading, *rows], 0, "")
    if block is None or block.parts != ((1, 1 + len(rows)),):
        return None
    return replace(block, parts=tuple(parts))


def _parts(lines: Sequence[str], again: Mapping[str, Sequence[int]]) -> Iterator[Block]:
    at, title = 0, ""
    while at < len(lines):
        if lines[at] in again:
            at += 1
            continue
        if match := TITLE.match(lines[at]):
            title = next(group for group in match.groups() if group)
        block = _block(lines, at, title) if lines[at].strip() and not RULE.match(lines[at]) else None
        if block is not None:
            yield block
            at = block.parts[0][1]
        else:
            at += 1


PAIRS = re.compile(r"^\s*(\S[^:=|]{0,60}?)\s*:\s+(?=\w+=)((?:\w+=\S*\s*){2,})$")
"""A summary's line: what it is of, and its numbers by their names."""


def _pairs(lines: Sequence[str], at: int, title: str) -> Block | None:
    """Lines that sum up one thing each, `web01 : ok=3 failed=0`: as a table without a heading."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in lines[at:]:
        if (match := PAIRS.match(line)) is None:
            break
        found.append((match[1], dict(pair.split("=", 1) for pair in match[2].split())))
    keys = list(found[0][1]) if found else []
    if len(found) < LEAST_ROWS or any(list(pairs) != keys for _, pairs in found):
        return None
    own = Column(
        "name", "host", r"^\s*", r"\S[^:=|]*?", r"\s*:\s", "", most_common([name for name, _ in found]), key=True
    )
    columns = [
        cell_column(
            key, rf"^[^=]+:\s+(?:.*\s)?{re.escape(key)}=", r"\S*", r"(?:\s|$)", [pairs[key] for _, pairs in found]
        )
        for key in keys
    ]
    end = at + len(found)
    shape = Shape("a table in it", r"^\s*\S.*=", "row", (own, *columns), None, "", row=plain(title))
    return Block(shape, ((at + 1, end),), tuple(lines[at:end]))


def _block(lines: Sequence[str], at: int, title: str) -> Block | None:
    """The table whose heading this line is."""
    if (summed := _pairs(lines, at, title)) is not None:
        return summed
    under = lines[at + 1] if at + 1 < len(lines) else ""
    ruled = RULE.match(under) is not None
    if "|" in lines[at]:
        return _rows(lines, at, title, "|") if ruled else None
    return (
        _rows(lines, at, title, WIDE, ruled=ruled)
        or _grid(lines, at, title, ruled=ruled)
        or _rows(lines, at, title, NARROW, ruled=ruled)
    )


def _grid(lines: Sequence[str], at: int, title: str, *, ruled: bool) -> Block | None:
    """The table whose cells stand below each other; without a rule one with a heading in capitals, or of numbers."""
    if not all(WORD.match(word) for word in lines[at].split()):
        return None
    below = [word for line in lines[at + 1 : at + 3] for word in line.split()]
    if (
        not ruled
        and not lines[at].isupper()
        and 3 * sum(word.strip("+-.")[:1].isdigit() for word in below) < len(below)
    ):
        return None  # looked at first: most lines of a text head no table
    found = grid(lines, at, RULE.match)
    if found is None or not all(LABEL.match(name) for name in found.names):
        return None
    if _each_under_its_own(lines[at : at + 1 + found.rows], found):
        return None
    rows = [
        line for line in lines[at + 1 : at + 1 + found.rows] if not RULE.match(line) and not re.match(SUMMARY, line)
    ]
    cells = [found.texts(number, rows) for number in range(len(found.names))]
    if not rows or not (ruled or lines[at].isupper() or (len(rows) > LEAST_ROWS and _mostly_numbers(cells))):
        return None
    end = at + 1 + found.rows
    return _made(lines, at, end, title, found.columns(rows))


def _each_under_its_own(lines: Sequence[str], found: Grid) -> bool:
    """Whether words of the heading were taken for one name where each has a number of its own below it."""
    head, rows = lines[0].split(), [line.split() for line in lines[1:] if not RULE.match(line)]
    joined = [n for name in found.names if " " in name for n in range(*_places(head, name.split()))]
    return bool(joined) and all(
        len(row) == len(head) and all(re.fullmatch(r"[-+]?[\d.,]+%?|-", row[n]) for n in joined) for row in rows
    )


def _places(head: Sequence[str], words: Sequence[str]) -> tuple[int, int]:
    at = next(n for n in range(len(head)) if list(head[n : n + len(words)]) == list(words))
    return at, at + len(words)


def _mostly_numbers(columns: Sequence[Sequence[str]]) -> bool:
    number = re.compile(r"[-+]?[\d.,:/]+\s?\S{0,3}$|-?$")
    return 2 * sum(all(map(number.match, cells)) for cells in columns) >= len(columns)


def _made(lines: Sequence[str], at: int, end: int, title: str, columns: Sequence[Column], bars: str = "") -> Block:
    spoken = next((names for own, names in SPOKEN if any(column.name == own for column in columns)), {})
    columns = [replace(c, name=f"{c.name} ({spoken[c.name]})") if c.name in spoken else c for c in columns]
    header = "|".join(["^" + re.escape(lines[at]), r"^[\s|+:=-]*$", SUMMARY])
    shape = Shape(
        "a table in it",
        rf"^\s*{bars}\s*\S" if bars else r"^\s*\S",
        "row",
        tuple(part for column in columns for part in parted(column)),
        None,
        header,
        row=plain(title),
    )
    return Block(keyed_time(shape), ((at + 1, end),), tuple(lines[at + 1 : end]))


def _cells(line: str, style: str) -> list[str]:
    if style == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    if style == WIDE:
        return re.split(r"\s{2,}", line.strip())
    clock = re.match(rf"\s*({CLOCK})\s", line)
    return [clock[1], *line[clock.end() :].split()] if clock else line.split()


def _rows(lines: Sequence[str], at: int, title: str, style: str, *, ruled: bool = True) -> Block | None:
    names = _cells(lines[at], style)
    if re.fullmatch(CLOCK, names[0]):
        names[0] = "time"
    width = len(names)
    if not (2 if style == "|" else 3) <= width <= MOST_CELLS or len(set(names)) < width:
        return None
    if not all(LABEL.match(name) for name in names if name or style != "|"):
        return None
    rows: list[list[str]] = []
    end = at + 1
    for end in range(at + 1, len(lines)):
        line = lines[end]
        if RULE.match(line):
            continue
        cells = _cells(line, style)
        last_is_text = style == NARROW and len(cells) > width and (rows or lines[at].isupper())
        if not line.strip():
            break
        if len(cells) != width and not last_is_text:
            if len(line.split()) >= width:
                return None  # a row, too, of which this makes nothing
            break
        if not re.match(SUMMARY, line):
            rows.append([*cells[: width - 1], " ".join(cells[width - 1 :])])
    else:
        end = len(lines)
    if len(rows) < LEAST_ROWS:
        return None
    by_column = [[row[n] for row in rows] for n in range(width)]
    if not ruled and not lines[at].isupper() and not _mostly_numbers(by_column):
        return None
    return _made(lines, at, end, title, _columns(names, rows, style), r"\|?" if style == "|" else "")


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]], style: str) -> list[Column]:
    columns = []
    for number, name in enumerate(names):
        texts = [row[number] for row in rows]
        last = number == len(names) - 1
        if style == "|":
            before = r"^\s*\|?" + (rf"(?:[^|]*\|){{{number}}}" if number else "") + r"\s*"
            value, after = BARS, r"\s*(?:\||$)"
        else:
            gap = r"\s{2,}" if style == WIDE else r"\s+"
            first = CLOCK if names[0] == "time" else style
            before = r"^\s*" + (rf"{first}{gap}(?:{style}{gap}){{{number - 1}}}" if number else "")
            value, after = (".*", "$") if last and style == NARROW else (style, r"\s*$" if last else gap)
            value = value if number else first
        columns.append(
            cell_column(name or f"column {number + 1}", before, value, after, texts, key=is_key(number, texts))
        )
    return columns
