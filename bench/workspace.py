"""A folder of 20,000 files and 300 MB as context: the first question, the next ones, a regex beside rg, memory."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.tables import spread
from rlm_ls.context.pool import SearchPool
from rlm_ls.context.scope import Scope
from rlm_ls.context.search import Search
from rlm_ls.context.snapshot import Context

FILES = 20_000
FOLDERS = 1_000
BYTES = 300_000_000
SEED = 5

PATTERNS = ("ZQXJ-77", r"timeout_\w+ = [0-9]{4}", r"def handle_\w+", r"return \w+")
"""One that is nowhere, a rare one, one of every few files, and one of every few lines."""

WORDS = ["order", "user", "price", "total", "index", "cache", "retry", "timeout", "session", "buffer", "stream", "packet", "ledger", "vector", "matrix", "parser", "token", "window", "render", "layout", "request", "response", "header", "cookie", "socket", "thread", "worker", "queue", "lock", "batch", "shard", "replica"]

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
        text = body[start : start + length].partition(b"\n")[2] or b"x = 1\n"
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
            line = f"    {one}_{two} = {three}({kind}, '{two}')  # {' '.join(chance.choices(WORDS, k=chance.randrange(4)))}"
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines).encode()


@contextmanager
def tree() -> Iterator[Path]:
    kept = os.environ.get("RLM_BENCH_TREE")
    folder = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="rlm-bench-"))
    try:
        if not (folder / ".gitignore").exists():
            make_tree(folder)
        yield folder
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def measure(repeats: int) -> str:
    with tree() as root:
        return asyncio.run(_measure(root, repeats))


async def _measure(root: Path, repeats: int) -> str:
    scope = Scope("workspace", roots=(str(root),))
    rows = []
    async with SearchPool() as pool:
        async with await Context.take(scope, pool) as context:
            count, size = len(context.documents), context.size
        took = []
        for _ in range(repeats):
            started = time.perf_counter()
            context = await Context.take(scope, pool)
            took.append(time.perf_counter() - started)
            await context.close()
        rows.append(["take, cold", spread([one * 1000 for one in took])])
        async with await Context.take(scope, pool) as context:
            search = Search(context, pool, 120)
            for pattern in PATTERNS:
                took = []
                for _ in range(repeats):
                    started = time.perf_counter()
                    n = await search.count(pattern, context.limit, by="line")
                    took.append(time.perf_counter() - started)
                took2 = []
                for _ in range(repeats):
                    started = time.perf_counter()
                    out = subprocess.run(
                        ["rg", "-c", "--no-filename", "--hidden", pattern, str(root)], capture_output=True, text=True
                    ).stdout
                    took2.append(time.perf_counter() - started)
                m = sum(map(int, out.split()))
                rows.append(
                    [f"{pattern} {n} {m}", spread([one * 1000 for one in took]), spread([one * 1000 for one in took2])]
                )
    return f"{count} {size}\n" + "\n".join(" | ".join(r) for r in rows)
