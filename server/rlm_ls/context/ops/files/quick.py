"""Small files as nearly all are (ASCII, no document, no secret) are told by a look at many of them at once.

What is not sure is judged one by one (`packing`), by all that there is to look at. A test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.context.ops.files.inspect import lines_of
from rlm_ls.context.snapshot.columns import ASCII, SETTLED
from rlm_ls.context.snapshot.measure import digest_of
from rlm_ls.context.sources.secrets import may_hold_secret
from rlm_ls.context.sources.stamp import Stamp

_CONTROLS = bytes([*range(9), 0x0B, *range(0x0D, 0x20), 0x7F])
"""In a text none of these stands but for a `\\r`: what is compressed, drawn by a terminal or in UTF-16 has some."""

_WITHIN = re.compile(rb"ustar|BZh|%PDF-|\"cells\"")
"""What archives and documents hold that have no control characters."""

_NOTEBOOK = ".ipynb"

_BEGINS = re.compile(rb"From |[!-9;-~]{1,80}:[ \t\r\n]")
"""How mail begins."""


class Quick:
    """Judges the files of a request, whose bytes are `raws`; `names` are all of their names."""

    __slots__ = ("_all", "_notebooks")

    def __init__(self, raws: Sequence[bytes], names: str) -> None:
        self._notebooks = _NOTEBOOK in names.lower()
        self._all = _is_clean(b"\n".join(raws))

    def sure(self, raw: bytes, name: str) -> bool:
        """Whether a file is plain text as it stands, with lines that end at `\\n`."""
        if not raw or _BEGINS.match(raw) or (self._notebooks and _NOTEBOOK in name.lower()):
            return False
        return self._all or _is_clean(raw)


def _is_clean(raw: bytes) -> bool:
    if not raw.isascii() or len(raw.translate(None, _CONTROLS)) < len(raw):
        return False
    return _WITHIN.search(raw) is None and not may_hold_secret(raw)


def row_of(index: int, place: int, raw: bytes, settled: bool, stamp: Stamp) -> tuple[tuple[int, ...], bytes]:
    """The row of CopiedTexts, and the digest, of such a text."""
    size, (ends, lines, longest) = len(raw), lines_of(raw)
    flags = ASCII | SETTLED if settled else ASCII
    return (index, place, size, size, lines, longest, ends, flags, *stamp), digest_of(raw)
