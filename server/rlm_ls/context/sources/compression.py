"""Compressed bytes and archives: recognised by their first bytes, never by a name, and decoded as streams."""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable
from typing import Any, BinaryIO, Literal, Protocol

Compression = Literal["gzip", "bzip2", "xz", "zstd", "lz4"]
Archive = Literal["zip", "tar"]

HEAD = 512
"""Bytes that `kind_of` wants to see."""

CHUNK = 1 << 18
"""Bytes decoded at a time: what was decoded is still in the processor's cache when it is written."""

DECODER_MEMORY = 256 << 20
"""Most memory that a stream may ask its decoder for: xz and zstd name a window in their header."""

_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
"""What follows `BZh1` to `BZh9`: a block, or the end of an empty stream. A text may begin with the letters alone."""


class _Decompressor(Protocol):
    """What bz2, lzma, isal and lz4 agree on."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Corrupt(Exception):
    """The bytes are not what the file's beginning announces."""


class Trailing(Corrupt):
    """What follows the compressed data is none."""


class CutOff(Exception):
    """The stream ends before its end: a file that is still being written, or was not copied whole."""


_BEGINNING = 10
"""Bytes by which a compressed member is known."""

_FIRST = frozenset(bytes([one]) for one in (*b"\x1f\xfd\x28\x04BP", *range(0x50, 0x60)))
"""First bytes of what is compressed, or an archive that begins with a name."""


def kind_of(head: bytes) -> Compression | Archive | None:
    """What a file is that begins with `head` (HEAD bytes, or all there are); None if it is neither."""
    if head[:1] not in _FIRST and head[257:262] != b"ustar":  # as of nearly all files
        return None
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS:
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    if head.startswith(b"\x04\x22\x4d\x18"):
        return "lz4"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")):
        return "zip"
    if head[257:263] == b"ustar\0" or head[257:265] == b"ustar  \0":
        return "tar"
    return None


_CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"MSCF\0\0\0\0": "a Cabinet archive",
    b"!<arch>\n": "an archive of ar (a Debian package, a library)",
    b"\x1f\x9d": "compressed by compress (.Z)",
    b"LZIP\x01": "compressed by lzip",
    b"\x5d\0\0": "compressed by lzma (not xz)",
    b"\x02\x21\x4c\x18": "compressed by lz4 in its old format",
    b"\x89LZO\0\r\n\x1a\n": "compressed by lzop",
}


def closed(head: bytes) -> str:
    """What a file is called that is compressed or an archive, and is not opened here; "" for all others."""
    return next((name for mark, name in _CLOSED.items() if head.startswith(mark)), "")


def opened(kind: Compression, raw: BinaryIO) -> io.BufferedReader:
    """The decoded bytes of a stream of one or many members. Reading raises Corrupt, CutOff, OSError of `raw`."""
    return io.BufferedReader(_Members(raw, kind), CHUNK)


def _maker(kind: Compression) -> Callable[[], _Decompressor]:
    # Loaded where such a file turns up; a worker that meets none need not have them.
    match kind:
        case "gzip":
            from isal import igzip_lib

            return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        case "bzip2":
            return bz2.BZ2Decompressor
        case "xz":
            return lambda: lzma.LZMADecompressor(memlimit=DECODER_MEMORY)
        case "zstd":
            from backports import zstd

            window = {int(zstd.DecompressionParameter.window_log_max): DECODER_MEMORY.bit_length() - 1}
            return lambda: zstd.ZstdDecompressor(options=window)
        case "lz4":
            from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]

            lz4: Callable[[], _Decompressor] = LZ4FrameDecompressor
            return lz4


class _Members(io.RawIOBase):
    """A stream of compressed members in a row, as `cat a.gz b.gz` makes them, of one kind or several. NULs between and
    behind them are padding; reading raises Trailing where something else follows."""

    def __init__(self, raw: BinaryIO, kind: Compression) -> None:
        self._raw = raw
        self._kind = kind
        self._make = _maker(kind)
        self._decoder: _Decompressor | None = self._make()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = CHUNK) -> bytes:
        """At most `size` bytes, as the decoder makes them: not copied."""
        if size < 0:
            return self.readall()  # piece by piece, as ever: a decoder that is given no limit has none
        while self._decoder is not None:
            data = self._input(self._decoder)
            if self._decoder is None:
                break
            if found := self._decode(self._decoder, data, size):
                return found
        return b""

    def _input(self, decoder: _Decompressor) -> bytes:
        """What the decoder is to be given next; a new one where another member begins, none after the last."""
        if decoder.eof:
            return self._next(decoder.unused_data or b"")
        if not decoder.needs_input:
            return b""
        data = self._raw.read(CHUNK)
        if not data:
            raise CutOff
        return data

    def _next(self, rest: bytes) -> bytes:
        """What follows a member, from the next one's first byte on."""
        rest = rest.lstrip(b"\0")
        while len(rest) < _BEGINNING and (more := self._raw.read(CHUNK)):
            rest = (rest + more).lstrip(b"\0")
        kind = kind_of(rest[:HEAD]) if rest else None
        if kind == "zip" or kind == "tar" or (rest and kind is None):
            self._decoder = None
            raise Trailing("what follows the compressed data is none")
        if kind is None:
            self._decoder = None
            return b""
        if kind != self._kind:
            self._kind, self._make = kind, _maker(kind)
        self._decoder = self._make()
        return rest

    def _decode(self, decoder: _Decompressor, data: bytes, most: int) -> bytes:
        try:
            return decoder.decompress(data, most)
        except MemoryError:
            raise
        except Exception as error:  # each library has classes of its own
            raise Corrupt(str(error)) from None
