"""Verbs that count, collect and calculate over the whole text at once. What is counted has no limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rlm_ls.context.ops.matching.match import Captured
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.crossing import Rows
from rlm_ls.executors.scripts.host import SpanRow, VerbHost
from rlm_ls.executors.verbs.registry import Pattern, verb

MOST_RANKED = 20_000

MOST_TERMS = 500
"""Terms whose first places are looked up."""


@verb(returns="int", everyday=8)
async def count(
    host: VerbHost,
    pattern: Pattern,
    within: Any = None,
    by: Literal["doc", "line", "value"] | None = None,
    ignore_case: bool = False,
    multiline: bool = False,
) -> int | dict[str, int]:
    """matches; by="line", "value", "doc"

    by="line": lines that match; by="value": different values; by="doc": a dict by path.

    Values are what extract gives.
    """
    selection = await host.select(within)
    asked = {"ignore_case": ignore_case, "multiline": multiline}
    if by != "value":
        return await host.search.count(pattern, selection, by=by, **asked)
    _, distinct, _, partial = await host.search.top(pattern, selection, 1, **asked)
    host.note(f"count({pattern!r}, by='value'): {partial}" if partial else "")
    return distinct


@verb(returns="list", shape="values", everyday=9)
async def extract(
    host: VerbHost, pattern: Pattern, within: Any = None, ignore_case: bool = False, multiline: bool = False
) -> Rows:
    """like re.findall

    Groups, tuples of several, or matches.
    In order, at most 500,000. A group that took no part is None in a tuple, and left out where it is the only one.
    """
    packs, partial = await host.search.extracted(
        pattern, await host.select(within), ignore_case=ignore_case, multiline=multiline
    )
    host.note(f"extract({pattern!r}): {partial}" if partial else "")
    return Rows([text for text, _ in packs], sum(count for _, count in packs))


@verb(returns="list[(value, count)]", shape="ranked", everyday=10)
async def top(
    host: VerbHost,
    pattern: Pattern,
    n: int = 10,
    within: Any = None,
    ignore_case: bool = False,
    multiline: bool = False,
) -> list[tuple[Captured, int]]:
    """[(value, count)]

    Of what extract gives the most frequent first, ties by value; at most 20,000.
    """
    if n < 1:
        raise ProgramError("top() needs n of at least 1.")
    values, distinct, total, partial = await host.search.top(
        pattern, await host.select(within), min(n, MOST_RANKED), ignore_case=ignore_case, multiline=multiline
    )
    if distinct > len(values) and n > len(values):
        # A script that wants them all must not take these for all.
        raise ProgramError(
            f"There are {distinct:,} different values; top() gives at most {MOST_RANKED:,}.",
            'count(pattern, by="value") is how many differ.',
        )
    if distinct > len(values):
        host.note(f"top({pattern!r}): {len(values):,} of {distinct:,} distinct values ({total:,} matches)")
    host.note(f"top({pattern!r}): {partial}" if partial else "")
    return values


@verb(returns="dict", everyday=11)
async def stats(
    host: VerbHost, pattern: Pattern, within: Any = None, ignore_case: bool = False, multiline: bool = False
) -> dict[str, Any]:
    """count sum min max mean p50 p90 p95 p99 of captured numbers; two groups: by the first

    Of two groups the result is a dict by the first. Percentiles are by nearest rank.

    stats(r"took=(\\d+)")["p95"]; stats(r"host=(\\w+) .*took=(\\d+)")["web-1"]["max"]
    """
    found, ignored, partial = await host.search.stats(
        pattern, await host.select(within), ignore_case=ignore_case, multiline=multiline
    )
    by_name = {name: _plain(numbers) for name, numbers in found.items() if name is not None}
    numbers: dict[str, Any] = by_name or _plain(found.get(None, {"count": 0}))
    host.note(f"stats({pattern!r}): {partial}" if partial else "")
    if ignored:
        host.note(f"stats({pattern!r}): {ignored:,} captured values are not numbers and were left out.")
    if not found:
        host.note(f"stats({pattern!r}): nothing was captured.")
    return numbers


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
    found, partial = await host.search.terms(kind, await host.select(within), n=max(0, min(n, MOST_TERMS)))
    host.note(f"terms({kind!r}): {partial}" if partial else "")
    return [(term, times, host.row(first)) for term, times, first in found]
