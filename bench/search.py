"""The verbs over a log of 200 MB, beside GNU grep (C locale) and ripgrep where it is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.tables import table
from bench.texts import large_log
from rlm_ls.context.document import Part, Selection
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

DEADLINE = 120.0
"""Seconds. Longer than a verb has by default, so that a slow one is measured to its end."""

USERS = [f"user=u{number:05}" for number in range(300, 40_300, 800)]

Verb = Callable[[Search], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Case:
    """`shell` is a line for sh that does the same with `$tool`, and prints the number that `verb` comes to."""

    name: str
    verb: Verb
    shell: str


def counting(pattern: str, *, ignore_case: bool = False) -> Verb:
    return lambda search: search.count(pattern, search.context.limit, ignore_case=ignore_case)


async def fifty(search: Search) -> object:
    return (await search.find_any(USERS, search.context.limit, limit=50)).total


async def nothing(search: Search) -> object:
    return (await search.find("ZQXJ-77", search.context.limit)).total


async def ranked(search: Search) -> object:
    return (await search.find("PoolTimeoutError slow retry", search.context.limit, limit=50)).total


async def dense(search: Search) -> object:
    return (await search.regex(r"status=(\d+)", search.context.limit, limit=50)).total


async def tallied(search: Search) -> object:
    return (await search.top(r"status=(\d+)", search.context.limit, 10))[2]


async def distinct(search: Search) -> object:
    return (await search.top(r"user=(u\d+)", search.context.limit, 10))[1]


async def percentiles(search: Search) -> object:
    return (await search.stats(r"took=(\d+)ms", search.context.limit))[0][None]["count"]


async def indexed(search: Search) -> object:
    return len((await search.terms("caps", search.context.limit, n=10))[0])


CASES = (
    Case("count, literal", counting("ERROR"), "$tool -cF ERROR"),
    Case("count, literal no line has", counting("ZQXJ-77"), "$tool -cF ZQXJ-77"),
    Case("find, the same, and its hint", nothing, "$tool -cF ZQXJ-77"),
    Case("find_any, 50 literals", fifty, "$tool -cF " + " ".join(f"-e {word}" for word in USERS)),
    Case("find, three words ranked", ranked, "$tool -cwF -e PoolTimeoutError -e slow -e retry"),
    Case("count, ERROR.*timeout", counting("ERROR.*timeout"), "$tool -c 'ERROR.*timeout'"),
    Case("count, same, ignore_case", counting("ERROR.*timeout", ignore_case=True), "$tool -ci 'ERROR.*timeout'"),
    Case(
        "count, bare IP",
        counting(r"\d+\.\d+\.\d+\.\d+"),
        r"$tool -c '[0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*'",
    ),
    Case("regex, dense, 50 shown", dense, "$tool -o 'status=[0-9][0-9]*' | wc -l"),
    Case(
        "top 10 of a dense capture",
        tallied,
        "$tool -o 'status=[0-9][0-9]*' | sort | uniq -c | awk '{n += $1} END {print n}'",
    ),
    Case("top, distinct values", distinct, "$tool -o 'user=u[0-9][0-9]*' | sort -u | wc -l"),
    Case("stats, percentiles", percentiles, "$tool -o 'took=[0-9][0-9]*ms' | cut -c6- | sort -n | wc -l"),
    Case(
        "terms, words in capitals",
        indexed,
        "$tool -o '[A-Z][A-Z0-9_]*[A-Z][A-Z0-9_]*' | sort | uniq -c | sort -rn | head -10 | wc -l",
    ),
)


def measure(repeats: int) -> str:
    return asyncio.run(_measure(large_log(), repeats))


async def _measure(path: Path, repeats: int) -> str:
    tools = {"grep": shutil.which("grep"), "rg": shutil.which("rg")}
    present = {name: found for name, found in tools.items() if found and shutil.which("sh")}
    size = path.stat().st_size
    rows = []
    async with SearchPool() as pool:
        scope = Scope(kind="document", files=(path.as_uri(),))
        await (await Context.take(scope, pool)).close()  # once without counting: the workers start, the disk's cache
        took = []
        for _ in range(repeats):
            started = time.perf_counter()
            context = await Context.take(scope, pool)
            took.append(time.perf_counter() - started)
            await context.close()
        anchor = _ratio(took, _shell("wc -lL", "", path, repeats)[0]) if present else ""
        rows.append(["snapshot (beside wc -lL)", *_figures(took, size), anchor, ""])
        async with await Context.take(scope, pool) as context:
            search = Search(context, pool, deadline_seconds=DEADLINE)
            rows += [await _row(case, search, path, size, present, repeats) for case in CASES]
            rows += [await _latency(name, verb, repeats) for name, verb in _lookups(search)]
    note = (
        f"Over {size / 1e6:.0f} MB with {pool.size} workers, counts agree unless said. x: times as fast as the tool, of"
        " which one process runs (and what it is piped into)."
    )
    if "rg" not in present:
        note += " rg is not installed here."
    return table(["verb", "ms", "MB/s", "x grep", "x rg"], rows) + "\n\n" + note


async def _row(case: Case, search: Search, path: Path, size: int, tools: dict[str, str], repeats: int) -> list[str]:
    took: list[float] = []
    count: object = None
    for _ in range(repeats):
        started = time.perf_counter()
        count = await case.verb(search)
        took.append(time.perf_counter() - started)
    ratios = []
    for name in ("grep", "rg"):
        if name not in tools:
            ratios.append("")
            continue
        other, printed = _shell(case.shell, tools[name], path, repeats)
        ratios.append(_ratio(took, other) + ("" if printed == str(count) else f" ({printed} not {count})"))
    return [case.name, *_figures(took, size), *ratios]


def _lookups(search: Search) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
    document = search.context.documents[0]
    return [
        ("lines, 50 from the middle", lambda: search.lines(0, document.lines // 2, document.lines // 2 + 49)),
        ("count on 100 KB", lambda: search.count("ERROR", _first(search, 100_000))),
    ]


def _first(search: Search, size: int) -> Selection:
    (part,) = search.context.limit
    return (Part(part.doc, 0, size),)


async def _latency(name: str, verb: Callable[[], Awaitable[object]], repeats: int) -> list[str]:
    took = []
    for _ in range(20 * repeats):
        started = time.perf_counter()
        await verb()
        took.append(time.perf_counter() - started)
    return [name, f"{median(took) * 1000:.1f}", "", "", ""]


def _shell(line: str, tool: str, path: Path, repeats: int) -> tuple[list[float], str]:
    """Seconds of each run, and what it printed."""
    took = []
    printed = ""
    for _ in range(repeats):
        started = time.perf_counter()
        with path.open("rb") as text:
            done = subprocess.run(
                ["sh", "-c", line.replace("$tool", tool)],
                stdin=text,
                capture_output=True,
                text=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        took.append(time.perf_counter() - started)
        printed = done.stdout.strip() or "0"
    return took, printed


def _figures(took: list[float], size: int) -> tuple[str, str]:
    seconds = median(took)
    return f"{seconds * 1000:,.0f}", f"{size / seconds / 1e6:,.0f}"


def _ratio(took: list[float], anchor: list[float]) -> str:
    return f"{median(anchor) / median(took):.2f}"
