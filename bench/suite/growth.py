"""How it grows: a file from 1 MB on and a folder from 100 files on, each by factors, until the time is over."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.many_files import A_FOLDER, make_tree
from bench.suite.figure import Scale
from bench.suite.searching import repeated
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool

MEGABYTE = 1_000_000
FACTOR = 4
LARGEST, MOST = 4_096 * MEGABYTE, 200_000
USUAL_LARGEST, USUAL_MOST = 1_024 * MEGABYTE, 25_600
QUICK_LARGEST, QUICK_MOST = 4 * MEGABYTE, 400


@dataclass(frozen=True, slots=True)
class Point:
    """`size` is bytes of a file or files of a folder; seconds of the snapshot and of a count of lines in it."""

    size: int
    snapshot: float
    count: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Growth:
    bytes: tuple[Point, ...]
    files: tuple[Point, ...]


async def growth(scale: Scale, seconds: float) -> Growth:
    """Sizes grow as long as the next one is likely to be over in time; with `full`, whatever it takes."""
    ends = time.perf_counter() + (float("inf") if scale.full else seconds)
    half = time.perf_counter() + (ends - time.perf_counter()) / 2
    sizes = list(_sizes(MEGABYTE, QUICK_LARGEST if scale.quick else LARGEST if scale.full else USUAL_LARGEST))
    counts = list(_sizes(A_FOLDER, QUICK_MOST if scale.quick else MOST if scale.full else USUAL_MOST))
    return Growth(
        await _points(sizes, "request", _file, half),
        await _points(counts, "ERROR", _folder, ends),
    )


def _sizes(first: int, last: int) -> Iterator[int]:
    yield from itertools.takewhile(lambda size: size < last, (first * FACTOR**n for n in itertools.count()))
    yield last


async def _points(sizes: list[int], pattern: str, make: Any, ends: float) -> tuple[Point, ...]:
    points: list[Point] = []
    for size in sizes:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
            path = await asyncio.to_thread(make, Path(folder), size)
            points.append(await _point(path, size, pattern))
        if time.perf_counter() + FACTOR * (time.perf_counter() - started) > ends:
            break
    return tuple(points)


def _file(folder: Path, size: int) -> Path:
    return repeated(folder / "growing.log", size)


def _folder(folder: Path, files: int) -> Path:
    make_tree(folder / "logs", files)
    return folder / "logs"


async def _point(path: Path, size: int, pattern: str) -> Point:
    async with SearchPool() as pool:
        await (await Context.take(Scope("files", files=(__file__,)), pool)).close()  # the workers start
        started = time.perf_counter()
        async with await Context.take(Scope("files", files=(str(path),)), pool) as context:
            taken = time.perf_counter() - started
            search = Search(context, pool, deadline_seconds=600.0)
            counts = []
            for _ in range(2):
                started = time.perf_counter()
                await search.count(pattern, context.limit, by="line")
                counts.append(time.perf_counter() - started)
    return Point(size, taken, min(counts))
