"""Tables whose cells stand below each other: what is blank in the heading and in all rows parts the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rlm_ls.models.offline.shapes.column import Column, cell_kind, is_key, most_common, unit_of

LEAST_CELLS = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """`names` are those of the heading, `cells` where each begins and ends; the last goes on to the line's end."""

    names: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]
    rows: int

    def columns(self, rows: Sequence[str]) -> list[Column]:
        return [self._column(n, rows) for n in range(len(self.names))]

    def texts(self, number: int, rows: Sequence[str]) -> list[str]:
        start, end = self.cells[number]
        return [row[start:end].strip() for row in rows]

    def _column(self, number: int, rows: Sequence[str]) -> Column:
        (start, end), name = self.cells[number], self.names[number]
        texts = self.texts(number, rows)
        last = number == len(self.names) - 1
        before = rf"^.{{{start}}}" + ("" if last else f"(?! {{{end - start}}})") + " *"
        value, after = r"\S.*?" if last else r"\S(?:.*?\S)??", r" *$" if last else rf" *(?:(?<=^.{{{end}}})|$)"
        return cell_column(name, before, value, after, texts, key=is_key(number, texts))


def cell_column(name: str, before: str, value: str, after: str, texts: Sequence[str], *, key: bool = False) -> Column:
    """A column of a table; of numbers with a remark in brackets, 2 (7m ago), the numbers."""
    if all(re.fullmatch(r"\d+(?: \(.*\))?|", text) for text in texts) and any("(" in text for text in texts):
        value, after = r"\d+", r"(?: \(.*?\))?" + after
        texts = [text.split(" ")[0] for text in texts]
    return Column(name, cell_kind(name, texts), before, value, after, unit_of(name), most_common(texts, 400), key=key)


HALF = r"\S+"


def parted(column: Column) -> list[Column]:
    """The two columns of cells such as `55 MiB / 1 GiB`, by the two names of their heading, `used / limit` or `I/O`."""
    names = [name for name in re.split(r"\s*/\s*", column.name) if name]
    if len(names) != 2 or not column.values or not all(re.fullmatch(rf"{HALF} / {HALF}", v) for v in column.values):
        return [column]
    halves = list(zip(*(value.split(" / ") for value in column.values), strict=True))
    first = cell_column(names[0], column.before, HALF, rf" / {HALF}{column.after}", halves[0])
    return [first, cell_column(names[1], rf"{column.before}{HALF} / ", HALF, column.after, halves[1])]


def grid(lines: Sequence[str], at: int, is_rule: Callable[[str], object]) -> Grid | None:
    """The table of which this line is the heading, as far down as its columns stay apart."""
    words = [(match.start(), match.end(), match[0]) for match in re.finditer(r"\S+", lines[at])]
    if len(words) < LEAST_CELLS or "\t" in lines[at]:
        return None
    gaps = [(1 << right[0]) - (1 << left[1]) for left, right in pairwise(words)]
    free, end, rows = -1, at + 1, 0
    for line in lines[at + 1 :]:
        if is_rule(line):
            end += 1
            continue
        left = free & ~_filled(line)
        if not line.strip() or "\t" in line or any(not left & gap and gap & (gap >> 1) for gap in gaps):
            break
        free, end, rows = left, end + 1, rows + 1
    if rows < 2 or (end < len(lines) and len(lines[end].split()) >= len(words)):
        return None  # what follows is a row, too, of which this makes nothing
    starts, names = [0], [words[0][2]]
    data = [line for line in lines[at + 1 : end] if not is_rule(line)]
    for (_, _, word), gap in zip(words[1:], gaps, strict=True):
        edge = (free & gap).bit_length()
        if not free & gap or not any(line[edge:].strip() for line in data):
            names[-1] += f" {word}"  # words of one name
        else:
            starts.append(edge)
            names.append(word)
    cells = tuple(zip(starts, [*(start - 1 for start in starts[1:]), 10_000], strict=True))
    found = Grid(tuple(names), cells, end - at - 1)
    for number in range(len(names) - 1):
        if not any(found.texts(number, data)):
            return None
    return found if len(names) >= LEAST_CELLS and len(set(names)) == len(names) else None


def _filled(line: str) -> int:
    """The columns that are not blank, as bits."""
    return int("0" + re.sub(r"[^ ]", "1", line).replace(" ", "0")[::-1], 2)
