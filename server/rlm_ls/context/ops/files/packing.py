"""Reading files into a pack: small ones many at a time, large ones that must be converted one by one."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from io import FileIO
from itertools import chain
from typing import Any, BinaryIO

from rlm_ls.context.document import SMALL, Source
from rlm_ls.context.ops.files import inspect
from rlm_ls.context.ops.files.quick import Quick, row_of
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.snapshot.columns import CopiedTexts, Rows
from rlm_ls.context.snapshot.intake import (
    CopiedText,
    Foreign,
    IncomingFile,
    IncomingFiles,
    NeedsMoreRoom,
    Packed,
    RefusedFile,
)
from rlm_ls.context.snapshot.measure import TextMeasure, digest_of, join
from rlm_ls.context.snapshot.pack import cannot_write
from rlm_ls.context.sources.drawing import drawn, drawn_chunks, may_draw
from rlm_ls.context.sources.encoding import AUTO, NOT_WINDOWS, Encoding, Faults, binary, encoding_of, guessed, not_text
from rlm_ls.context.sources.secrets import LOOKED_AT, denied, held_secret, is_log, is_small
from rlm_ls.context.sources.stamp import Stamp, is_settled, stamp_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import DocumentEmpty, RlmError, SearchTimeout

_SAVE = "Save some text in it, or name another document."

Outcome = CopiedText | NeedsMoreRoom | Packed | Foreign | RefusedFile


def small(
    deadline: Deadline, incoming: list[tuple[Any, ...]] | IncomingFiles, pack: str, place: int, option: str
) -> tuple[CopiedTexts, dict[int, Outcome]]:
    """Copies small files (the fields of an IncomingFile each) into a pack, one after another from `place` on, each
    followed by a line end. Returns the plain ones in columns, and of the others what became of them, by index.

    The space reserved there is the sum of their sizes. A text that is larger in UTF-8 than its file is not copied but
    reported (NeedsMoreRoom).
    """
    now = time.time_ns()  # before any is read
    files = list(incoming.each if isinstance(incoming, IncomingFiles) else map(IncomingFile._make, incoming))
    found: list[tuple[Stamp, bytes] | RlmError] = []
    for one in files:
        _check(deadline)
        try:
            found.append(inspect.bytes_of(one))
        except RlmError as error:
            found.append(error)
    quick = None
    if isinstance(incoming, IncomingFiles) and option in (AUTO, "utf-8"):
        quick = Quick([read[1] for read in found if isinstance(read, tuple)], incoming.names)
    rows = Rows()
    texts: list[bytes] = []
    at = place
    for index, (one, read) in enumerate(zip(files, found, strict=True)):
        _check(deadline)
        if isinstance(read, RlmError):
            rows.others[index] = RefusedFile.by(read)
            continue
        stamp, raw = read
        text = raw
        settled = is_settled(stamp, now)
        if not (quick and quick.sure(raw, one.name) and rows.add(*row_of(index, at, raw, settled, stamp))):
            try:
                outcome, text = _judged(one, stamp, settled, raw, at, option)
            except RlmError as error:
                rows.others[index] = RefusedFile.by(error)
                continue
            rows.put(index, outcome)
            if not isinstance(outcome, CopiedText):
                continue
        texts += (text, b"\n")
        at += len(text) + 1
    _write(pack, place, b"".join(texts))
    return rows.made()


def single(deadline: Deadline, incoming: IncomingFile, pack: str, option: str) -> Outcome:
    """Copies one text of any size to its own place in the pack. If the encoding `option` does not fit, the encoding is
    guessed."""
    one = incoming
    try:
        if one.size <= SMALL:
            outcome, text = _read(one, one.place, option)
            if isinstance(outcome, CopiedText):
                _write(pack, one.place, text + b"\n")
            return outcome
        with inspect.open_file(one) as stream:
            found = _converted(
                deadline, one, stream, pack, replace(_encoding_of_large(one, stream, option), drawn=one.drawn)
            )
            if found.whole.drawn and not found.encoding.drawn:  # which only its text could show
                found = _converted(deadline, one, stream, pack, replace(found.encoding, drawn=True))
            return found
    except OSError as error:
        raise cannot_write(error) from None
    except RlmError as error:
        return RefusedFile.by(error)


def _converted(deadline: Deadline, one: IncomingFile, stream: FileIO, pack: str, encoding: Encoding) -> CopiedText:
    stamp = stamp_of(os.fstat(stream.fileno()))
    settled = is_settled(stamp)
    with open(pack, "r+b") as out:
        size, faults = _transcode(deadline, one, stream, encoding, out)
        if encoding.wide and not _few(faults, size):
            raise not_text(one.name, encoding.codec, 0)
        out.write(b"\n")
    with opened(File(one.name, Source(pack, one.place, size))) as reader:
        if title := held_secret(reader.read(0, min(size, LOOKED_AT)), whole=False, log=True):
            raise denied(one.name, title)
        whole = join([inspect.measured(deadline, reader, 0, size)])
    return CopiedText(stamp, settled, one.place, size, whole, encoding, faults)


def _read(one: IncomingFile, place: int, option: str) -> tuple[Outcome, bytes]:
    stamp, raw = inspect.bytes_of(one)
    return _judged(one, stamp, is_settled(stamp), raw, place, option)


def _judged(
    one: IncomingFile, stamp: Stamp, settled: bool, raw: bytes, place: int, option: str
) -> tuple[Outcome, bytes]:
    if not raw:
        raise DocumentEmpty(f"{one.name} is empty (0 bytes).", _SAVE)
    if (packed := inspect.packed(one, raw)) is not None:
        return packed, b""
    text, encoding, characters = _decoded(one, raw, "utf-8" if one.utf_8 else option)
    if title := held_secret(text[:LOOKED_AT], whole=is_small(one.name, len(text)), log=is_log(one.name)):
        raise denied(one.name, title)
    faults = 0 if encoding.errors == "strict" else _faults(raw, text)
    if may_draw(text) and (seen := drawn(text)) != text:
        text, encoding, characters = seen, replace(encoding, drawn=True), -1
    if not text:
        raise DocumentEmpty(f"{one.name} holds no text (a mark of its encoding, or signs for a terminal).", _SAVE)
    if len(text) > max(one.size, one.room):
        return NeedsMoreRoom(len(text) + 1), text
    return CopiedText(stamp, settled, place, len(text), _whole(text, characters), encoding, faults), text


def _faults(raw: bytes, text: bytes) -> int:
    """How many U+FFFD are ours."""
    return max(0, text.count(_REPLACEMENT) - raw.count(_REPLACEMENT))


def _few(faults: int, characters: int) -> bool:
    return faults <= 1 + characters / 100


_REPLACEMENT = "\ufffd".encode()


def _decoded(one: IncomingFile, raw: bytes, option: str) -> tuple[bytes, Encoding, int]:
    """The text in UTF-8, its encoding, and how many characters it has (-1: unknown)."""
    head = raw[: inspect.HEAD]
    encoding = encoding_of(one.name, raw if b"\0" in head else head, option)
    while True:
        body = raw[encoding.skip :] if encoding.skip else raw
        if encoding.as_is and body.isascii():
            return body, encoding, len(body)
        try:
            text = body.decode(encoding.codec, encoding.errors)
        except (UnicodeError, ValueError) as error:
            at = getattr(error, "start", 0)
            taken = (one.guess or encoding.wide) and encoding.errors == "strict"
            other = _other(encoding, raw) if taken else None
            if other is None and one.guess and encoding.as_is:
                raise binary(one.name, raw) from None
            if other is None:
                line = body.count(b"\n", 0, at) + body.count(b"\r", 0, at) - body.count(b"\r\n", 0, at) + 1
                raise not_text(one.name, encoding.codec, at, line if encoding.as_is else 0) from None
            encoding = other
            continue
        return (body if encoding.as_is else text.encode("utf-8", "replace")), encoding, len(text)


def _other(encoding: Encoding, raw: bytes) -> Encoding | None:
    """What it is if not UTF-8; if a mark says that it is, it is, with faults; and so is what is plainly UTF-16."""
    if encoding.wide:
        text = raw.decode(encoding.codec, "replace")
        return encoding.forgiving if _few(text.count("\ufffd"), len(text)) else None
    if not encoding.as_is:
        return None
    return replace(encoding, errors="replace", assumed=True) if encoding.skip else guessed(raw)


def _whole(text: bytes, characters: int) -> TextMeasure:
    """All at once what `inspect.measured` adds up block by block."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    ends, count, longest = inspect.lines_of(lines)
    checkpoints = [0, ends]
    if len(text) > SMALL:
        checkpoints = [0, *inspect.line_ends(text)]
    return TextMeasure(
        characters=len(text.decode("utf-8", "replace")) if characters < 0 else characters,
        lines=count,
        longest_line=longest,
        ascii=characters == len(text) or text.isascii(),
        crlf=lines is not text and b"\r\n" in text,
        checkpoints=tuple(checkpoints),
        bad=-1,
        bad_line=0,
        digest=digest_of(text),
    )


