"""Telling text from binary, and which bytes are which characters."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from rlm_ls.errors import DocumentBinary, DocumentEncoding

LOSSY = "utf-8-replace"
"""Reads anything as UTF-8; bytes that are not become U+FFFD."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MARKED = frozenset(mark[:1] for mark, _ in _MARKS)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to read a file: leave out its first `skip` bytes (a byte order mark), then decode."""

    codec: str
    skip: int = 0
    errors: str = "strict"

    @property
    def as_is(self) -> bool:
        """Whether the bytes can stay as they are (whether they are valid is found out as they are measured)."""
        return self.codec == "utf-8" and self.errors == "strict"


UTF_8 = Encoding("utf-8")


def known(name: str) -> bool:
    """Whether `name` can be set as the encoding."""
    try:
        return name == LOSSY or codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def encoding_of(name: str, head: bytes, option: str) -> Encoding:
    """From a file's first bytes; a byte order mark wins over the option. Raises DocumentBinary."""
    if head[:1] in _MARKED:
        for mark, codec in _MARKS:
            if head.startswith(mark):
                return Encoding(codec, len(mark), "replace" if option == LOSSY else "strict")
    if option == "utf-8" and b"\0" not in head:
        return UTF_8
    wide = option.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if b"\0" in head and not wide:
        raise DocumentBinary(
            f"{name} is a binary file (it has a NUL byte near its start).", "Name a text file, or convert it to text."
        )
    if option == LOSSY:
        return Encoding("utf-8", 0, "replace")
    codec = codecs.lookup(option).name
    return Encoding(codec)


def guessed(raw: bytes) -> Encoding | None:
    """The encoding of a file's bytes (or many of them) that are not UTF-8; None if they are no text at all."""
    if b"\0" in raw:
        return _wide(raw)
    if len(raw.translate(None, _CONTROLS)) < len(raw):
        return None
    foreign = len(raw) - len(raw.translate(None, _BEYOND_ASCII))
    if foreign >= max(_FEW, _MANY * len(raw)) and (codec := _detected(raw)):
        return Encoding(codec)
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return Encoding("latin-1")
    return Encoding("cp1252")


_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\b\x1b")
"""What no text holds in any encoding of single bytes."""

_BEYOND_ASCII = bytes(range(128, 256))

_MANY = 0.2
"""From this share of bytes beyond ASCII on it is not in Latin letters. Of those, West and East cannot be told apart."""

_FEW = 32
"""Fewer bytes beyond ASCII are not enough to go by."""

_SAMPLE = 1 << 14

_LIKELY = (
    "cp1251", "koi8_r", "cp1253", "iso8859_7", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949",
    "euc_kr",
)  # fmt: skip


def _detected(raw: bytes) -> str | None:
    """What charset-normalizer is sure of. It knows too little of some languages: there it goes by form alone."""
    from charset_normalizer import from_bytes  # loads tables: only where such a file turns up

    best = from_bytes(raw[:_SAMPLE], cp_isolation=list(_LIKELY)).best()
    if best is None or best.chaos > 0.1 or not (best.coherence or best.encoding in _SEVERAL_BYTES):
        return None
    try:
        raw.decode(best.encoding)
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 4:  # else a character that was cut
            return None
    return best.encoding


_SEVERAL_BYTES = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949", "euc_kr"})


def _wide(raw: bytes) -> Encoding | None:
    """UTF-16 without a mark, where it plainly is: a NUL at about every other byte, on one side only."""
    half = len(raw) // 2
    even, odd = raw[0::2].count(0), raw[1::2].count(0)
    for here, there, codec in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if here >= 0.4 * half and there <= 0.02 * half and half > 1:
            try:
                text = raw[: 2 * half].decode(codec)
            except UnicodeDecodeError:
                return None
            return None if "\0" in text else Encoding(codec)
    return None


def not_text(name: str, codec: str, offset: int, line: int = 0) -> DocumentEncoding:
    """The error for a byte that is not text in `codec`."""
    place = f"byte {offset:,}" + (f", line {line:,}" if line else "")
    return DocumentEncoding(
        f"{name} is not valid {codec.upper()} (at {place}).",
        "Set its encoding, rlm.context.encoding in an editor or --encoding latin-1 in a terminal; "
        "utf-8-replace reads it all the same, with the wrong bytes marked.",
    )
