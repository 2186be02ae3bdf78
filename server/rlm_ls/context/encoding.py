"""Telling text from binary, and which bytes are which characters."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from rlm_ls.errors import DocumentBinary, DocumentEncoding

LOSSY = "utf-8-replace"
"""Reads anything as UTF-8; bytes that are not become U+FFFD."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


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


def known(name: str) -> bool:
    """Whether `name` can be set as the encoding."""
    try:
        return name == LOSSY or codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def encoding_of(name: str, head: bytes, option: str) -> Encoding:
    """From a file's first bytes; a byte order mark wins over the option. Raises DocumentBinary."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark), "replace" if option == LOSSY else "strict")
    wide = option.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if b"\0" in head and not wide:
        raise DocumentBinary(
            f"{name} is a binary file (it has a NUL byte near its start).", "Name a text file, or convert it to text."
        )
    if option == LOSSY:
        return Encoding("utf-8", 0, "replace")
    codec = codecs.lookup(option).name
    return Encoding(codec)


def not_text(name: str, codec: str, offset: int, line: int = 0) -> DocumentEncoding:
    """The error for a byte that is not text in `codec`."""
    place = f"byte {offset:,}" + (f", line {line:,}" if line else "")
    return DocumentEncoding(
        f"{name} is not valid {codec.upper()} (at {place}).",
        "Set its encoding, rlm.context.encoding in an editor or --encoding latin-1 in a terminal; "
        "utf-8-replace reads it all the same, with the wrong bytes marked.",
    )