def _encoding_of_large(one: IncomingFile, stream: BinaryIO, option: str) -> Encoding:
    head = inspect.sample(one, stream, stream.read(min(inspect.HEAD, one.size)))
    encoding = encoding_of(one.name, head, option)
    if not one.guess or not encoding.as_is:
        return encoding.forgiving if encoding.wide else encoding
    # It is not UTF-8, or nobody would have asked. By all of it: a few faults, or another encoding?
    tally, first = Faults(), b""
    stream.seek(one.at)
    for chunk in _chunks(stream, one.size):
        tally.add(chunk, final=False)
        first = first or (_about_first_fault(chunk) if tally.faults else b"")
        if tally.faults > _MANY_FAULTS and not tally.few:
            break
    tally.add(b"")
    if tally.few or encoding.skip:
        return replace(encoding, errors="replace", assumed=True)
    found = guessed(first)
    if found is None:
        raise binary(one.name, head)
    if found.errors == "replace":  # few faults just there
        found = Encoding("cp1252", assumed=True)
    if found.codec == "cp1252" and _undefined(one, stream):
        return replace(found, codec="latin-1")
    return found


_MANY_FAULTS = 1000


def _about_first_fault(chunk: bytes) -> bytes:
    try:
        chunk.decode("utf-8")
    except UnicodeDecodeError as error:
        return chunk[max(0, error.start - inspect.AROUND // 2) :][: inspect.AROUND]
    return chunk[: inspect.AROUND]


def _undefined(one: IncomingFile, stream: BinaryIO) -> bool:
    """Whether a file has bytes that are no characters in Windows' code page."""
    stream.seek(one.at)
    return any(len(chunk.translate(None, NOT_WINDOWS)) < len(chunk) for chunk in _chunks(stream, one.size))


def _transcode(
    deadline: Deadline, one: IncomingFile, stream: BinaryIO, encoding: Encoding, out: BinaryIO
) -> tuple[int, int]:
    """Writes the text as UTF-8; its size, and how many U+FFFD stand for what could not be read."""
    stream.seek(one.at + encoding.skip)
    out.seek(one.place)
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    seen, size, faults = encoding.skip, 0, 0

    def decoded() -> Iterator[bytes]:
        nonlocal seen, faults
        for chunk in chain(_chunks(stream, one.size - encoding.skip), [b""]):
            _check(deadline)
            try:
                raw = decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            except (UnicodeError, ValueError) as error:
                raise not_text(one.name, encoding.codec, seen + getattr(error, "start", 0)) from None
            if encoding.errors != "strict":
                faults += raw.count(_REPLACEMENT) - chunk.count(_REPLACEMENT)
            yield raw
            seen += len(chunk)

    for raw in drawn_chunks(decoded()) if encoding.drawn else decoded():
        if size + len(raw) >= one.room:
            raise not_text(one.name, encoding.codec, seen)
        out.write(raw)
        size += len(raw)
    return size, max(0, faults)


def _chunks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """At most the file's size at the time of the snapshot is read."""
    while size > 0 and (chunk := stream.read(min(size, SMALL))):
        yield chunk
        size -= len(chunk)


def _write(pack: str, place: int, raw: bytes) -> None:
    try:
        with open(pack, "r+b", buffering=0) as out:
            out.seek(place)
            view = memoryview(raw)
            while view:
                view = view[out.write(view) or 0 :]
    except OSError as error:
        raise cannot_write(error) from None


def _check(deadline: Deadline) -> None:
    if deadline.late():
        raise SearchTimeout("Reading the files took too long.", "Name fewer files, or exclude some.")
