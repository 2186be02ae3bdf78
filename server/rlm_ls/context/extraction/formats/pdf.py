"""PDF, by PDFium: a page is a section."""

from __future__ import annotations

from typing import Any, BinaryIO

from rlm_ls.context.extraction.text import Text
from rlm_ls.errors import DocumentEmpty, DocumentUnreadable

IN_MEMORY = 256 << 20
"""Bytes of a file that are read at once; PDFium reads larger ones piece by piece."""

HYPHEN = "\ufffe"
"""PDFium's sign for a hyphen at a line's end, where a word goes on in the next: the word is what people look for."""


def extract(source: BinaryIO, size: int, text: Text) -> None:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(source.read(size) if size <= IN_MEMORY else source)
    except pypdfium2.PdfiumError as error:
        raise _refused(text.name, str(error)) from None
    try:
        pages(document, text)
    finally:
        document.close()


def _refused(name: str, why: str) -> DocumentUnreadable:
    if "password" in why.lower():
        return DocumentUnreadable(f"{name} is encrypted.", "Save it without its password, e.g. with qpdf --decrypt.")
    return DocumentUnreadable(f"{name} is damaged: it cannot be opened as a PDF.", "Is it whole? Open it in a viewer.")


def pages(document: Any, text: Text) -> None:
    """Each page below a line `[page 12]`. Raises DocumentEmpty if none holds text."""
    count = len(document)
    empty: list[int] = []
    broken: list[int] = []
    for number in range(count):
        text.section("page", str(number + 1), mark=True)
        found = _page(document, number)
        if found is None:
            broken.append(number + 1)
        elif not found.strip():
            empty.append(number + 1)
        else:
            text.line(found)
    if len(empty) + len(broken) == count:
        if broken or not count:
            raise _refused(text.name, "")
        raise DocumentEmpty(
            f"{text.name} holds no text on its {count:,} page{'' if count == 1 else 's'}: scanned?",
            "Recognise the text first, e.g. with ocrmypdf.",
        )
    if empty:
        text.note(f"{_ranges(empty)} {'holds' if len(empty) == 1 else 'hold'} no text: scanned?")
    if broken:
        text.note(f"{_ranges(broken)} {'is' if len(broken) == 1 else 'are'} damaged and could not be read")


def _page(document: Any, number: int) -> str | None:
    from pypdfium2 import PdfiumError

    try:
        page = document[number]
        try:
            content = page.get_textpage()
            try:
                found: str = content.get_text_range() if content.count_chars() > 0 else ""
            finally:
                content.close()
        finally:
            page.close()
    except PdfiumError:
        return None
    return found.replace(HYPHEN + "\r\n", "").replace(HYPHEN, "").rstrip()


def _ranges(numbers: list[int]) -> str:
    """`page 3`, `pages 3–7, 9`; of many, the first ones."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:10]]
    more = f" and {len(runs) - 10:,} more places" if len(runs) > 10 else ""
    return f"page{'' if len(numbers) == 1 else 's'} {', '.join(shown)}{more}"
