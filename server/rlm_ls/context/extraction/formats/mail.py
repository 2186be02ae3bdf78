"""E-mail and mailboxes: who wrote what to whom and when, the text, and the attachments that hold text."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, BinaryIO, cast

from rlm_ls.context.extraction.formats import pages
from rlm_ls.context.extraction.kinds import kind_of
from rlm_ls.context.extraction.text import NotADocument, Text, in_a_line
from rlm_ls.context.sources.compression import HEAD
from rlm_ls.context.sources.compression import kind_of as compression
from rlm_ls.context.sources.encoding import guessed

HEADERS = ("From", "To", "Cc", "Date", "Subject")
MOST_MESSAGE = 64 << 20
"""Bytes of a message in a mailbox; of a longer one the rest is left out."""
MOST_HEADER = 4_000
"""Characters of a header."""
MOST_PARTS = 1_000
LOOKED_AT = 1 << 16
"""Bytes of an attachment by which it is told whether it is a text."""
DEEPEST = 8
"""Messages within messages."""

_POSTED = re.compile(
    rb" (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:\d\d? +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
)

Within = Callable[[str, BinaryIO, int, Text], None]
"""Writes the text of an attachment of that kind."""


def one(source: BinaryIO, size: int, text: Text, within: Within) -> None:
    _message(source.read(size), text, 1, within)


def many(source: BinaryIO, size: int, text: Text, within: Within) -> None:
    """Each message of a mailbox below a line `[message 3]`."""
    for number, (raw, cut) in enumerate(_messages(source, size), 1):
        message = _parsed(raw)
        text.section("message", str(number), _header(message, "Subject"), mark=True)
        _write(message, text, 1, within)
        if cut:
            text.note(f"message {number} is longer than {MOST_MESSAGE >> 20} MiB; the rest of it is left out")


def _messages(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """The bytes of each message, and whether they are cut. A line `From …` with a day after an empty one begins a
    message; others may stand in one."""
    held: list[bytes] = []
    length, blank, begun = 0, True, False
    while size > 0 and (line := source.readline(min(size, 1 << 20))):
        size -= len(line)
        if blank and line.startswith(b"From ") and _POSTED.search(line):
            if begun:
                yield b"".join(held), length > MOST_MESSAGE
            held, length, begun = [], 0, True
        else:
            length += len(line)
            if length <= MOST_MESSAGE:
                held.append(line[1:] if re.match(rb">+From ", line) else line)
        blank = not line.strip()
    if begun:
        yield b"".join(held), length > MOST_MESSAGE


class _Policy(policy.EmailPolicy):
    """The library takes a header apart in the square of its length, of which no more than a line is shown, and fails on
    some that others send."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        said = "".join(value[:MOST_HEADER].splitlines())
        try:
            return super().header_fetch_parse(name, said)
        except Exception:
            return said


def _parsed(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, BytesParser(policy=_Policy()).parsebytes(raw))


def _message(raw: bytes, text: Text, level: int, within: Within) -> None:
    message = _parsed(raw.removeprefix(codecs.BOM_UTF8))
    if not message.keys():
        raise NotADocument
    _write(message, text, level, within)


def _header(message: EmailMessage, name: str) -> str:
    return in_a_line(str(message[name] or ""))


def _write(message: EmailMessage, text: Text, level: int, within: Within) -> None:
    for name in HEADERS:
        if said := _header(message, name):
            text.line(f"{name}: {said}")
    text.line("")
    for count, part in enumerate(_leaves(message)):
        if count >= MOST_PARTS:
            text.note(f"of a message's parts, the first {MOST_PARTS:,} were read")
            break
        _part(part, text, level, within)
    text.line("")


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that a reader sees: of alternatives the plain one, or the one that comes last."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() != "multipart":
            yield part
            continue
        inner = [one for one in part.get_payload() if isinstance(one, EmailMessage)] if part.is_multipart() else []
        if part.get_content_subtype() == "alternative" and inner:
            inner = [next((one for one in inner if one.get_content_type() == "text/plain"), inner[-1])]
        waiting += reversed(inner)


def _part(part: EmailMessage, text: Text, level: int, within: Within) -> None:
    kind = part.get_content_type()
    name = in_a_line(_file_name(part))
    if kind == "message/rfc822":
        inner: Any = part.get_payload()
        if isinstance(inner, list) and inner and level < DEEPEST:
            text.line("[attached message]")
            _write(inner[0], text, level + 1, within)
        else:
            text.note("messages within messages are read to a depth of 8")
        return
    raw = part.get_payload(decode=True)
    raw = raw if isinstance(raw, bytes) else b""
    if name:
        text.line(f"[attachment {name}]")
    charset = str(part.get_content_charset() or "")
    if kind == "text/html":
        pages.read(pages.decoded(raw, charset), text, level + 1)
    elif kind.startswith("text/") and not (name and kind_of(raw, name, True)):
        text.line(pages.decoded(raw, charset).rstrip())
    elif (found := kind_of(raw, name, True)) is not None and level < DEEPEST:
        within(found, io.BytesIO(raw), len(raw), text)
    elif kind.startswith("application/") and _is_text(raw):
        text.line(pages.decoded(raw, charset).rstrip())
    elif raw:
        text.line(f"({kind}, {len(raw):,} bytes: not read)")


def _is_text(raw: bytes) -> bool:
    """Programs send a log as `application/octet-stream`."""
    return compression(raw[:HEAD]) is None and guessed(raw[:LOOKED_AT]) is not None


def _file_name(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # the parser of headers, on what others send
        return "(no name)"
