"""What a program is called with: pieces of documents, cut at line starts, filtered ones copied together beforehand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO

from rlm_ls.context.document import Source
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.matching.windows import bounds
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Bundle, File, Piece, Pieces
from rlm_ls.errors import ProgramLimit
from rlm_ls.executors.compiled.wasm.memory import TextMemory

Unit = Bundle | Piece


@dataclass(frozen=True, slots=True)
class Shard:
    """Units that go into one text, in order. `size` is about its bytes."""

    units: tuple[Unit, ...]
    size: int


SMALLEST_SHARD = 1 << 20
LARGEST_SHARD = 64 << 20


def shard_size(size: int, threads: int) -> int:
    """Bytes of the shards of a text of `size` bytes."""
    return min(max(size // (4 * threads), SMALLEST_SHARD), LARGEST_SHARD)


def shards(batches: Sequence[Pieces], size: int) -> list[Shard]:
    """The text cut at line starts into shards of about `size` bytes; small documents whole, several to a shard."""
    found: list[Shard] = []
    units: list[Unit] = []
    held = 0
    for unit in _units(batches):
        for part in _cut(unit, size):
            length = _size(part)
            if units and held + length > size:
                found.append(Shard(tuple(units), held))
                units, held = [], 0
            units.append(part)
            held += length
    return [*found, Shard(tuple(units), held)] if units else found


def load(shard: Shard, memory: TextMemory, deadline: Deadline) -> None:
    """The shard's text into `memory`: its parts in order, a line end between two where there is none."""
    memory.clear()
    alone = len(shard.units) == 1 and isinstance(shard.units[0], Piece)
    for piece, reader in _opened(shard.units, deadline):
        start, end = bounds(reader, piece)
        if not (alone and memory.map(reader, start, end)):
            memory.end_line()
            memory.append(reader, start, end)
    if deadline.stopped:
        raise ProgramLimit("The text was not read in time.")


@contextmanager
def unfiltered(batches: Sequence[Pieces], deadline: Deadline) -> Iterator[Sequence[Pieces]]:
    """The same lines with no filter left to apply: if there was one, all are copied to a file of their own first."""
    if not any(_filtered(batch) for batch in batches):
        yield batches
        return
    with tempfile.TemporaryFile() as file:
        _write(batches, file, deadline)
        yield [_spooled(file.fileno())]


def copy(deadline: Deadline, batches: Sequence[Pieces], path: str) -> None:
    """The text to a new file at `path`. Raises ProgramLimit when that is late."""
    with open(path, "xb") as file:
        _write(batches, file, deadline)


def _write(batches: Sequence[Pieces], file: IO[bytes], deadline: Deadline) -> None:
    ended = True
    for batch in batches:
        scan = Scan(deadline, batch)
        for piece, reader in scan.pieces():
            if not ended:
                file.write(b"\n")
                ended = True
            for window in scan.windows(reader, piece):
                raw = _lines(window)
                file.write(raw)
                ended = raw.endswith((b"\n", b"\r")) if raw else ended
    file.flush()
    if deadline.late():
        raise ProgramLimit("The text was not read in time.", "Narrow it, or simplify the filter's pattern.")


def total(batches: Sequence[Pieces]) -> int:
    """About how many bytes there are: lines that start in a piece may end after it."""
    return sum(_size(unit) for unit in _units(batches))


def _lines(window: Window) -> bytes:
    """The window's lines as they lie in the Document, those left out that filters refused."""
    ends = [*window.runs[1:], len(window.text)]
    places = zip(window.runs, ends, window.origins, strict=True)
    return b"".join([window.raw[at - window.start : at - window.start + end - run] for run, end, at in places])


def _spooled(descriptor: int) -> list[Piece]:
    size = os.fstat(descriptor).st_size
    if not size:
        return []
    file = File("the filtered text", Source(f"/dev/fd/{descriptor}", 0, size))
    return [Piece(0, file, 0, size, 0, size, (0, 0))]


def _units(batches: Sequence[Pieces]) -> Iterator[Unit]:
    """Bundles and pieces in order; pieces that were cut for the search are made whole again."""
    last: Piece | None = None
    for batch in batches:
        for unit in [batch] if isinstance(batch, Bundle) else batch:
            if isinstance(unit, Piece):
                if last is not None and _goes_on(last, unit):
                    last = replace(last, end=unit.end)
                else:
                    yield from [last] if last is not None else []
                    last = unit
            else:
                yield from [last] if last is not None else []
                last = None
                yield unit
    yield from [last] if last is not None else []


def _goes_on(last: Piece, next: Piece) -> bool:
    return (last.doc, last.high, last.end, last.filters) == (next.doc, next.high, next.start, next.filters)


def _cut(unit: Unit, size: int) -> Iterator[Unit]:
    if isinstance(unit, Bundle):
        yield unit
        return
    for start in range(unit.start, unit.end, size):
        yield replace(unit, start=start, end=min(start + size, unit.end))


def _size(unit: Unit) -> int:
    return sum(unit.sizes) if isinstance(unit, Bundle) else unit.end - unit.start


def _filtered(batch: Pieces) -> bool:
    return bool(batch.filters) if isinstance(batch, Bundle) else any(piece.filters for piece in batch)


def _opened(units: Sequence[Unit], deadline: Deadline) -> Iterator[tuple[Piece, Reader]]:
    for unit in units:
        if isinstance(unit, Bundle):
            yield from Scan(deadline, unit).pieces()
        else:
            with opened(unit.file) as reader:
                yield unit, reader
