"""One large text: lines and values beside ripgrep, GNU grep, awk and DuckDB; snapshot and places beside wc and sed."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.suite.figure import Call, Figure, Scale, compared, shell, side_by_side
from bench.texts import LINES_OF_200_MB, OUT, large_log
from bench.workspace import resident
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

DEADLINE = 120.0

WORDS = [f"user=u{number:05}" for number in range(300, 40_300, 800)]
_EACH = " ".join(f"-e {word}" for word in WORDS)

Verb = Callable[[Search], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Case:
    """`anchors` are lines for sh over `$log`; `sql` is asked of DuckDB, where `line` is a line of it.

    All print the number that `verb` comes to.
    """

    name: str
    verb: Verb
    anchors: Mapping[str, str]
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Cases with one goal: `times` what `against` takes, or ahead of every anchor."""

    work: str
    times: float
    against: tuple[str, ...]
    cases: tuple[Case, ...] = field(default=())


def _count(pattern: str, *, ignore_case: bool = False) -> Verb:
    return lambda search: search.count(pattern, search.context.limit, by="line", ignore_case=ignore_case)


async def _spans(search: Search) -> object:
    return (await search.find("ERROR", search.context.limit, limit=50_000)).total


async def _many(search: Search) -> object:
    return (await search.find_any(WORDS, search.context.limit, limit=50)).total


async def _dense(search: Search) -> object:
    return (await search.regex(r"status=(\d+)", search.context.limit, limit=50)).total


async def _top(search: Search) -> object:
    return (await search.top(r"status=(\d+)", search.context.limit, 10))[2]


async def _distinct(search: Search) -> object:
    return (await search.top(r"user=(u\d+)", search.context.limit, 10))[1]


async def _percentiles(search: Search) -> object:
    return (await search.stats(r"took=(\d+)ms", search.context.limit))[0][None]["count"]


def _lines(pattern: str, flags: str = "") -> dict[str, str]:
    """Lines that match, counted by both: grep's extended syntax has no `\\d`."""
    grep = pattern.replace(r"\d", "[0-9]")
    return {"rg": f"rg -c{flags} '{pattern}' $log", "grep": f"grep -cE{flags} '{grep}' $log"}


def _awk(pattern: str, skip: int, rest: str) -> str:
    return (
        f"awk 'match($0, /{pattern}/) {{n[substr($0, RSTART + {skip}, RLENGTH - {skip})]++}}"
        f" END {{for (k in n) print n[k], k}}' $log | {rest}"
    )


_TOTAL = "awk '{n += $1} END {print n}'"

GROUPS = (
    Group(
        "lines of 200 MB",
        1.5,
        ("rg",),
        (
            Case("literal", _count("ERROR"), _lines("ERROR")),
            Case("50 literals", _many, {"rg": f"rg -cF {_EACH} $log", "grep": f"grep -cF {_EACH} $log"}),
            Case("regex", _count("ERROR.*timeout"), _lines("ERROR.*timeout")),
            Case("ignoring case", _count("error.*TIMEOUT", ignore_case=True), _lines("error.*TIMEOUT", "i")),
            Case(
                "spans with line numbers",
                _spans,
                {"rg": "rg -nb ERROR $log | wc -l", "grep": "grep -nb ERROR $log | wc -l"},
            ),
        ),
    ),
    Group(
        "values of 200 MB",
        1.0,
        (),
        (
            Case(
                "dense matches",
                _dense,
                {"rg": r"rg -o 'status=\d+' $log | wc -l", "awk": "awk '/status=[0-9]+/ {n++} END {print n}' $log"},
                r"SELECT count(*) FROM log WHERE regexp_matches(line, 'status=\d+')",
            ),
            Case(
                "top 10 of a capture",
                _top,
                {
                    "rg": rf"rg -o 'status=\d+' $log | sort | uniq -c | {_TOTAL}",
                    "awk": _awk("status=[0-9]+", 7, _TOTAL),
                },
                r"SELECT sum(n) FROM (SELECT regexp_extract(line, 'status=(\d+)', 1) v, count(*) n FROM log"
                r" GROUP BY v) WHERE v <> ''",
            ),
            Case(
                "percentiles",
                _percentiles,
                {
                    "rg": r"rg -o 'took=\d+ms' $log | cut -c6- | sort -n | wc -l",
                    "awk": _awk("took=[0-9]+ms", 5, f"sort -k2n | {_TOTAL}"),
                },
                r"SELECT count(v) + 0 * quantile_cont(v, 0.99) FROM"
                r" (SELECT try_cast(regexp_extract(line, 'took=(\d+)ms', 1) AS INT) v FROM log)",
            ),
            Case(
                "distinct values",
                _distinct,
                {"rg": r"rg -o 'user=u\d+' $log | sort -u | wc -l", "awk": _awk("user=u[0-9]+", 5, "wc -l")},
                r"SELECT count(DISTINCT v) FROM (SELECT regexp_extract(line, 'user=(u\d+)', 1) v FROM log)"
                r" WHERE v <> ''",
            ),
        ),
    ),
    Group(
        "what needs backtracking, 200 MB",
        2.0,
        ("rg -P",),
        (
            Case("lookahead", _count(r"took(?!=\d+ms)"), {"rg -P": r"rg -Pc 'took(?!=\d+ms)' $log"}),
            Case("lookbehind", _count(r"(?<=status=)5\d\d"), {"rg -P": r"rg -Pc '(?<=status=)5\d\d' $log"}),
            Case("back reference", _count(r"(\w+)-\d+ .* \1"), {"rg -P": r"rg -Pc '(\w+)-\d+ .* \1' $log"}),
            Case("Unicode \\b", _count(r"\btook=\d+ms"), {"rg -P": r"rg -Pc '\btook=\d+ms' $log"}),
        ),
    ),
)

