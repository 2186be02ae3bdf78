"""Verbs that count, collect and calculate over the whole text at once. What is counted has no limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rlm_ls.context.document import Selection
from rlm_ls.context.ops.matching.match import Captured
from rlm_ls.context.search.fields import Fields
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.crossing import Rows
from rlm_ls.executors.scripts.host import SpanRow, VerbHost
from rlm_ls.executors.verbs.line_ends import tell_of_lines
from rlm_ls.executors.verbs.registry import FieldNames, Pattern, verb

MOST_RANKED = 20_000

MOST_TERMS = 500
"""Terms whose first places are looked up."""


@verb(returns="int", everyday=8)
async def count(
    host: VerbHost,
    pattern: Pattern | None = None,
    within: Any = None,
    by: Literal["doc", "line", "value"] | None = None,
    ignore_case: bool = False,
    multiline: bool = False,
    field: FieldNames = None,
) -> int | dict[str, int]:
    """matches; by="line", "value", "doc"

    by="line": lines that match; by="value": different values; by="doc": a dict by path.

    Values are what extract gives. With field="http.status" (JSON or logfmt lines, in an envelope too): lines whose
    field matches, all that hold it without a pattern.
    """
    selection = await host.select(within)
    asked, fields = _asked(pattern, field, multiline)
    if by == "value":
        _, distinct, _, partial = await host.search.top(
            asked, selection, 1, ignore_case=ignore_case, multiline=multiline, fields=fields
        )
        host.note(f"count({_named(pattern, fields)}, by='value'): {partial}" if partial else "")
        await _tell(host, "count", fields, selection)
        return distinct
    if fields is None:
        found = await host.search.count(asked, selection, by=by, ignore_case=ignore_case, multiline=multiline)
        if not found:
            tell_of_lines(host, f"count({asked!r})", asked, multiline=multiline)
        return found
    counts = await host.search.count_lines(asked, selection, fields, ignore_case=ignore_case)
    await _tell(host, "count", fields, selection)
    return counts if by == "doc" else sum(counts.values())


@verb(returns="list", shape="values", everyday=9)
async def extract(
    host: VerbHost,
    pattern: Pattern | None = None,
    within: Any = None,
    ignore_case: bool = False,
    multiline: bool = False,
    field: FieldNames = None,
) -> Rows:
    """like re.findall

    Groups, tuples of several, or matches.
    In order, at most 500,000. A group that took no part is None in a tuple, and left out where it is the only one.
    extract(field="took") gives the values of a JSON or logfmt field with their types, field=["host", "took"] tuples.
    """
    selection = await host.select(within)
    asked, fields = _asked(pattern, field, multiline)
    packs, partial = await host.search.extracted(
        asked, selection, ignore_case=ignore_case, multiline=multiline, fields=fields
    )
    host.note(f"extract({_named(pattern, fields)}): {partial}" if partial else "")
    await _tell(host, "extract", fields, selection)
    found = Rows([text for text, _ in packs], sum(count for _, count in packs))
    if not len(found):
        tell_of_lines(host, f"extract({_named(pattern, fields)})", asked, multiline=multiline)
    return found


@verb(returns="list[(value, count)]", shape="ranked", everyday=10)
async def top(
    host: VerbHost,
    pattern: Pattern | None = None,
    n: int = 10,
    within: Any = None,
    ignore_case: bool = False,
    multiline: bool = False,
    field: FieldNames = None,
) -> list[tuple[Captured, int]]:
    """[(value, count)]

    Of what extract gives the most frequent first, ties by value; at most 20,000. top(field="level") counts a JSON or
    logfmt field's values; a pattern beside it is matched in the value.
    """
    if n < 1:
        raise ProgramError("top() needs n of at least 1.")
    selection = await host.select(within)
    asked, fields = _asked(pattern, field, multiline)
    call = f"top({_named(pattern, fields)})"
    values, distinct, total, partial = await host.search.top(
        asked, selection, min(n, MOST_RANKED), ignore_case=ignore_case, multiline=multiline, fields=fields
    )
    await _tell(host, "top", fields, selection)
    if distinct > len(values) and n > len(values):
        # A script that wants them all must not take these for all.
        raise ProgramError(
            f"There are {distinct:,} different values; top() gives at most {MOST_RANKED:,}.",
            'count(pattern, by="value") is how many differ.',
        )
    if distinct > len(values):
        host.note(f"{call}: {len(values):,} of {distinct:,} distinct values ({total:,} matches)")
    host.note(f"{call}: {partial}" if partial else "")
    if not values:
        tell_of_lines(host, call, asked, multiline=multiline)
    return values


@verb(returns="dict", everyday=11)
async def stats(
    host: VerbHost,
    pattern: Pattern | None = None,
    within: Any = None,
    ignore_case: bool = False,
    multiline: bool = False,
    field: FieldNames = None,
) -> dict[str, Any]:
    """count sum min max mean p50…p99; two groups: by the first

    Of two groups the result is a dict by the first. p50, p90, p95 and p99 are by nearest rank.

    stats(r"took=(\\d+)")["p95"]; stats(r"host=(\\w+) .*took=(\\d+)")["web-1"]["max"]; by JSON or
    logfmt fields stats(field="took"), stats(field=["host", "took"]).
    """
    selection = await host.select(within)
    asked, fields = _asked(pattern, field, multiline)
    call = f"stats({_named(pattern, fields)})"
    found, ignored, partial = await host.search.stats(
        asked, selection, ignore_case=ignore_case, multiline=multiline, fields=fields
    )
    await _tell(host, "stats", fields, selection)
    by_name = {name: _plain(numbers) for name, numbers in found.items() if name is not None}
    numbers: dict[str, Any] = by_name or _plain(found.get(None, {"count": 0}))
    host.note(f"{call}: {partial}" if partial else "")
    if ignored:
        host.note(f"{call}: {ignored:,} captured values are not numbers and were left out.")
    if not found:
        host.note(f"{call}: nothing was captured.")
        tell_of_lines(host, call, asked, multiline=multiline)
    return numbers


def _asked(pattern: str | None, field: FieldNames, multiline: bool) -> tuple[str, Fields | None]:
    """The pattern to search for, and the fields to search in, if any."""
    if field is None:
        if pattern is None:
            raise ProgramError("A pattern, or field=, is missing.", 'count(r"ERROR"), count("error", field="level")')
        return pattern, None
    names = (field,) if isinstance(field, str) else tuple(field)
    if multiline or (pattern is not None and len(names) > 1):
        raise ProgramError(
            "A pattern is matched in one field, and within its value.", "Leave multiline, or fields, out."
        )
    return pattern or "", Fields(names)


def _named(pattern: str | None, fields: Fields | None) -> str:
    shown = [repr(pattern)] if pattern is not None else []
    return ", ".join(shown + ([f"field={', '.join(fields.names)!r}"] if fields else []))


async def _tell(host: VerbHost, call: str, fields: Fields | None, selection: Selection) -> None:
    """Says how many lines have no such field. Raises ProgramError where none has it."""
    note = "" if fields is None else await host.search.check_seen(fields, selection)
    host.note(f"{call}(): {note}" if note else "")


def _plain(summary: Mapping[str, Any]) -> dict[str, Any]:
    """7305 in place of 7305.0: captured numbers are mostly whole."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
        for name, value in summary.items()
    }


@verb(returns="list[(term, count, Span)]", shape="terms")
async def terms(
    host: VerbHost, kind: Pattern = "names", n: int = 50, within: Any = None
) -> list[tuple[str, int, SpanRow]]:
    """Index of terms with counts and first place; kind is "names", "identifiers", "caps" or a regular expression."""
    found, _, partial = await host.search.terms(kind, await host.select(within), n=max(0, min(n, MOST_TERMS)))
    host.note(f"terms({kind!r}): {partial}" if partial else "")
    return [(term, times, host.row(first)) for term, times, first in found]
