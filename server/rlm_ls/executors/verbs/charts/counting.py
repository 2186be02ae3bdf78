"""Charts of what a pattern captures, counted over the whole text: each point knows the first line it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from rlm_ls.context.document import Selection
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.drawn import LONGEST_CELL, MOST_ROWS, Cell, ChartKind, DrawnRow, height
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.verbs.charts.axis import axis_of, between, coarser
from rlm_ls.executors.verbs.charts.bins import edges_of, rows_of
from rlm_ls.executors.verbs.charts.rows import LARGEST, hour_of, in_order

MOST_BARS = 30


@dataclass(frozen=True, slots=True)
class Counted:
    columns: tuple[str, ...]
    rows: tuple[DrawnRow, ...]
    note: str


async def counted(host: VerbHost, kind: ChartKind, pattern: str, within: Selection, *, ignore_case: bool) -> Counted:
    """Raises BadPattern; ProgramError where nothing was captured, or too much of it for a chart."""
    if kind == "histogram":
        return await _histogram(host, pattern, within, ignore_case=ignore_case)
    most = MOST_BARS if kind in ("bars", "table") else MOST_ROWS
    found, distinct, note = await host.search.terms(pattern, within, n=most, ignore_case=ignore_case, single=True)
    if not found:
        raise ProgramError("The pattern captured nothing.", "Try it with count first.")
    rows = tuple(DrawnRow((_short(label), times), hit.span) for label, times, hit in found)
    if kind in ("bars", "table"):
        rest = f"the {len(found):,} most frequent of {distinct:,} values" if distinct > len(found) else ""
        return Counted(("value", "count"), rows, "; ".join(filter(None, (rest, note))))
    if distinct > len(found):
        raise ProgramError(
            f"{distinct:,} different values; a chart has at most {MOST_ROWS:,} points.",
            r"Capture less of the time: r'^(\d{4}-\d\d-\d\d \d\d):' is an hour.",
        )
    if kind == "heat":
        return Counted(("day", "hour", "count"), tuple(_by_hour(row) for row in rows), note)
    rows, gaps = _without_gaps(in_order("lines", rows))
    return Counted(("time", "count"), rows, "; ".join(filter(None, (note, gaps))))


async def _histogram(host: VerbHost, pattern: str, within: Selection, *, ignore_case: bool) -> Counted:
    stats, ignored, note = await host.search.stats(pattern, within, ignore_case=ignore_case)
    numbers = stats.get(None)
    if not numbers or not numbers.get("count"):
        raise ProgramError(
            "The pattern captured no number.", r'Give it one group for the number: chart("histogram", r"took=(\d+)").'
        )
    if max(abs(numbers["min"]), abs(numbers["max"])) > LARGEST:
        raise ProgramError("These numbers are too large to be drawn.")
    edges = edges_of(numbers["min"], numbers["max"], numbers["p99"])
    found, _, cut = await host.search.terms(pattern, within, n=len(edges), edges=edges, ignore_case=ignore_case)
    counts = {int(label): times for label, times, _ in found}
    firsts = {int(label): hit.span for label, _, hit in found}
    rows = rows_of(edges, numbers["max"], counts)
    none = f"{ignored:,} captured values are no numbers" if ignored else ""
    said = "; ".join(dict.fromkeys(filter(None, (note, cut, none))))
    return Counted(("from", "to", "count"), tuple(DrawnRow(c, firsts.get(at)) for at, c in enumerate(rows)), said)


def _short(label: str) -> str:
    text = " ".join(label.split())
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _by_hour(row: DrawnRow) -> DrawnRow:
    day_hour = hour_of(str(row.cells[0]))
    if day_hour is None:
        raise ProgramError(
            f"{row.cells[0]!r} is no day with an hour.", r"For heat capture both: r'^(\d{4}-\d\d-\d\d \d\d):'."
        )
    return DrawnRow((*day_hour, *row.cells[1:]), row.span)


def _without_gaps(rows: tuple[DrawnRow, ...]) -> tuple[tuple[DrawnRow, ...], str]:
    """With a row for each time between in which nothing was counted, and a note: where those are too many, by coarser
    times. Left out, they would look like neighbours."""
    coarse = rows
    while form := axis_of([str(row.cells[0]) for row in coarse]).form:
        if (filled := _filled(coarse, form)) is not None:
            return filled, "" if coarse is rows else f"by coarser times: a chart has at most {MOST_ROWS:,} points"
        if not (cut := coarser(form)):
            return rows, "times in which nothing was counted are left out"
        coarse = _summed(coarse, cut)
    return rows, ""


def _filled(rows: tuple[DrawnRow, ...], form: str) -> tuple[DrawnRow, ...] | None:
    """None where there is no room for it."""
    filled: list[DrawnRow] = [rows[0]]
    for before, after in pairwise(rows):
        missing = between(str(before.cells[0]), str(after.cells[0]), form, MOST_ROWS - len(rows))
        if missing is None:
            return None
        zero: Cell = 0
        filled += [DrawnRow((label, zero)) for label in missing]
        filled.append(after)
        if len(filled) > MOST_ROWS:
            return None
    return tuple(filled)


def _summed(rows: tuple[DrawnRow, ...], cut: int) -> tuple[DrawnRow, ...]:
    """Those of which the labels begin alike, without their last characters, together."""
    together = ((label, list(some)) for label, some in groupby(rows, lambda row: str(row.cells[0])[:-cut]))
    return tuple(
        DrawnRow((label, sum(int(height(row.cells)) for row in some)), some[0].span) for label, some in together
    )
