"""Text that others wrote, made safe to look at: control characters that drive a terminal or reorder a line are shown as
escapes.

A control character becomes its escape as Python writes it (`\\x1b`, `\\x9b`, `\\u202e`), so that a reader sees that
something was there. Used for everything that leaves the program: the commands' console, stderr, messages to an editor;
and for file names.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TextIO

_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u202a-\u202e\u2066-\u2069"  # what reorders a line
    "\u2028\u2029"  # ends of lines that no text of ours has
    "\ud800-\udfff"  # half a character: a byte of a file name that is no UTF-8
)
_UNSAFE = re.compile(f"[{_CONTROLS}]")
_UNSAFE_IN_LINE = re.compile(f"[\t\n{_CONTROLS}\u061c\u200b\u200e\u200f\u2060\ufeff\U000e0000-\U000e007f]")
"""In a name: also line ends, and what cannot be seen at all."""

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """The same text in which only line feeds and tabs are obeyed. `\\r\\n` is a line feed."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escaped, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """The same on one line, for names: line feeds, tabs and invisible characters are shown as well."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE_IN_LINE.sub(_escaped, text)


def visible_json(value: object, indent: int | None = None) -> str:
    """JSON that means exactly `value` and holds no character that a terminal would obey."""
    return _UNSAFE.sub(_json_escaped, json.dumps(value, ensure_ascii=False, indent=indent))


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # the byte that stands behind it
    wide = f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else wide)


def _json_escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


class VisibleStream:
    """A text stream through which nothing but visible text passes: for what libraries and Python itself write.

    `raw` is the stream behind it. It calls itself no terminal, so that no library colours what it writes here.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        self.raw.write(visible(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> object:
        return getattr(self.raw, name)


def plain(stream: TextIO) -> TextIO:
    """The stream behind a VisibleStream, else the stream itself: for code that makes everything visible before it
    writes."""
    while isinstance(stream, VisibleStream):
        stream = stream.raw
    return stream


def guard_stderr() -> None:
    """From now on what is written to `sys.stderr` is visible: tracebacks, warnings, logs, and libraries' own words."""
    if sys.stderr is not None and not isinstance(sys.stderr, VisibleStream):
        sys.stderr = VisibleStream(sys.stderr)
