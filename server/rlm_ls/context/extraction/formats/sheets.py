"""Workbooks (Excel, OpenDocument), by calamine: a sheet is a section, a row a line of cells with tabs between them."""

from __future__ import annotations

import datetime
from typing import Any, BinaryIO

from rlm_ls.context.extraction.text import Text
from rlm_ls.errors import DocumentUnreadable

CHECKED = 1000
"""Rows written between two looks at the clock."""


def extract(source: BinaryIO, size: int, text: Text) -> None:
    import python_calamine

    source.seek(0)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(source)
    except python_calamine.PasswordError:
        raise DocumentUnreadable(f"{text.name} is encrypted.", "Save it without its password.") from None
    except (python_calamine.CalamineError, ValueError, OSError):
        raise DocumentUnreadable(
            f"{text.name} cannot be opened as a workbook: it may be damaged, encrypted, or another old Office file.",
            "Save it without a password in a newer format (.xlsx, .docx, .pptx), or as text.",
        ) from None
    try:
        several = len(workbook.sheet_names) > 1
        for index, name in enumerate(workbook.sheet_names):
            _sheet(workbook, index, name, several, text)
    finally:
        workbook.close()


def _sheet(workbook: Any, index: int, name: str, mark: bool, text: Text) -> None:
    from python_calamine import CalamineError

    try:
        rows = workbook.get_sheet_by_index(index).to_python(skip_empty_area=False)
    except (CalamineError, ValueError):
        text.note(f"sheet {index + 1} could not be read")  # no name, and no library's words: notes outlive the text
        return
    while rows and not any(cell != "" for cell in rows[-1]):
        rows.pop()
    header = tuple(_cell(cell) for cell in rows[0]) if rows else ()
    if not rows and not mark:
        return
    text.section("sheet", name, mark=mark, rows=1, columns=header)
    for number, row in enumerate(rows):
        if not number % CHECKED:
            text.check()
        text.line("\t".join(map(_cell, row)).rstrip("\t"))


def _cell(value: Any) -> str:
    """As it is shown, in a line: a row is a line, and its number that of the row."""
    if isinstance(value, str):
        return " ".join(value.split()) if "\t" in value or "\n" in value or "\r" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return str(value)