UNICODE = Case("Unicode \\b, no line ASCII", _count(r"\btook=\d+ms"), {"rg -P": r"rg -Pc '\btook=\d+ms' $log"})
"""Over a quarter of the log, each line of which has a letter that is not ASCII."""


async def measured(scale: Scale) -> AsyncIterator[Figure]:
    log = await asyncio.to_thread(large_log, scale.of(LINES_OF_200_MB, 16_000))
    async with SearchPool() as pool:
        async with await _taken(log, pool) as context:
            search = Search(context, pool, deadline_seconds=DEADLINE)
            for group in GROUPS:
                for case in group.cases:
                    yield await _case(group, case, search, log, scale)
        accented = await asyncio.to_thread(_accented, log)
        async with await _taken(accented, pool) as context:
            search = Search(context, pool, deadline_seconds=DEADLINE)
            yield await _case(GROUPS[2], UNICODE, search, accented, scale)

        async def snapshot() -> None:
            await (await _taken(log, pool)).close()

        took, _ = await side_by_side({"ours": snapshot, "wc -l": shell(f"wc -l <{log.name}", log.parent)}, scale)
        yield compared("snapshot of 200 MB", "snapshot", took, 3.0, "wc -l")
    async for figure in _last_lines(scale):
        yield figure


async def _taken(path: Path, pool: SearchPool) -> Context:
    return await Context.take(Scope("document", files=(str(path),)), pool)


async def _case(group: Group, case: Case, search: Search, log: Path, scale: Scale) -> Figure:
    calls: dict[str, Call] = {"ours": lambda: case.verb(search)}
    for name, line in case.anchors.items():
        if shutil.which(name.split()[0]):
            calls[name] = shell(line.replace("$log", log.name), log.parent)
    if case.sql and (ask := _duckdb(log, case.sql)) is not None:
        calls["DuckDB"] = ask
    took, results = await side_by_side(calls, scale)
    other = [f"{name} counts {found}" for name, found in results.items() if str(found) != str(results["ours"])]
    note = f"ours counts {results['ours']}, {', '.join(other)}" if other else ""
    return compared(group.work, case.name, took, group.times, *group.against, note=note)


def _duckdb(log: Path, question: str) -> Call | None:
    try:
        import duckdb
    except ImportError:
        return None
    source = (
        f"read_csv('{log}', header = false, auto_detect = false, columns = {{'line': 'VARCHAR'}}, delim = '\x01',"
        " quote = '', escape = '', strict_mode = false)"
    )

    def ask() -> Any:
        with duckdb.connect() as database:
            database.execute("SET enable_progress_bar = false")
            row = database.execute(f"WITH log AS (FROM {source}) {question}").fetchone()
            return row and int(row[0])

    return lambda: asyncio.to_thread(ask)


def _accented(log: Path) -> Path:
    path = log.with_name("accented.log")
    if not path.is_file():
        with log.open("rb") as file:
            text = file.read(log.stat().st_size // 4).rpartition(b"\n")[0] + b"\n"
        path.write_bytes(text.replace(b"Z ", "Z é ".encode()))
    return path


async def _last_lines(scale: Scale) -> AsyncIterator[Figure]:
    size = scale.of(1_000_000_000, 10_000_000)
    OUT.mkdir(parents=True, exist_ok=True)
    path = await asyncio.to_thread(repeated, OUT / "gigabyte.log", size)
    try:
        async with SearchPool() as pool, await _taken(path, pool) as context:
            search = Search(context, pool, deadline_seconds=DEADLINE)
            last = context.documents[0].lines
            first = last - 20
            gc.collect()
            before = sum(resident())

            async def ours() -> object:
                return await search.lines(0, first, last)

            calls = {
                "ours": ours,
                "sed": shell(f"sed -n '{first},{last}p' {path.name}", path.parent),
                "tail": shell(f"tail -n +{first} {path.name}", path.parent),
            }
            took, _ = await side_by_side(calls, scale)
            grown = (sum(resident()) - before) / 1e6
        yield compared("1 GB", "lines(n, n + 20) at the end", took, 1.0)
        yield Figure("1 GB", "the same, memory grows by", max(grown, 0.0), "≤ 50 MB", 50.0, unit="MB")
    finally:
        path.unlink()


def repeated(path: Path, size: int) -> Path:
    """Lines that differ in their number only, about `size` bytes of them."""
    line = "2024-05-01T12:00:00 INFO worker-7 request {:09} took=123ms status=200 user=u00042 path=/orders\n"
    some = "".join(line.format(number) for number in range(10_000)).encode()
    with path.open("wb") as out:
        for _ in range(0, max(size, 1), len(some)):
            out.write(some)
    return path
