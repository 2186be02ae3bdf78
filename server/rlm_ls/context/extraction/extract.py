"""The operation of the extraction workers: one document's text into a pack, or why there is none."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any, BinaryIO

from rlm_ls.context.extraction import kinds
from rlm_ls.context.extraction.text import NotADocument, Text
from rlm_ls.context.ops.files.inspect import open_file
from rlm_ls.context.snapshot.intake import Extracted, IncomingFile, Ordinary, RefusedFile
from rlm_ls.context.sources.stamp import is_settled, stamp_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import DocumentEmpty, DocumentUnreadable, ExtractorMissing, RlmError

MOST_BYTES = 1 << 30
"""Of a document's file."""
MOST_TEXT = 512 << 20

OUTCOME = Extracted | Ordinary | RefusedFile


def extract(deadline: Deadline, incoming: IncomingFile, kind: str, pack: str, place: int, limit: int) -> OUTCOME:
    """Writes the document's text to the pack from `place` on; `limit` bytes at most. A document may be of no kind after
    all: Ordinary."""
    name = incoming.name
    try:
        if incoming.size > MOST_BYTES:
            raise DocumentUnreadable(f"{name} is larger than {MOST_BYTES >> 20:,} MiB.", "Split it.")
        with open_file(incoming) as raw, open(pack, "r+b", buffering=0) as out:
            stamp = stamp_of(os.fstat(raw.fileno()))
            out.seek(place)
            text = Text(name, out, min(limit, MOST_TEXT), deadline)
            source = io.BufferedReader(_Part(raw, incoming.at, incoming.size))
            _by_kind(kind, source, incoming.size, text)
            text.flush()
            out.write(b"\n")  # as after every text in a pack
    except NotADocument:
        return Ordinary()
    except Exception as error:
        return RefusedFile.by(_refused(error, name, kind))
    if not text.size:
        return RefusedFile.by(DocumentEmpty(f"{name} holds no text.", "Name another document."))
    return Extracted(stamp, is_settled(stamp), kind, text.size, tuple(text.sections), tuple(text.notes))


def _by_kind(kind: str, source: BinaryIO, size: int, text: Text) -> None:
    # Each with its libraries is loaded where such a document turns up.
    if kind == kinds.PDF:
        from rlm_ls.context.extraction.formats import pdf

        pdf.extract(source, size, text)
    elif kind == kinds.OFFICE:
        from rlm_ls.context.extraction.formats import office

        office.extract(source, size, text)
    elif kind == kinds.OLE:
        from rlm_ls.context.extraction.formats import sheets

        sheets.extract(source, size, text)
    elif kind == kinds.PAGE:
        from rlm_ls.context.extraction.formats import pages

        pages.extract(source, size, text)
    elif kind == kinds.NOTEBOOK:
        from rlm_ls.context.extraction.formats import notebooks

        notebooks.extract(source, size, text)
    else:
        from rlm_ls.context.extraction.formats import mail

        (mail.many if kind == kinds.MAILBOX else mail.one)(source, size, text, _attached)


def _attached(kind: str, source: BinaryIO, size: int, text: Text) -> None:
    """An attachment that cannot be read is a line that says so: the mail is read all the same."""
    sections = len(text.sections)
    try:
        if kind in (kinds.MAIL, kinds.MAILBOX):
            raise NotADocument
        _by_kind(kind, source, size, text)
    except NotADocument:
        text.line("(not read)")
    except RlmError as error:
        if error.code not in (DocumentUnreadable.code, DocumentEmpty.code) or text.size > text.limit:
            raise
        text.line(f"(not read: {error.message})")
    except (ImportError, ValueError, KeyError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
        text.line(f"(not read: {_refused(error, 'it', kind).message})")
    finally:
        del text.sections[sections:]  # the mail's own are what a place in it is named by


def _refused(error: Exception, name: str, kind: str) -> RlmError:
    match error:
        case RlmError():
            return error
        case ImportError():
            return ExtractorMissing(
                f"{name} is {kinds.NAMES[kind]}, and what reads those is not installed.",
                "Install it: pip install 'rlm-ls[documents]'",
            )
        case MemoryError() | RecursionError():
            return DocumentUnreadable(
                f"{name} is not read: taking its text out needs too much memory, or it is nested too deep.",
                "Split it, or save it as text.",
            )
        case _:
            # Not what the library says: it may quote the document, and the answer's coverage is kept.
            return DocumentUnreadable(
                f"{name} is damaged, or not what it seems ({kinds.NAMES[kind]}): {type(error).__name__}.",
                "Is it whole? Open it in a viewer, and save it anew.",
            )


class _Part(io.RawIOBase):
    """The `size` bytes of a file that begin at `at`, as a file of their own."""

    def __init__(self, file: BinaryIO, at: int, size: int) -> None:
        self._file = file
        self._at = at
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._place, self._size)[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: max(0, self._size - self._place)]
        self._file.seek(self._at + self._place)
        count: int = self._file.readinto(view) if len(view) else 0  # type: ignore[attr-defined]
        self._place += count or 0
        return count or 0
