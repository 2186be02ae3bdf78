"""A cluster on this machine beside the local pool; a paced bucket read by 1, 2 and 4 nodes; attaching; first hits.

Needs the extras `cluster` and `s3`, and for the bucket rclone (`pip install --require-hashes -r .ci/rclone.txt`), which
paces readers.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.tables import spread, table
from bench.texts import large_log
from rlm_ls.context.cluster.address import Address
from rlm_ls.context.cluster.connection import Connection
from rlm_ls.context.cluster.pool import PIECE, ClusterPool
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.remote.copies import Copies
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.context.workers.protocol import Pool

LOCAL_MB = int(os.environ.get("RLM_BENCH_MB", "1000"))
PACED_MB = 192
PACE = "16M"
PACED_PIECE = 16 << 20
PATTERN = r"ERROR.*timeout"
"""Matches nothing: read as quickly as memory is, so that sending counts most."""
NUMBERS = r"took=(\d+)"
"""Matches in nearly every line."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: MB of a local file and of one in a paced bucket, its pieces, and by how many nodes."""

    local_mb: int
    paced_mb: int
    piece: int
    nodes: tuple[int, ...]


def measure(repeats: int) -> str:
    return _measured(Scale(LOCAL_MB, PACED_MB, PACED_PIECE, (1, 2, 4)), repeats)


def quick() -> str:
    """In small: shows that it works."""
    return _measured(Scale(20, 12, 2 << 20, (1, 2)), 1)


def _measured(scale: Scale, repeats: int) -> str:
    asked: list[list[str]] = []
    local = large_log(scale.local_mb * 8_000)
    asyncio.run(_beside_the_local_pool(local, scale, repeats, asked))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_paced(Path(folder), scale, min(repeats, 3), asked))
    return table(["", "median (least to most)", "wanted"], asked)


async def _beside_the_local_pool(path: Path, scale: Scale, repeats: int, rows: list[list[str]]) -> None:
    cores = os.cpu_count() or 2
    async with SearchPool() as here, _cluster(cores, here, PIECE) as there:
        scope = Scope("document", files=(str(path),))
        async with await Context.take(scope, here) as context:
            for pattern, what, wanted in ((NUMBERS, "many matches", "≥ 0.80"), (PATTERN, "none", "")):
                near, far = [], []
                for _ in range(repeats + 1):
                    near.append(await _seconds(context, here, pattern))
                    far.append(await _seconds(context, there, pattern))
                ratios = [a / b for a, b in zip(near[1:], far[1:], strict=True)]
                said = f"local file, {scale.local_mb:,} MB, {cores} nodes, {what}: speed by the local pool's"
                rows.append([said, spread(ratios, 2), wanted])
        attached = await there.connection()
        assert attached.nodes is not None
        rows.append(["attaching, ms", spread([await _attaching(attached) for _ in range(repeats)]), "≤ 100"])


async def _attaching(there: Connection) -> float:
    """Milliseconds of another attachment to the same scheduler, with its questions to every node."""
    began = time.perf_counter()
    client = type(there.client)(
        there.client.scheduler.address, asynchronous=True, security=there.client.security, set_as_default=False
    )
    again = await Connection.attached(client, Address(url=there.client.scheduler.address, tls=True))
    taken = 1000 * (time.perf_counter() - began)
    await again.close()
    return taken


async def _paced(folder: Path, scale: Scale, repeats: int, rows: list[list[str]]) -> None:
    bucket = folder / "bucket"
    bucket.mkdir()
    shutil.copy(large_log(scale.paced_mb * 8_000), bucket / "app.log")
    with _rclone(folder):
        seconds: dict[int, list[float]] = {}
        firsts: list[float] = []
        for nodes in scale.nodes:
            async with SearchPool(1) as here, _cluster(nodes, here, scale.piece) as there:
                cache = SnapshotCache()
                cache.copies = Copies(folder / "copies")
                scope = Scope("document", files=("s3://bucket/app.log",))
                async with await Context.take(scope, there, ContextOptions(), cache) as context:
                    seconds[nodes] = [await _seconds(context, there) for _ in range(repeats)]
                    firsts.append(await _first(context, there))
                await cache.copies.close()
                cache.close()
    for nodes, wanted in zip(scale.nodes[1:], ("≥ 1.80", "≥ 3.30"), strict=False):
        ratios = [one / many for one, many in zip(seconds[1], seconds[nodes], strict=True)]
        rows.append(
            [f"bucket paced at {PACE} a reader, {nodes} nodes: speed by that of one", spread(ratios, 2), wanted]
        )
    rows.append(["first hits, s", spread(firsts, 2), "≤ 2"])


@asynccontextmanager
async def _cluster(nodes: int, here: Pool, piece: int) -> AsyncIterator[ClusterPool]:
    pool = ClusterPool(f"local:{nodes}", here, piece_bytes=piece)
    try:
        await pool.ready()
        yield pool
    finally:
        await pool.close()


async def _seconds(context: Context, pool: Pool, pattern: str = PATTERN) -> float:
    began = time.perf_counter()
    await Search(context, pool, 600.0).count(pattern, context.limit)
    return time.perf_counter() - began


async def _first(context: Context, pool: Pool) -> float:
    """Seconds until the first piece that was searched is there, while the rest goes on."""
    search = Search(context, pool, 600.0)
    asked = {"pattern": "ERROR", "ignore_case": False, "multiline": False, "lines": True}
    began = time.perf_counter()
    scan = search.scan("matching.match.count", context.limit, search.progress(context.limit), **asked)
    async with aclosing(scan) as results:
        async for _ in results:
            break
    return time.perf_counter() - began


@contextmanager
def _rclone(folder: Path) -> Iterator[None]:
    """An S3 server over `folder` that gives each reader so much a second."""
    program = Path(sys.executable).with_name("rclone")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "serve", "s3", "--auth-key", "test,testsecret", "--addr", f"127.0.0.1:{port}"]
    command += [
        "--etag-hash",
        "",
        "--dir-cache-time",
        "1s",
        "--bwlimit-file",
        PACE,
        "--config",
        os.devnull,
        str(folder),
    ]
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="testsecret",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
    )
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield
    finally:
        server.kill()
        server.wait()
