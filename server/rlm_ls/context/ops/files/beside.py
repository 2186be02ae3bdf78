"""A text that is measured while it is still being written: a decoder leaves half of the machine to it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile
from types import TracebackType

from rlm_ls.context.document import Source
from rlm_ls.context.ops.files import inspect
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.snapshot.measure import RANGE, RangeMeasure
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File

AFTER = 4
"""Bytes behind a range that are looked at for the rest of its last character."""


class MeasuredBeside:
    """The text that begins at `place` of a pack, range by range. What is not measured when all is written is left to
    whoever reads it, who has all processes for it. A small text is not measured."""

    def __init__(self, deadline: Deadline, name: str, pack: str, place: int) -> None:
        self._deadline = deadline
        self._name, self._pack, self._place = name, pack, place
        self._thread = ThreadPoolExecutor(1, "rlm-ls-measure")  # begins with the first range
        self._ranges: list[Future[RangeMeasure]] = []

    def __enter__(self) -> MeasuredBeside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(cancel_futures=True)

    def written(self, size: int) -> None:
        """The first `size` bytes are there, and stay as they are."""
        while (end := (len(self._ranges) + 1) * RANGE) + AFTER <= size:
            self._ranges.append(self._thread.submit(self._measured, end - RANGE, end))

    def measures(self) -> tuple[RangeMeasure, ...]:
        """Of the first ranges, once all is written. Raises what measuring raised."""
        self._thread.shutdown(cancel_futures=True)
        return tuple(one.result() for one in takewhile(lambda one: not one.cancelled(), self._ranges))

    def _measured(self, start: int, end: int) -> RangeMeasure:
        with opened(File(self._name, Source(self._pack, self._place, end + AFTER))) as reader:
            return inspect.measured(self._deadline, reader, start, end)
