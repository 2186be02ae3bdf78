"""What kind of document a file is, by its first bytes; by its name only where these leave it open."""

from __future__ import annotations

import re
from typing import Final

HEAD: Final = 4096
"""Bytes that `kind_of` looks at."""

PDF, OFFICE, OLE = "pdf", "office", "ole"
"""`OFFICE` is a zip archive that begins as office files and books do; `OLE` an Office file from before 2007."""
PAGE, MAIL, MAILBOX, NOTEBOOK = "html", "mail", "mbox", "notebook"

NAMES = {
    PDF: "a PDF",
    OFFICE: "an office file or a book",
    OLE: "an old or encrypted Office file",
    PAGE: "a web page",
    MAIL: "an e-mail",
    MAILBOX: "a mailbox",
    NOTEBOOK: "a notebook",
}

_OFFICE_ENTRY = re.compile(
    rb"(?:\[Content_Types\]\.xml|_rels/|docProps/|customXml/|word/|xl/|ppt/"
    rb"|mimetypeapplication/(?:epub\+zip|vnd\.oasis\.opendocument))"
)
"""How an office file's first entry is named. The others have the text of the entry `mimetype` behind its name."""
_OFFICE_NAME = re.compile(r"\.(?:docx|docm|dotx|xlsx|xlsm|xlsb|pptx|pptm|ppsx|odt|ods|odp|epub)$", re.IGNORECASE)

_HEADER = re.compile(rb"[!-9;-~]{1,80}:[ \t\r\n]")
_MAIL_HEADERS = re.compile(
    rb"^(?:(Received|Message-ID|MIME-Version|Return-Path|Delivered-To)|From|To|Subject|Date|Reply-To|Cc):",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_NAME = re.compile(r"\.(?:eml|mht|mhtml)$", re.IGNORECASE)
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_POSTMARK = re.compile(rb"From (?![0-9a-f]{40} )\S+ +" + _DAY + rb" +" + _MONTH + rb" +\d[^\n]*\n[!-9;-~]{1,80}:")
"""A mailbox's first line, and a header; `git format-patch` writes such lines too, with a commit's name."""

_HTML = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*)*(?:<\?xml[^>]{0,200}\?>\s*)?<(?:!doctype\s+html|html)\b", re.I | re.DOTALL
)
_TEMPLATE = re.compile(rb"\{\{|\{%|<%|<\?(?!xml)")

_MARK = b"\xef\xbb\xbf"


def kind_of(head: bytes, name: str, named: bool) -> str | None:
    """The kind of document that begins with `head`; None for what is read as text, or is no document.

    `named`: somebody named this file. In folders and archives web pages are read as what they also are: source, whose
    lines are those of the file.
    """
    head = head[:HEAD]
    if _is_pdf(head):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return OFFICE if _OFFICE_ENTRY.match(head, 30) or _OFFICE_NAME.search(name) else None
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return OLE
    text = head.removeprefix(_MARK)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "replace").encode()
    if name.lower().endswith(".ipynb") or (text.lstrip()[:1] == b"{" and b'"cells"' in text and b'"cell_type"' in text):
        return NOTEBOOK
    if _POSTMARK.match(text):
        return MAILBOX
    if _is_mail(text, name):
        return MAIL
    if named and _HTML.match(text) and not _TEMPLATE.search(text):
        return PAGE
    return None


def _is_pdf(head: bytes) -> bool:
    """Bytes that are none of it may come before its mark; a text may speak of that."""
    if head.startswith((b"%PDF-", b"PK")):
        return head.startswith(b"%")
    return b"%PDF-" in head[:1024] and (b"\0" in head or not head[: head.index(b"%PDF-")].strip(b"\xef\xbb\xbf \t\r\n"))


def _is_mail(text: bytes, name: str) -> bool:
    """By its headers: two of those that every mail has will do where the name says so, else one that only mail has."""
    if not _HEADER.match(text):
        return False
    block = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    found = list(_MAIL_HEADERS.finditer(block))
    if _MAIL_NAME.search(name):
        return bool(found)
    return len(found) >= 4 and any(match[1] for match in found)
