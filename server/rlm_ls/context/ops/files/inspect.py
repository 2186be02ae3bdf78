"""The first pass over a text: is it text, in which encoding, how many lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, FileIO
from typing import BinaryIO

from blake3 import blake3

from rlm_ls.context.document import CHECKPOINT
from rlm_ls.context.extraction.kinds import kind_of as document_kind
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.remote.addresses import is_remote, not_plain
from rlm_ls.context.snapshot.intake import Foreign, IncomingFile, Packed, RefusedFile
from rlm_ls.context.snapshot.measure import DIGEST, RangeMeasure
from rlm_ls.context.sources.compression import kind_of
from rlm_ls.context.sources.drawing import may_draw
from rlm_ls.context.sources.encoding import Encoding, encoding_of
from rlm_ls.context.sources.secrets import LOOKED_AT, denied, held_secret
from rlm_ls.context.sources.stamp import Stamp, opened_file, stamp_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import (
    DocumentChanged,
    DocumentEmpty,
    DocumentMissing,
    DocumentUnreadable,
    RlmError,
    SearchTimeout,
)

HEAD = 8192
"""Bytes looked at to tell text from binary."""

AROUND = 1 << 16
"""Bytes looked at in each of three places where the first ones leave it open."""

BLOCK = 1 << 17
"""Bytes looked at together: with what is made of them they fit the processor's cache. CHECKPOINT is a multiple."""

_SKIP_FROM = 256


def measure(
    deadline: Deadline, file: File, start: int, end: int, lines_only: bool = False
) -> RangeMeasure | RefusedFile:
    """One range of a text in UTF-8; `start` is a multiple of CHECKPOINT. Refused if the file is no longer the same.

    With `lines_only` it has neither a digest nor the longest line."""
    try:
        with opened(file, end) as reader:
            return measured(deadline, reader, start, end, lines_only)
    except (DocumentChanged, DocumentUnreadable) as error:
        return RefusedFile.by(error)


def measures(deadline: Deadline, ranges: list[tuple[File, int, int]]) -> list[RangeMeasure | RefusedFile]:
    return [measure(deadline, *one) for one in ranges]


def heads(_: Deadline, incoming: list[IncomingFile], option: str) -> list[Encoding | Packed | Foreign | RefusedFile]:
    """The Encoding of each large file by its first bytes."""
    found: list[Encoding | Packed | Foreign | RefusedFile] = []
    for one in incoming:
        try:
            with open_file(one) as stream:
                head = stream.read(min(LOOKED_AT, one.size))
                if title := held_secret(head, whole=False, log=True):
                    raise denied(one.name, title)
                shown, head = head, sample(one, stream, head[:HEAD])
                encoding = packed(one, head) or _encoding(one, head, option)
                if isinstance(encoding, Encoding) and encoding.codec == "utf-8" and may_draw(shown):
                    encoding = replace(encoding, drawn=True)
                found.append(encoding)
        except RlmError as error:
            found.append(RefusedFile.by(error))
    return found


def packed(one: IncomingFile, head: bytes) -> Packed | Foreign | None:
    """Whether a file that begins so must be taken apart first; what was unpacked is not unpacked again."""
    if not one.as_text and (foreign := document_kind(head, one.name, one.named)) is not None:
        return Foreign(foreign)
    kind = None if one.unpacked else kind_of(head)
    return None if kind is None else Packed(kind)


