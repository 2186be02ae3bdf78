"""Telling text from binary, and which bytes are which characters."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, replace

from rlm_ls.context.sources.compression import closed
from rlm_ls.errors import DocumentBinary, DocumentEncoding

AUTO = "auto"
"""UTF-8 where the bytes are; else what they look like, which is then said."""

LOSSY = "utf-8-replace"
"""Reads anything as UTF-8; bytes that are not become U+FFFD."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKED = frozenset(mark[:1] for mark, _ in _MARKS)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to read a file: leave out its first `skip` bytes (a byte order mark), then decode.

    `assumed`: nobody and no mark said so; it is what the bytes look like. `drawn`: a terminal drew the text, and it is
    read as its reader saw it (`drawing`).
    """

    codec: str
    skip: int = 0
    errors: str = "strict"
    assumed: bool = False
    drawn: bool = False

    @property
    def as_is(self) -> bool:
        """Whether the bytes can stay as they are (whether they are valid is found out as they are measured)."""
        return self.codec == "utf-8" and self.errors == "strict"

    @property
    def wide(self) -> bool:
        """Whether a character has two or four bytes, and one byte too few is a fault."""
        return self.codec.startswith(("utf-16", "utf-32"))

    @property
    def forgiving(self) -> Encoding:
        """The same with U+FFFD for what is none of it."""
        return replace(self, errors="replace")


UTF_8 = Encoding("utf-8")


def known(name: str) -> bool:
    """Whether `name` can be set as the encoding."""
    try:
        return name in (AUTO, LOSSY) or codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def encoding_of(name: str, head: bytes, option: str) -> Encoding:
    """From a file's first bytes (where they hold a NUL: from as many as there are to look at).

    A byte order mark wins over the option. Raises DocumentBinary, and DocumentEncoding where the option cannot be it.
    """
    if head[:1] in _MARKED:
        for mark, codec in _MARKS:
            if head.startswith(mark):
                return Encoding(codec, len(mark), "replace" if option == LOSSY else "strict")
    plain = option in (AUTO, "utf-8")
    if b"\0" not in head:
        return UTF_8 if plain else _named(option)
    if option.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        return _named(option)
    found = guessed(head)
    if found is None:
        raise binary(name, head)
    if option == AUTO:
        return found
    if found.wide:
        raise DocumentEncoding(
            f"{name} is not {option.upper()}: it looks like {found.codec.upper()}.", _remedy(found.codec)
        )
    return UTF_8 if plain else _named(option)


def _named(option: str) -> Encoding:
    return Encoding("utf-8", 0, "replace") if option == LOSSY else Encoding(codecs.lookup(option).name)


def guessed(raw: bytes) -> Encoding | None:
    """The encoding of bytes that are not UTF-8, or hold NULs (a file's, or many of them); None if they are no text.

    A text in UTF-8 with a few faults stays one: its `errors` are then "replace".
    """
    text = raw.translate(None, b"\0")
    holes = len(text) < len(raw)
    foreign = not text.isascii()
    if not holes or _few_holes(raw, text):
        if not foreign:
            return UTF_8
        tally = Faults()
        tally.add(text)
        if tally.few:
            return UTF_8 if not tally.faults else Encoding("utf-8", 0, "replace", assumed=True)
    if holes and (found := _wide(raw)):
        return found
    if not text or (holes and not _few_holes(raw, text)) or _share(text, _CONTROLS) > _FEW_CONTROLS:
        return None
    if holes and _share(text, _BEYOND_ASCII) > _MANY:
        return None
    return Encoding(_detected(text) or ("latin-1" if _share(text, NOT_WINDOWS) else "cp1252"), assumed=True)


class Faults:
    """Counts in a text, given part by part, what is not UTF-8."""

    def __init__(self) -> None:
        self.faults = self.characters = self.lines = 0
        """Sequences that are not UTF-8, characters beyond ASCII that are, and line ends."""
        self._torn = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, raw: bytes, final: bool = True) -> None:
        text = self._decoder.decode(raw)
        rest = self._decoder.decode(b"", final=True) if final else ""
        beyond = len(text) - len(text.encode("ascii", "ignore"))
        faults = text.count("\ufffd") - raw.count("\ufffd".encode())
        self._torn = bool(rest) and not self.faults and faults <= 0
        self.faults += max(0, faults) + len(rest)
        self.characters += beyond - max(0, faults)
        self.lines += raw.count(b"\n")

    @property
    def few(self) -> bool:
        """Whether it is UTF-8 all the same: a line in a thousand, or few beside characters that can be no accident.

        Or a character was cut at its end.
        """
        return (
            self.faults <= self.lines / 1000
            or self.characters >= 3 * self.faults
            or (self._torn and self.characters > 0)
        )


_CONTROLS = bytes(byte for byte in range(1, 32) if byte not in b"\t\n\r\f\b\x1b")
"""What hardly a text holds in any encoding of single bytes."""

_FEW_CONTROLS = 0.005

_BEYOND_ASCII = bytes(range(128, 256))

NOT_WINDOWS = b"\x81\x8d\x8f\x90\x9d"
"""No characters in Windows' Western code page."""

_MANY = 0.2
"""From this share of bytes beyond ASCII on it is not in Latin letters. Of those, West and East cannot be told apart."""

_FEW = 32
"""Fewer bytes beyond ASCII are not enough to go by."""

_SAMPLE = 1 << 14

_LIKELY = (
    "cp1251", "koi8_r", "cp1253", "iso8859_7", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949",
    "euc_kr",
)  # fmt: skip


def _share(text: bytes, some: bytes) -> float:
    return (len(text) - len(text.translate(None, some))) / max(1, len(text))


def _few_holes(raw: bytes, text: bytes) -> bool:
    """Whether it is a text but for NULs here and there, or long runs of them (a log that was truncated has one)."""
    holes = len(_HOLE.findall(raw))
    return bool(text.strip()) and holes <= 1 + len(text) / 100 and _share(text, _CONTROLS) <= _FEW_CONTROLS


_HOLE = re.compile(rb"\0+")


def _detected(raw: bytes) -> str | None:
    """What charset-normalizer is sure of. It knows too little of some languages: there it goes by form alone."""
    foreign = len(raw) - len(raw.translate(None, _BEYOND_ASCII))
    if foreign < _FEW:
        return None
    if foreign < _MANY * len(raw) and sum(map(len, _TOGETHER.findall(raw))) < 0.7 * foreign:
        return None  # accents in Latin letters, which stand alone
    sample = _LATIN.sub(rb"\1 ", raw)  # of a log in English, the messages in another language
    from charset_normalizer import from_bytes  # loads tables: only where such a file turns up

    best = from_bytes(sample[:_SAMPLE], cp_isolation=list(_LIKELY)).best()
    if best is None:
        return None
    by_form = best.encoding in _SEVERAL_BYTES
    if best.chaos > (0.15 if by_form else 0.1) or not (by_form or best.coherence):
        return None
    if best.encoding == "cp932" and _share(sample, _HALF_WIDTH) > 0.5 and _decodes(raw, "euc_jp"):
        return "euc_jp"
    return best.encoding if _decodes(raw, best.encoding) else None


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError as error:
        return error.start >= len(raw) - 4  # a character that was cut
    return True


_HALF_WIDTH = bytes(range(0xA1, 0xE0))
"""Katakana of old terminals in Shift-JIS: hardly ever a text of them, but what EUC looks like."""

_TOGETHER = re.compile(rb"[\x80-\xff]{2,}")
_LATIN = re.compile(rb"([\x00-\x7f])[\x00-\x7f]{2,}")
"""The first byte may be the second of a character."""

_SEVERAL_BYTES = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949", "euc_kr"})


def _wide(raw: bytes) -> Encoding | None:
    """UTF-16 or UTF-32 without a mark, where it plainly is."""
    for codec in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        unit = 4 if "32" in codec else 2
        text = codecs.getincrementaldecoder(codec)("replace").decode(
            raw[: unit * _WIDE_SAMPLE]
        )  # may be cut in a character
        written = text.replace("\0", "")
        if len(written) < 2 or len(re.findall("\0+", text)) > 1 + len(written) / 100:
            continue
        low = sum(character < "\u0100" for character in written)
        odd = sum(ord(one) % 256 == 0 for one in written) if unit == 2 else 0
        strange = sum(
            one == "\ufffd" or (unicodedata.category(one) in _STRANGE and one not in _WHITE) for one in written
        )
        if strange <= 0.01 * len(written) and odd <= 0.02 * len(written) and (low or unit == 4):
            return Encoding(codec, assumed=True)
    return None


_WIDE_SAMPLE = 4096
_STRANGE = frozenset({"Cc", "Cn", "Co", "Cs"})
_WHITE = "\t\n\r\f\b\x1b\ufeff"


def binary(name: str, head: bytes) -> DocumentBinary:
    if what := closed(head):
        return DocumentBinary(f"{name} is {what}, which is not opened.", "Unpack it, and name what it holds.")
    return DocumentBinary(
        f"{name} is a binary file, not a text.",
        "Name a text file, or convert it to text; if it is one, set its encoding (--encoding utf-16-le).",
    )


def not_text(name: str, codec: str, offset: int, line: int = 0) -> DocumentEncoding:
    """The error for a byte that is not text in `codec`."""
    place = f"byte {offset:,}" + (f", line {line:,}" if line else "")
    return DocumentEncoding(
        f"{name} is not valid {codec.upper()} (at {place}).",
        _remedy("latin-1"),
    )


def _remedy(codec: str) -> str:
    return (
        f"Set its encoding, rlm.context.encoding in an editor or --encoding {codec} in a terminal; auto finds it out, "
        "utf-8-replace reads it all the same, with the wrong bytes marked."
    )
