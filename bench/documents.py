"""A PDF of 1,000 pages until it is ready to search, beside the text extraction of the library that reads it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.context.document_files import pdf

from bench.tables import spread, table
from bench.texts import OUT
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.workers.pool import SearchPool

PAGES = 1_000
LINES = 55

LIBRARY = """
import sys, pypdfium2
document = pypdfium2.PdfDocument(sys.argv[1])
found = []
for page in document:
    content = page.get_textpage()
    found.append(content.get_text_range())
    content.close()
    page.close()
print(sum(map(len, found)))
"""


def measure(repeats: int) -> str:
    path = _document()
    library: list[float] = []
    ready: list[float] = []
    again: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", LIBRARY, str(path)], check=True, stdout=subprocess.DEVNULL)
        library.append(time.perf_counter() - start)
        first, second = asyncio.run(_taken(path))
        ready.append(first)
        again.append(second)
    ratios = [mine / theirs for mine, theirs in zip(ready, library, strict=True)]
    rows = [
        ["the library's own text extraction, a process", spread(library, 2), ""],
        ["ready to search", spread(ready, 2), spread(ratios, 2)],
        ["the second question", spread(again, 3), ""],
    ]
    return table([f"seconds, {PAGES:,} pages of {LINES} lines", "", "ratio"], rows)


def _document() -> Path:
    path = OUT / f"{PAGES}-pages.pdf"
    if not path.exists():
        OUT.mkdir(exist_ok=True)
        words = "The quick brown fox jumps over the lazy dog while many others look on in some surprise"
        path.write_bytes(pdf([[f"{page} {line} {words}" for line in range(LINES)] for page in range(1, PAGES + 1)]))
    return path


async def _taken(path: Path) -> tuple[float, float]:
    """Seconds of the first and of a second question's snapshot; a search tells that both are whole."""
    cache = SnapshotCache()
    seconds = []
    async with SearchPool() as pool:
        await pool.call("structure.outline.outline", _nothing(path), 10.0)  # the workers run, as in a server
        for _ in range(2):
            start = time.perf_counter()
            async with await Context.take(Scope("files", files=(str(path),)), pool, ContextOptions(), cache) as context:
                seconds.append(time.perf_counter() - start)
                found = await Search(context, pool).count("lazy dog", context.limit)
                assert found == PAGES * LINES, found
    cache.close()
    return seconds[0], seconds[1]


def _nothing(path: Path) -> dict[str, object]:
    from rlm_ls.context.document import Source
    from rlm_ls.context.workers.piece import File

    return {"file": File("nothing", Source(str(path), 0, 100)), "language": "", "parse": False, "lines": 1}
