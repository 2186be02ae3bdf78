"""A folder of 20,000 files and 300 MB as context: the first question, the next ones, a regex beside rg, memory."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from bench.tables import spread, table
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.stamp import SETTLED_NS
from rlm_ls.context.workers.pool import SearchPool

FILES = 20_000
FOLDERS = 1_000
BYTES = 300_000_000
SEED = 5

PATTERNS = ("ZQXJ-77", r"timeout_\w+ = [0-9]{4}", r"def handle_\w+", r"return \w+")
"""One that is nowhere, a rare one, one of every few files, and one of every few lines."""

WORDS = tuple(
    "order user price total index cache retry timeout session buffer stream packet ledger vector matrix parser token "  # noqa: SIM905
    "window render layout request response header cookie socket thread worker queue lock batch shard replica".split()
)

GIGABYTE = 1_000_000_000


def make_tree(root: Path, files: int = FILES, size: int = BYTES, seed: int = SEED) -> None:
    """Source-like files of many sizes, the same for the same seed, and `.gitignore`s with something to ignore."""
    chance = random.Random(seed)
    body = _body(chance)
    weights = [chance.lognormvariate(0.0, 1.2) for _ in range(files)]
    share = size / sum(weights)
    folders = [root]
    for number in range(FOLDERS):
        parent = folders[chance.randrange(min(len(folders), 60))]
        folders.append(parent / f"{chance.choice(WORDS)}_{number}")
        folders[-1].mkdir(parents=True)
        if number % 10 == 0:
            (folders[-1] / ".gitignore").write_text("*.tmp\n/generated/\n!keep.tmp\n")
    (root / ".gitignore").write_text(
        "*.pyc\n*.log\nbuild/\ndist/\n.cache/\n__pycache__/\n*.egg-info/\n!important.log\n"
    )
    for number, weight in enumerate(weights):
        length = max(40, min(int(weight * share), 900_000))
        start = chance.randrange(len(body) - 1_000_000)
        text = body[start : start + length].partition(b"\n")[2].rpartition(b"\n")[0] + b"\n"
        ending = chance.choice(("py", "py", "ts", "go", "md", "json", "txt"))
        (folders[number % len(folders)] / f"{chance.choice(WORDS)}_{number}.{ending}").write_bytes(text)


def _body(chance: random.Random) -> bytes:
    """Lines that the files are cut from."""
    lines: list[str] = []
    size = 0
    while size < 8_000_000:
        one, two, three = chance.choices(WORDS, k=3)
        kind = chance.randrange(1000)
        if kind == 0:
            line = f"timeout_{one} = {chance.randrange(1000, 9999)}"
        elif kind < 8:
            line = f"def handle_{one}_{two}({three}: int) -> str:"
        elif kind < 150:
            line = f"        return {one}"
        elif kind < 160:
            line = f"    # {one} — naïve {two} of the {three}"
        elif kind < 250:
            line = ""
        else:
            remark = " ".join(chance.choices(WORDS, k=chance.randrange(4)))
            line = f"    {one}_{two} = {three}({kind}, '{two}')  # {remark}"
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines).encode()


@contextmanager
def tree() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        root = Path(folder) / "workspace"
        make_tree(root)
        yield root


def measure(repeats: int) -> str:
    with tree() as root:
        time.sleep(SETTLED_NS / 1e9)  # what has just been written is read again, for it may be written again
        return asyncio.run(_measure(root, repeats))


async def _measure(root: Path, repeats: int) -> str:
    scope = Scope("workspace", roots=(str(root),))
    async with SearchPool() as pool:
        questions, count, size = await _questions(root, scope, pool, repeats)
        searches = [await _search(root, scope, pool, pattern, repeats) for pattern in PATTERNS]
    memory = await _memory()
    note = f"{count:,} documents, {size / 1e6:.0f} MB, {os.cpu_count()} cores, all from a warm file cache."
    return "\n\n".join(
        [
            table(["Context.take", "ms (least to most)"], questions),
            table(["count of lines", "ours, ms", "rg -c, ms", "x rg's time", "lines"], searches),
            memory,
            note,
        ]
    )


async def _questions(root: Path, scope: Scope, pool: SearchPool, repeats: int) -> tuple[list[list[str]], int, int]:
    edited = next(root.glob("*/*.py"))
    original = edited.read_bytes()
    cold, second, after_edit, watched = [], [], [], []
    count = size = 0
    for number in range(repeats + 1):
        snapshot_cache = SnapshotCache()
        first = await _taken(scope, pool, snapshot_cache)
        again = await _taken(scope, pool, snapshot_cache)
        edited.write_bytes(original + b"# edited\n")
        changed = await _taken(scope, pool, snapshot_cache)
        edited.write_bytes(original)
        snapshot_cache.watching = True
        snapshot_cache.changed([str(edited)])
        told = await _taken(scope, pool, snapshot_cache)
        async with await Context.take(scope, pool, None, snapshot_cache) as context:
            count, size = len(context.documents), context.size
        snapshot_cache.close()
        await asyncio.sleep(SETTLED_NS / 1e9)
        if number:  # the first time the workers start
            cold.append(first)
            second.append(again)
            after_edit.append(changed)
            watched.append(told)
    rows = [
        ["cold", spread(cold)],
        ["second question, nothing changed", spread(second)],
        ["a file was edited", spread(after_edit)],
        ["a file was edited, the client watches", spread(watched)],
    ]
    return rows, count, size


async def _taken(scope: Scope, pool: SearchPool, snapshot_cache: SnapshotCache) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    context = await Context.take(scope, pool, None, snapshot_cache)
    took = time.perf_counter() - started
    await context.close()
    return took * 1000


async def _search(root: Path, scope: Scope, pool: SearchPool, pattern: str, repeats: int) -> list[str]:
    ours, theirs, lines = [], [], ""
    async with await Context.take(scope, pool) as context:
        search = Search(context, pool, 120)
        counted = await search.count(pattern, context.limit, by="line")
        for _ in range(repeats):
            started = time.perf_counter()
            await search.count(pattern, context.limit, by="line")
            ours.append((time.perf_counter() - started) * 1000)
    if shutil.which("rg"):
        theirs, lines = _ripgrep(root, pattern, repeats)
    ratio = f"{median(ours) / median(theirs):.2f}" if theirs else "rg is not installed"
    agreed = str(counted) if lines in ("", str(counted)) else f"{counted} (rg: {lines})"
    return [pattern, spread(ours), spread(theirs) if theirs else "", ratio, agreed]


def _ripgrep(root: Path, pattern: str, repeats: int) -> tuple[list[float], str]:
    """Milliseconds of each run but the first, and how many lines it counts."""
    took, printed = [], ""
    for _ in range(repeats + 1):
        started = time.perf_counter()
        command = ["rg", "--count", "--no-filename", "--hidden", "--no-require-git", pattern, str(root)]
        printed = subprocess.run(command, capture_output=True, text=True).stdout
        took.append((time.perf_counter() - started) * 1000)
    return took[1:], str(sum(map(int, printed.split())))


async def _memory() -> str:
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        path = Path(folder) / "large.log"
        line = b"2024-05-01T12:00:00 INFO worker-7 request took=123ms status=200 user=u00042 path=/orders\n"
        with path.open("wb") as out:
            for _ in range(0, GIGABYTE, 1000 * len(line)):
                out.write(1000 * line)
        async with SearchPool() as pool:
            await pool.call("matching.match.summaries", {"parts": {}, "percentiles": []}, 10)
            gc.collect()
            before = resident()
            async with await Context.take(Scope("document", files=(str(path),)), pool) as context:
                await Search(context, pool, 120).count("took=1", context.limit)
                after = resident()
                size = context.size
    server, workers = (now - then for now, then in zip(after, before, strict=True))
    return (
        f"A file of {size / 1e6:.0f} MB, taken and searched: the server's memory grew by {server / 1e6:.1f} MB "
        f"({100 * server / size:.1f} %), that of its workers by {workers / 1e6:.1f} MB."
    )


def resident() -> tuple[int, int]:
    """Bytes: of this process, and of its children."""
    here = psutil.Process()
    return here.memory_info().rss, sum(child.memory_info().rss for child in here.children())