def sample(one: IncomingFile, stream: BinaryIO, head: bytes) -> bytes:
    """A file's first bytes; where a NUL is among them, more from its middle and its end."""
    if b"\0" not in head:
        return head
    parts = []
    for place in (0, one.size // 2, max(0, one.size - AROUND)):
        stream.seek(one.at + place // 4 * 4)  # so that characters of 2 or 4 bytes are whole
        parts.append(stream.read(min(AROUND, one.size - place // 4 * 4) // 4 * 4))
    return b"".join(parts)


def _encoding(one: IncomingFile, head: bytes, option: str) -> Encoding:
    if not head or not one.size:
        raise DocumentEmpty(f"{one.name} is empty (0 bytes).", "Save some text in it, or name another document.")
    return encoding_of(one.name, head, "utf-8" if one.utf_8 else option)


def bytes_of(one: IncomingFile) -> tuple[Stamp, bytes]:
    """A file's stamp from before it was read, and at most `size` bytes of it. Without a stream: there are many."""
    try:
        descriptor, status = opened_file(one.path)
    except OSError as error:
        raise _cannot_open(one, error) from None
    try:
        stamp = stamp_of(status)
        if one.at:
            os.lseek(descriptor, one.at, os.SEEK_SET)
        raw = os.read(descriptor, one.size)
        while 0 < len(raw) < one.size and (more := os.read(descriptor, one.size - len(raw))):
            raw += more
        return stamp, raw
    except OSError as error:
        raise _cannot_open(one, error) from None
    finally:
        os.close(descriptor)


def lines_of(text: bytes) -> tuple[int, int, int]:
    """Line ends, lines, and bytes of the longest line, of a text whose lines end at `\\n`."""
    lengths, unended = _lengths(text), text[-1:] not in (b"", b"\n")
    longest = max(max(lengths, default=1) - 1, lengths[-1] if unended else 0)
    return len(lengths) - unended, len(lengths), longest


def _lengths(text: bytes) -> list[int]:
    """Bytes of each line with its `\\n`: in half the time that `split` takes, which looks at each byte by itself."""
    return list(map(len, BytesIO(text)))


def line_ends(text: bytes) -> Iterator[int]:
    """How many line ends there are up to each checkpoint, and in all."""
    count = 0
    for at in range(0, len(text), CHECKPOINT):
        block = text[at : at + CHECKPOINT]
        count += block.count(b"\n") + block.count(b"\r") - text.count(b"\r\n", at, at + CHECKPOINT + 1)
        yield count


def open_file(one: IncomingFile) -> FileIO:
    """The file, at the place where its bytes begin. Raises DocumentMissing or DocumentUnreadable."""
    try:
        stream = FileIO(opened_file(one.path)[0])
    except OSError as error:
        raise _cannot_open(one, error) from None
    stream.seek(one.at)
    return stream


def _cannot_open(one: IncomingFile, error: OSError) -> RlmError:
    if is_remote(one.path):  # it stays where it is, and only there turned out to be something else
        return not_plain(one.name, one.path)
    if isinstance(error, FileNotFoundError):
        return DocumentMissing(f"{one.name} does not exist.", "Check the path.")
    return DocumentUnreadable(f"{one.name} cannot be opened: {error.strerror}.", "Check its permissions.")


def measured(deadline: Deadline, reader: Reader, start: int, end: int, lines_only: bool = False) -> RangeMeasure:
    """Bytes `start` to `end` of a text, block by block."""
    tally, step = _Tally(lines_only), min(BLOCK, CHECKPOINT)
    for at in range(start, end, step):
        if deadline.late():
            raise SearchTimeout("Reading the document took too long.", "Ask about a smaller document or region.")
        stop = min(at + step, end)
        tally.add(reader, at, reader.read(at, stop), reader.read(stop, stop + 4))
    return tally.measure(start, end)


class _Tally:
    """Adds up a range, block by block. Line ends are `\\n` here: a `\\r` is one too, and an empty line does no harm."""

    def __init__(self, lines_only: bool) -> None:
        self.lines_only = lines_only
        self.ends: list[int] = []
        self.characters = self.longest = self.tail = self.ends_before_bad = 0
        self.head = -1
        self.bad = -1
        self.ascii, self.crlf, self.drawn = True, False, False
        self.last = b""
        self.digest = blake3()

    def add(self, reader: Reader, at: int, block: bytes, after: bytes) -> None:
        """A block at `at`; `after` are the 4 bytes that follow, if there are so many."""
        if at % CHECKPOINT == 0:
            self.ends.append(0)
        if not self.lines_only:
            self.digest.update(block)
        self.last = block[-1:]
        # A single byte is found ten times as quickly as two.
        self.drawn = self.drawn or (b"\x1b" in block and b"\x1b[" in block) or b"\x08" in block or b"\0" in block
        self._count_characters(reader, at, block, after)
        pairs, text = 0, block
        if b"\r" in block:
            pairs = block.count(b"\r\n") + (block.endswith(b"\r") and after.startswith(b"\n"))
            self.crlf = self.crlf or pairs > 0
            self.drawn = self.drawn or (b"\n" in block and block.count(b"\r") > pairs)
            text = block.replace(b"\r", b"\n")
        ends = text.count(b"\n") if self.lines_only else self._measure_lines(text)
        self.ends[-1] += ends - pairs

    def _count_characters(self, reader: Reader, at: int, block: bytes, after: bytes) -> None:
        if block.isascii():
            self.characters += len(block)
            if self.bad < 0 and after[:1] > b"\x7f" and after[0] < 0xC0:
                # The next block takes this byte for the rest of a character that started here.
                self.ascii, self.bad = False, at + len(block)
                self.ends_before_bad = sum(self.ends) + reader.line_starts(at, self.bad)
            return
        self.ascii = False
        if self.bad >= 0:
            return
        number, wrong = _characters(block + after, len(block), at > 0)
        self.characters += number
        if wrong >= 0:
            self.bad = at + wrong
            self.ends_before_bad = sum(self.ends) + reader.line_starts(at, at + wrong)

    def _measure_lines(self, text: bytes) -> int:
        """How many line ends there are."""
        first = text.find(b"\n")
        if first < 0:
            self.tail += len(text)
            return 0
        if self.head < 0:
            self.head = self.tail + first
        else:
            self.longest = max(self.longest, self.tail + first)
        final = text.rfind(b"\n")
        self.tail = len(text) - final - 1
        if self.longest < _SKIP_FROM:
            lengths = _lengths(text)  # counts them as well; parts of a line are no longer than all of it
            self.longest = max(self.longest, max(lengths) - 1)
            return len(lengths) - (self.tail > 0)
        self.longest = _longest(text, first + 1, final, self.longest)
        return text.count(b"\n")

    def measure(self, start: int, end: int) -> RangeMeasure:
        return RangeMeasure(
            start=start,
            end=end,
            characters=self.characters,
            ends=tuple(self.ends),
            head=self.head if self.head >= 0 else self.tail,
            tail=self.tail,
            longest=self.longest,
            ascii=self.ascii,
            crlf=self.crlf,
            drawn=self.drawn,
            bad=self.bad,
            ends_before_bad=self.ends_before_bad,
            last=self.last,
            digest=b"" if self.lines_only else self.digest.digest(DIGEST),
        )


def _characters(raw: bytes, size: int, inner: bool) -> tuple[int, int]:
    """How many characters start in the first `size` bytes, and where the first wrong byte is (-1: nowhere).

    `raw` may go on for 4 bytes more, for the rest of the last character; the rest of an earlier one is skipped.
    """
    skip = 0
    while inner and skip < 3 and skip < size and raw[skip] & 0xC0 == 0x80:
        skip += 1
    stop = size
    while stop < len(raw) and stop < size + 3 and raw[stop] & 0xC0 == 0x80:
        stop += 1
    try:
        return len(raw[skip:stop].decode("utf-8")), -1
    except UnicodeDecodeError as error:
        return 0, skip + error.start


def _longest(text: bytes, start: int, end: int, known: int) -> int:
    """The longest line between two line ends, if longer than `known`: hops `known` bytes on and looks back for a line
    end."""
    while start + known < end:
        back = text.rfind(b"\n", start, start + known + 1)
        if back >= 0:
            start = back + 1
            continue
        stop = text.find(b"\n", start + known, end)
        stop = end if stop < 0 else stop
        known = max(known, stop - start)
        start = stop + 1
    return known
